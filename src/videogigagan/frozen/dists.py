"""DISTS, distance of structure and texture (Ding et al. 2020), in our own code.

Each channel of VGG16's features is compared twice: by its mean over the picture, which tells
the texture, and by its correlation with the other picture's, which tells the structure.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.frozen import trunks
from videogigagan.frozen.files import fill, read_state

_STABLE = 1e-6


class L2Pool(nn.Module):
    """Halve the size by the root of the Hanning-weighted mean square; no aliasing."""

    taps: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        taps = torch.tensor([0.25, 0.5, 0.25])
        square = taps[:, None] * taps
        self.register_buffer("taps", square.repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c y x"]:
        """Pool."""
        power = F.conv2d(x.square(), self.taps, stride=2, padding=1, groups=len(self.taps))
        return (power + 1e-12).sqrt()  # the root has no slope at zero


class DISTS(nn.Module):
    """Distance between two pictures, 0 for equal ones.

    Pictures are compared at their own size; the authors' script shrinks large ones to 256
    pixels first.

    Shapes:
        first, second:  (n, 3, h, w), RGB in [0, 1]
        distance:       (n,)
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = trunks.vgg(L2Pool)
        channels = 3 + sum(self.features.widths)
        self.weights = nn.ParameterDict(
            {name: torch.full((1, channels, 1, 1), 0.1) for name in ("alpha", "beta")}
        )
        mean = torch.tensor([0.485, 0.456, 0.406])
        deviation = torch.tensor([0.229, 0.224, 0.225])
        self.register_buffer("mean", mean[:, None, None], persistent=False)
        self.register_buffer("deviation", deviation[:, None, None], persistent=False)
        self.requires_grad_(False)  # noqa: FBT003 - PyTorch's own signature

    def forward(
        self, first: Float[Tensor, "n 3 h w"], second: Float[Tensor, "n 3 h w"]
    ) -> Float[Tensor, " n"]:
        """One less the weighted mean of all channels' likeness, in texture and in structure."""
        likeness = [
            torch.stack(_likeness(a, b), dim=1)
            for a, b in zip(self._maps(first), self._maps(second), strict=True)
        ]
        weights = torch.cat((self.weights["alpha"], self.weights["beta"])).flatten(1)
        return 1 - (torch.cat(likeness, dim=2) * weights / weights.sum()).sum(dim=(1, 2))

    def _maps(self, picture: Tensor) -> Iterator[Tensor]:
        yield picture
        yield from self.features.maps((picture - self.mean) / self.deviation)


def load_dists(vgg: Path, weights: Path) -> DISTS:
    """Read DISTS from torchvision's VGG16 file and the authors' file of `alpha` and `beta`.

    Raises:
        CheckpointError: A file is missing, damaged, or holds something else.
    """
    network = DISTS()
    state = trunks.features_of(read_state(vgg, "VGG16"))
    fill(network.features, state, vgg, "VGG16")
    fill(network.weights, read_state(weights, "DISTS"), weights, "DISTS")
    return network.eval()


def _likeness(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Of each channel: how equal the means are, and how equal the course is; at most 1."""
    mean_a, mean_b = a.mean(dim=(2, 3)), b.mean(dim=(2, 3))
    texture = (2 * mean_a * mean_b + _STABLE) / (mean_a**2 + mean_b**2 + _STABLE)
    a, b = a - mean_a[..., None, None], b - mean_b[..., None, None]
    both = (a * b).mean(dim=(2, 3))
    power = a.square().mean(dim=(2, 3)) + b.square().mean(dim=(2, 3))
    return texture, (2 * both + _STABLE) / (power + _STABLE)
