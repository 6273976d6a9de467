"""Cleaning: noise and blocks are taken out of small frames before they are propagated (E48).

The released propagation has met clean frames alone. Whatever it makes of noise is carried on
from frame to frame, and the U-Net would have to undo it. RealBasicVSR cleans first, too.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.model.config import CleaningConfig
from videogigagan.ops.initialise import zeroed
from videogigagan.ops.residual import ResidualStack
from videogigagan.ops.resize import pad_to_multiple

_FOLD = 2  # codecs work in blocks of 8 and more: a wide view for a quarter of the work


class Cleaning(nn.Module):
    """A residual network on frames folded to half their size, one by one; a no-op at first.

    Shapes:
        frames:  (n, 3, h, w), RGB in [0, 1], any size
        result:  (n, 3, h, w), RGB, nominally in [0, 1], not clamped
    """

    def __init__(self, config: CleaningConfig) -> None:
        super().__init__()
        folded = 3 * _FOLD**2
        self.stack = ResidualStack(folded, config.channels, config.blocks)
        self.change = zeroed(nn.Conv2d(config.channels, folded, 3, padding=1))

    def forward(self, frames: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 h w"]:
        """Add what is missing, take away what is too much."""
        h, w = frames.shape[-2:]
        folded = F.pixel_unshuffle(pad_to_multiple(frames, _FOLD, _FOLD), _FOLD)
        change = F.pixel_shuffle(self.change(self.stack(2 * folded - 1)), _FOLD)
        return frames + change[..., :h, :w]
