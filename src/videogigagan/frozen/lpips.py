"""LPIPS v0.1, the learned perceptual distance (Zhang et al. 2018): a loss and a metric.

The published linear heads on AlexNet or SqueezeNet 1.1 features, in our own code. Weights are a
state dict of torchvision's feature keys (`features.…`) beside the heads'
(`lin{k}.model.1.weight`).
"""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.errors import CheckpointError

Trunk = Literal["alex", "squeeze"]

_PREFIX = "features."


class Fire(nn.Module):
    """SqueezeNet's block: squeeze to few channels, expand by 1x1 and 3x3 side by side."""

    def __init__(self, wide: int, narrow: int, half: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(wide, narrow, 1)
        self.expand1x1 = nn.Conv2d(narrow, half, 1)
        self.expand3x3 = nn.Conv2d(narrow, half, 3, padding=1)

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h w"]:
        """Squeeze, then expand."""
        x = F.relu(self.squeeze(x))
        return torch.cat((F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))), dim=1)


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
        layers, self.taps, widths = _TRUNKS[trunk]()
        self.features = nn.Sequential(*layers)
        self.heads = nn.ParameterList(torch.ones(1, width, 1, 1) for width in widths)
        shift = torch.tensor([-0.030, -0.088, -0.188])
        scale = torch.tensor([0.458, 0.448, 0.450])
        self.register_buffer("shift", shift[:, None, None], persistent=False)
        self.register_buffer("scale", scale[:, None, None], persistent=False)
        self.requires_grad_(False)  # noqa: FBT003 - PyTorch's own signature

    def forward(
        self, first: Float[Tensor, "n 3 h w"], second: Float[Tensor, "n 3 h w"]
    ) -> Float[Tensor, " n"]:
        """Squared difference of unit features, weighted; mean over space, sum over taps."""
        total = first.new_zeros(len(first))
        for head, a, b in zip(
            self.heads, self._describe(first), self._describe(second), strict=True
        ):
            total = total + (head * (a - b).square()).sum(dim=1).mean(dim=(1, 2))
        return total

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Load published weights, strictly."""
        state = {key: value for key, value in weights.items() if key.startswith(_PREFIX)}
        for index in range(len(self.heads)):
            state[f"heads.{index}"] = weights[f"lin{index}.model.1.weight"]
        self.load_state_dict(state, strict=True)

    def _describe(self, picture: Tensor) -> list[Tensor]:
        x = (2 * picture - 1 - self.shift) / self.scale
        described = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                norm = torch.linalg.vector_norm(x, dim=1, keepdim=True)
                described.append(x / (norm + 1e-10))
        return described


def load_lpips(path: Path, trunk: Trunk = "alex") -> LPIPS:
    """Read an LPIPS network from a state-dict file."""
    if not path.is_file():
        raise CheckpointError(
            f"{path}: no such file. LPIPS needs its published {trunk} weights there."
        )
    network = LPIPS(trunk)
    try:
        network.load(dict(torch.load(path, map_location="cpu", weights_only=True)))
    except (EOFError, KeyError, RuntimeError, TypeError, UnpicklingError) as error:
        raise CheckpointError(
            f"{path}: does not hold LPIPS {trunk} weights ({type(error).__name__}). "
            f"Give the published ones, trunk and heads in one state dict."
        ) from error
    return network.eval()


def _alex() -> tuple[list[nn.Module], tuple[int, ...], tuple[int, ...]]:
    layers = [
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(),
    ]  # fmt: skip
    return layers, (1, 4, 7, 9, 11), (64, 192, 384, 256, 256)


def _squeeze() -> tuple[list[nn.Module], tuple[int, ...], tuple[int, ...]]:
    layers = [
        nn.Conv2d(3, 64, 3, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(64, 16, 64), Fire(128, 16, 64), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(128, 32, 128), Fire(256, 32, 128), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256),
    ]  # fmt: skip
    return layers, (1, 4, 7, 9, 10, 11, 12), (64, 128, 256, 384, 384, 512, 512)


_TRUNKS = {"alex": _alex, "squeeze": _squeeze}
