"""BasicVSR++ (Chan et al., CVPR 2022): our grid propagation with its reconstruction tail."""

from collections.abc import Iterator
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.evaluate.peers.released import load_peer
from videogigagan.model.grid_propagation import GridPropagation
from videogigagan.model.reconstruction import Reconstruction
from videogigagan.model.warm_start import propagation_from_basicvsr_plusplus
from videogigagan.ops.residual import ResidualStack

_BLOCKS = 5  # of the reconstruction


class BasicVSRPlusPlus(nn.Module):
    """The 4x regression baseline; 7,322,927 parameters with 64 channels and 7 blocks."""

    def __init__(self, channels: int = 64, blocks: int = 7) -> None:
        super().__init__()
        self.propagation = GridPropagation(channels, blocks)
        sources = 1 + len(self.propagation.branches)
        self.reconstruction = ResidualStack(sources * channels, channels, _BLOCKS)
        self.tail = Reconstruction(channels)

    def stream(self, clip: Float[Tensor, "t 3 h w"]) -> Iterator[Float[Tensor, "3 H W"]]:
        """Upscale one shot four times, for inference; yield its frames one by one.

        Five feature maps of every frame are held, at the small size, each until its frame has
        been rendered, but one large frame only.

        Args:
            clip: RGB in [0, 1]; the results are not clamped.
        """
        with torch.no_grad():
            gathered = self.propagation.states(clip[None])
        for frame, known in zip(clip.split(1), gathered, strict=True):
            with torch.no_grad():
                features = self.reconstruction(torch.cat(known, dim=1))
                known.clear()
                large = self.tail(frame, features)[0]
            yield large


def load_basicvsr_plus_plus(path: Path) -> BasicVSRPlusPlus:
    """Build BasicVSR++ as wide and deep as a released file says, and load it strictly.

    Raises:
        CheckpointError: The file is missing, damaged, of another network, or does not fit.
    """
    return load_peer(path, "basicvsr++", BasicVSRPlusPlus, propagation_from_basicvsr_plusplus)
