"""LPIPS v0.1, the learned perceptual distance (Zhang et al. 2018): a loss and a metric.

The published linear heads on AlexNet, SqueezeNet 1.1 or VGG16 features, in our own code. A file
is one state dict: features, named as in torchvision (`features.…`) or in the authors' package
(`net.slice{k}.…`), and heads (`lin{k}.model.1.weight`).
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from videogigagan.frozen import trunks
from videogigagan.frozen.files import fill, read_state
from videogigagan.frozen.trunks import Trunk

_TRUNKS = {"alex": trunks.alex, "squeeze": trunks.squeeze, "vgg": trunks.vgg}
_NAMES = (
    (re.compile(r"features\.(.+)"), r"features.\1"),
    (re.compile(r"net\.slice\d\.(.+)"), r"features.\1"),
    (re.compile(r"lin(\d)\.model\.1\.weight"), r"heads.\1"),
)


class LPIPS(nn.Module):
    """Distance between two pictures, 0 for equal ones.

    Shapes:
        first, second:  (n, 3, h, w), RGB in [0, 1]; sides of at least 32 pixels
        distance:       (n,)
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, trunk: Trunk = "alex") -> None:
        super().__init__()
        self.features = _TRUNKS[trunk]()
        self.heads = nn.ParameterList(
            torch.ones(1, width, 1, 1) for width in self.features.widths
        )
        shift = torch.tensor([-0.030, -0.088, -0.188])
        scale = torch.tensor([0.458, 0.448, 0.450])
        self.register_buffer("shift", shift[:, None, None], persistent=False)
        self.register_buffer("scale", scale[:, None, None], persistent=False)
        self.requires_grad_(False)  # noqa: FBT003 - PyTorch's own signature
        convert_conv2d_weight_memory_format(self, torch.channels_last)  # twice as fast

    def forward(
        self, first: Float[Tensor, "n 3 h w"], second: Float[Tensor, "n 3 h w"]
    ) -> Float[Tensor, " n"]:
        """Describe both and compare."""
        return self.compare(self.describe(first), self.describe(second))

    def describe(self, picture: Float[Tensor, "n 3 h w"]) -> Iterator[Float[Tensor, "n _ _ _"]]:
        """Unit features at each tap, one by one; a picture needs it only once.

        Those of 1280x720 pixels fill 38 MB (AlexNet), 130 MB (SqueezeNet) or 0.45 GB (VGG16).
        """
        x = (2 * picture - 1 - self.shift) / self.scale
        for features in self.features.maps(x.contiguous(memory_format=torch.channels_last)):
            norm = torch.linalg.vector_norm(features, dim=1, keepdim=True)
            yield features / (norm + 1e-10)

    def compare(self, first: Iterable[Tensor], second: Iterable[Tensor]) -> Float[Tensor, " n"]:
        """Squared difference of unit features, weighted; mean over space, sum over taps."""
        taps = zip(self.heads, first, second, strict=True)
        terms = [(a - b).square().mean(dim=(2, 3)) @ head.flatten() for head, a, b in taps]
        return torch.stack(terms).sum(dim=0)


def load_lpips(path: Path, trunk: Trunk = "alex") -> LPIPS:
    """Read an LPIPS network from a state-dict file.

    Raises:
        CheckpointError: The file is missing, damaged, or holds something else.
    """
    what = f"LPIPS {trunk}"
    state = read_state(path, what)
    network = LPIPS(trunk)
    fill(network, {ours: state[key] for key in state if (ours := _ours(key))}, path, what)
    return network.eval()


def _ours(key: str) -> str | None:
    """Our name of a published weight; None for others, such as a classifier's last layers."""
    for published, ours in _NAMES:
        if match := published.fullmatch(key):
            return match.expand(ours)
    return None
