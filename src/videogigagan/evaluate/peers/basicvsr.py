"""BasicVSR (Chan et al., CVPR 2021): our propagation with BasicVSR's reconstruction tail."""

from collections.abc import Iterator
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.evaluate.peers.released import load_peer
from videogigagan.model.propagation import BidirectionalPropagation
from videogigagan.model.reconstruction import Reconstruction
from videogigagan.model.warm_start import propagation_from_basicvsr


class BasicVSR(nn.Module):
    """The 4x regression baseline; 6,291,311 parameters with 64 channels and 30 blocks."""

    def __init__(self, channels: int = 64, blocks: int = 30) -> None:
        super().__init__()
        self.propagation = BidirectionalPropagation(channels, blocks)
        self.tail = Reconstruction(channels)

    def stream(self, clip: Float[Tensor, "t 3 h w"]) -> Iterator[Float[Tensor, "3 H W"]]:
        """Upscale one shot four times, for inference; yield its frames one by one.

        Features of the whole shot are held, at the small size, but one large frame only.

        Args:
            clip: RGB in [0, 1]; the results are not clamped.
        """
        with torch.no_grad():
            features = self.propagation(clip[None])[0]
        for frame, known in zip(clip.split(1), features.split(1), strict=True):
            with torch.no_grad():
                large = self.tail(frame, known)[0]
            yield large


def load_basicvsr(path: Path) -> BasicVSR:
    """Build BasicVSR as wide and deep as a released file says, and load it strictly.

    Raises:
        CheckpointError: The file is missing, damaged, of another network, or does not fit.
    """
    return load_peer(path, "basicvsr", BasicVSR, propagation_from_basicvsr)
