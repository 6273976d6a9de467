"""RAFT's encoders of frames, and what tells its two sizes apart (Teed and Deng 2020).

Layers are named as in the published checkpoints.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Size = Literal["small", "large"]
Norm: TypeAlias = Callable[[int], nn.Module]

STRIDE = 8
"""How much smaller than the frame the maps are that flow is estimated on."""
LEVELS = 4
"""Sizes at which frames are correlated, each half the one before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Widths of one of the two published networks."""

    bottleneck: bool
    """Whether blocks of the encoders squeeze to a quarter of the channels."""
    widths: tuple[int, int, int]
    """Of an encoder's stages, at 1/2, 1/4 and 1/8 of the size."""
    features: int
    """Channels that are correlated."""
    hidden: int
    """Channels of the recurrent state."""
    context: int
    """Channels of the first frame that every iteration sees."""
    radius: int
    """Of the correlation window around the present guess, on each level."""
    correlation: tuple[int, ...]
    """Widths that the window is encoded with."""
    flow: tuple[int, int]
    """Widths that the flow is encoded with."""
    motion: int
    """Width that correlation and flow are merged to; the flow itself adds two channels."""
    head: int
    """Width in front of the flow's change."""
    separable: bool
    """Whether the recurrent unit has a pass along rows and one along columns, not one 3x3."""
    convex: bool
    """Whether flow is enlarged by a learned mix of neighbours, not bilinearly."""
    normalised: bool
    """Whether the context encoder has batch norms; the feature encoder has instance norms."""


LAYOUTS: dict[Size, Layout] = {
    "small": Layout(
        bottleneck=True,
        widths=(32, 64, 96),
        features=128,
        hidden=96,
        context=64,
        radius=3,
        correlation=(96,),
        flow=(64, 32),
        motion=80,
        head=128,
        separable=False,
        convex=False,
        normalised=False,
    ),
    "large": Layout(
        bottleneck=False,
        widths=(64, 96, 128),
        features=256,
        hidden=128,
        context=128,
        radius=4,
        correlation=(256, 192),
        flow=(128, 64),
        motion=126,
        head=256,
        separable=True,
        convex=True,
        normalised=True,
    ),
}


class InstanceNorm(nn.Module):
    """Bring every channel of every frame to mean 0 and variance 1.

    The same as `nn.InstanceNorm2d`, which turns the memory over and is half as fast.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Normalise."""
        assert x.shape[1] == self.channels
        frames = [F.batch_norm(frame, None, None, training=True) for frame in x.split(1)]
        return frames[0] if len(frames) == 1 else torch.cat(frames)


class Residual(nn.Module):
    """Two 3x3 convolutions beside a skip; halves the size if `stride` is 2."""

    def __init__(self, wide: int, out: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(wide, out, 3, stride=stride, padding=1)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)
        self.norm1, self.norm2 = norm(out), norm(out)
        self.downsample = None
        if stride > 1:
            self.norm3 = norm(out)  # published under this name and inside `downsample`
            skip = nn.Conv2d(wide, out, 1, stride=stride)
            self.downsample = nn.Sequential(skip, self.norm3)

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o y x"]:
        """Convolve and add."""
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        y = F.relu(self.norm2(self.conv2(y)), inplace=True)
        return F.relu(y + (x if self.downsample is None else self.downsample(x)), inplace=True)


class Bottleneck(nn.Module):
    """Squeeze to a quarter of the channels, 3x3 convolution, widen; beside a skip."""

    def __init__(self, wide: int, out: int, stride: int, norm: Norm) -> None:
        super().__init__()
        narrow = out // 4
        self.conv1 = nn.Conv2d(wide, narrow, 1)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, stride=stride, padding=1)
        self.conv3 = nn.Conv2d(narrow, out, 1)
        self.norm1, self.norm2, self.norm3 = norm(narrow), norm(narrow), norm(out)
        self.downsample = None
        if stride > 1:
            self.norm4 = norm(out)  # published under this name and inside `downsample`
            skip = nn.Conv2d(wide, out, 1, stride=stride)
            self.downsample = nn.Sequential(skip, self.norm4)

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o y x"]:
        """Convolve and add."""
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        y = F.relu(self.norm2(self.conv2(y)), inplace=True)
        y = F.relu(self.norm3(self.conv3(y)), inplace=True)
        return F.relu(y + (x if self.downsample is None else self.downsample(x)), inplace=True)


class Encoder(nn.Module):
    """Frame to a map of an eighth of its size.

    Shapes:
        frame:   (n, 3, h, w), in [-1, 1]; sides multiples of 8
        result:  (n, out, h/8, w/8)
    """

    def __init__(self, layout: Layout, out: int, norm: Norm) -> None:
        super().__init__()
        block = Bottleneck if layout.bottleneck else Residual
        half, quarter, eighth = layout.widths
        self.conv1 = nn.Conv2d(3, half, 7, stride=2, padding=3)
        self.norm1 = norm(half)
        self.layer1 = nn.Sequential(block(half, half, 1, norm), block(half, half, 1, norm))
        self.layer2 = nn.Sequential(
            block(half, quarter, 2, norm), block(quarter, quarter, 1, norm)
        )
        self.layer3 = nn.Sequential(
            block(quarter, eighth, 2, norm), block(eighth, eighth, 1, norm)
        )
        self.conv2 = nn.Conv2d(eighth, out, 1)

    def forward(self, frame: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n o y x"]:
        """Encode."""
        x = F.relu(self.norm1(self.conv1(frame)), inplace=True)
        return self.conv2(self.layer3(self.layer2(self.layer1(x))))
