"""RAFT's recurrent unit, which refines the flow again and again (Teed and Deng 2020).

Layers are named as in the published checkpoints. The unit never sees the frames, only the first
one's context and how well the present guess correlates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.frozen.raft_blocks import LEVELS, STRIDE, Layout
from videogigagan.ops.winograd import WinogradConvolution
from videogigagan.shapes import Flow

_NEIGHBOURS = 9


@dataclass(frozen=True, kw_only=True, slots=True)
class PrimedConvolution:
    """Same-size convolution of joined channels, made ready for many calls.

    A convolution of joined channels is the sum of their convolutions. Of (state, context,
    motion) the context is the same in all iterations, so a quarter of the work need not be done
    again.
    """

    convolve: Callable[[Tensor], Tensor]
    """Over the channels that change."""
    base: Float[Tensor, "#n o #h #w"]
    """What the others and the bias add."""

    def __call__(self, *parts: Float[Tensor, "n _ h w"]) -> Float[Tensor, "n o h w"]:
        """Join and convolve."""
        return self.convolve(torch.cat(parts, dim=1)).add_(self.base)


class MotionEncoder(nn.Module):
    """What the correlation window and the flow so far say together."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        window = LEVELS * (2 * layout.radius + 1) ** 2
        first, *more = layout.correlation
        self.convc1 = nn.Conv2d(window, first, 1)
        self.convc2 = nn.Conv2d(first, more[0], 3, padding=1) if more else None
        self.convf1 = nn.Conv2d(2, layout.flow[0], 7, padding=3)
        self.convf2 = nn.Conv2d(layout.flow[0], layout.flow[1], 3, padding=1)
        both = layout.correlation[-1] + layout.flow[1]
        self.conv = nn.Conv2d(both, layout.motion, 3, padding=1)

    def forward(
        self, merge: PrimedConvolution, window: Float[Tensor, "n k h w"], flow: Flow
    ) -> Float[Tensor, "n m h w"]:
        """Merge by `conv`, made ready; the flow itself comes last."""
        x = F.relu(self.convc1(window), inplace=True)
        if self.convc2 is not None:
            x = F.relu(self.convc2(x), inplace=True)
        y = F.relu(self.convf1(flow), inplace=True)
        y = F.relu(self.convf2(y), inplace=True)
        merged = F.relu(merge(x, y), inplace=True)
        return torch.cat((merged, flow), dim=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class GatedPass:
    """One step of a gated recurrent unit, made ready for one first frame."""

    gates: PrimedConvolution
    """Update and reset gate, which see the same and so are one convolution."""
    candidate: PrimedConvolution
    """The new state, as far as the update gate lets it in."""

    def __call__(
        self, hidden: Float[Tensor, "n s h w"], motion: Float[Tensor, "n m h w"]
    ) -> Float[Tensor, "n s h w"]:
        """Next state."""
        update, reset = self.gates(hidden, motion).sigmoid_().chunk(2, dim=1)
        return hidden.lerp(self.candidate(reset * hidden, motion).tanh_(), update)


Passes: TypeAlias = tuple[GatedPass, ...]


class ConvGRU(nn.Module):
    """Recurrent unit of 3x3 convolutions (small)."""

    def __init__(self, hidden: int, wide: int) -> None:
        super().__init__()
        self.convz = nn.Conv2d(wide, hidden, 3, padding=1)
        self.convr = nn.Conv2d(wide, hidden, 3, padding=1)
        self.convq = nn.Conv2d(wide, hidden, 3, padding=1)

    def passes(self, context: Float[Tensor, "n c h w"], precision: torch.dtype) -> Passes:
        """Make ready for one first frame."""
        return (_gated_pass(self.convz, self.convr, self.convq, context, precision),)


class SeparableGRU(nn.Module):
    """Recurrent unit of a pass along rows and one along columns (large)."""

    def __init__(self, hidden: int, wide: int) -> None:
        super().__init__()
        self.convz1 = nn.Conv2d(wide, hidden, (1, 5))
        self.convr1 = nn.Conv2d(wide, hidden, (1, 5))
        self.convq1 = nn.Conv2d(wide, hidden, (1, 5))
        self.convz2 = nn.Conv2d(wide, hidden, (5, 1))
        self.convr2 = nn.Conv2d(wide, hidden, (5, 1))
        self.convq2 = nn.Conv2d(wide, hidden, (5, 1))

    def passes(self, context: Float[Tensor, "n c h w"], precision: torch.dtype) -> Passes:
        """Make ready for one first frame."""
        return (
            _gated_pass(self.convz1, self.convr1, self.convq1, context, precision),
            _gated_pass(self.convz2, self.convr2, self.convq2, context, precision),
        )


class FlowHead(nn.Module):
    """State to the change of the flow."""

    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(hidden, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, 2, 3, padding=1)

    def forward(self, widen: PrimedConvolution, hidden: Float[Tensor, "n s h w"]) -> Flow:
        """Read the state; `widen` is `conv1`, made ready."""
        return self.conv2(F.relu(widen(hidden), inplace=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Primed:
    """What all iterations from one first frame have in common."""

    passes: Passes
    """Of the recurrent unit."""
    merge: PrimedConvolution
    """The motion encoder's last convolution."""
    widen: PrimedConvolution
    """The flow head's first convolution."""


class UpdateBlock(nn.Module):
    """One iteration, and the enlargement after the last.

    Shapes:
        window:  (n, k, h, w): correlation around the present guess, at an eighth of the size
        hidden:  (n, s, h, w): the recurrent state
        flow:    (n, 2, h, w), in pixels of that small grid
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        wide = layout.hidden + layout.context + layout.motion + 2
        self.precision = torch.float32
        """Type in which its large convolutions multiply; all else is float32."""
        self.encoder = MotionEncoder(layout)
        self.gru = (SeparableGRU if layout.separable else ConvGRU)(layout.hidden, wide)
        self.flow_head = FlowHead(layout.hidden, layout.head)
        self.mask = None
        if layout.convex:
            self.mask = nn.Sequential(
                nn.Conv2d(layout.hidden, 256, 3, padding=1),
                nn.ReLU(),
                nn.Conv2d(256, _NEIGHBOURS * STRIDE**2, 1),
            )

    def primed(self, context: Float[Tensor, "n c h w"]) -> Primed:
        """Make ready for one first frame."""
        return Primed(
            passes=self.gru.passes(context, self.precision),
            merge=_primed((self.encoder.conv,), self.precision),
            widen=_primed((self.flow_head.conv1,), self.precision),
        )

    def forward(
        self,
        primed: Primed,
        hidden: Float[Tensor, "n s h w"],
        window: Float[Tensor, "n k h w"],
        flow: Flow,
    ) -> tuple[Float[Tensor, "n s h w"], Flow]:
        """Next state and flow."""
        motion = self.encoder(primed.merge, window, flow)
        for gated_pass in primed.passes:
            hidden = gated_pass(hidden, motion)
        return hidden, flow + self.flow_head(primed.widen, hidden)

    def enlarge(self, flow: Flow, hidden: Float[Tensor, "n s h w"]) -> Float[Tensor, "n 2 H W"]:
        """Flow at the frame's size, in its pixels."""
        flow = STRIDE * flow.contiguous()
        if self.mask is None:
            return F.interpolate(flow, scale_factor=STRIDE, mode="bilinear", align_corners=True)
        mask = 0.25 * self.mask(hidden)  # as trained
        shares = rearrange(mask, "n (k y x) h w -> n 1 k y x h w", k=_NEIGHBOURS, y=STRIDE)
        near = rearrange(
            F.unfold(flow, 3, padding=1),
            "n (d k) (h w) -> n d k 1 1 h w",
            k=_NEIGHBOURS,
            h=flow.shape[2],
        )
        mixed = (shares.softmax(dim=2) * near).sum(dim=2)
        return rearrange(mixed, "n d y x h w -> n d (h y) (w x)")


def _gated_pass(
    z: nn.Conv2d, r: nn.Conv2d, q: nn.Conv2d, context: Tensor, precision: torch.dtype
) -> GatedPass:
    return GatedPass(
        gates=_primed((z, r), precision, context), candidate=_primed((q,), precision, context)
    )


def _primed(
    parts: tuple[nn.Conv2d, ...], precision: torch.dtype, context: Tensor | None = None
) -> PrimedConvolution:
    """Join convolutions of the same input; with a context, of (state, context, motion)."""
    kernel = torch.cat([part.weight for part in parts])
    biases = torch.cat([part.bias for part in parts if part.bias is not None])
    bias = rearrange(biases, "o -> 1 o 1 1")
    if context is None:
        return PrimedConvolution(convolve=_convolution(kernel, precision), base=bias)
    state, width = parts[0].out_channels, context.shape[1]
    split = (state, width, kernel.shape[1] - state - width)
    of_state, of_context, of_motion = kernel.split(split, dim=1)
    return PrimedConvolution(
        convolve=_convolution(torch.cat((of_state, of_motion), dim=1), precision),
        base=_convolution(of_context, torch.float32)(context) + bias,
    )


def _convolution(
    kernel: Float[Tensor, "o i y x"], precision: torch.dtype
) -> Callable[[Tensor], Tensor]:
    """Same-size convolution of float32, the quickest for the kernel's size."""
    h, w = kernel.shape[-2:]
    if precision != torch.float32:
        return partial(_rounded, kernel.to(precision))
    if (h, w) == (3, 3):
        return WinogradConvolution(kernel)
    return partial(F.conv2d, weight=kernel, padding=(h // 2, w // 2))


def _rounded(kernel: Float[Tensor, "o i y x"], x: Tensor) -> Tensor:
    """Convolve in the kernel's type."""
    h, w = kernel.shape[-2:]
    return F.conv2d(x.to(kernel.dtype), kernel, padding=(h // 2, w // 2)).to(x.dtype)
