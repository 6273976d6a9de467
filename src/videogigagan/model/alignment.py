"""Bringing the two frames before in line with the current one (BasicVSR++; supplement B.2)."""

import math
from dataclasses import dataclass

import torch
from einops import repeat
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.ops.deform import deformable_convolution
from videogigagan.ops.initialise import zeroed
from videogigagan.ops.precision import full_precision
from videogigagan.ops.warp import backward_warp
from videogigagan.shapes import Flow

_TAPS = 9
_REACH = 10  # pixels by which a learned offset may leave the flow


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbour:
    """A frame that the recurrence has passed already."""

    state: Float[Tensor, "n c h w"]
    """What the branch knew there."""
    flow: Flow
    """From the current frame's grid into that frame."""

    def warped(self) -> Float[Tensor, "n c h w"]:
        """Its state on the current frame's grid."""
        return backward_warp(self.state, self.flow)


class WarpAlignment(nn.Module):
    """Warp both neighbours along the flow, then convolve them into one state (Sec. 3.3).

    Shapes:
        current:  (n, c, h, w), features of the current frame; not looked at
        result:   (n, c, h, w)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2 * channels, channels, 3, padding=1)

    def forward(
        self,
        current: Float[Tensor, "n c h w"],  # noqa: ARG002 - both alignments are called alike
        first: Neighbour,
        second: Neighbour,
    ) -> Float[Tensor, "n c h w"]:
        """Align."""
        with full_precision(first.state.device):
            return self.convolution(torch.cat((first.warped(), second.warped()), dim=1))


class DeformableAlignment(nn.Module):
    """Second-order deformable alignment: the flow plus what a small network adds to it.

    The groups share out the neighbours: the first half moves about the first one, the second
    half about the second. Fresh offsets are the flow itself and fresh masks one half.

    Shapes:
        current:  (n, c, h, w), features of the current frame
        result:   (n, c, h, w)
    """

    def __init__(self, channels: int, groups: int = 16) -> None:
        super().__init__()
        assert groups % 2 == 0, "half the groups belong to each neighbour"
        assert 2 * channels % groups == 0, "every group has as many channels"
        self.groups = groups
        self.weight = nn.Parameter(torch.empty(channels, 2 * channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(channels))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # as nn.Conv2d
        self.offsets = nn.Sequential(
            nn.Conv2d(3 * channels + 4, channels, 3, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.LeakyReLU(0.1),
            zeroed(nn.Conv2d(channels, 3 * _TAPS * groups, 3, padding=1)),
        )

    def forward(
        self, current: Float[Tensor, "n c h w"], first: Neighbour, second: Neighbour
    ) -> Float[Tensor, "n c h w"]:
        """Align."""
        with full_precision(current.device):
            return self._aligned(current, first, second)

    def _aligned(self, current: Tensor, first: Neighbour, second: Neighbour) -> Tensor:
        seen = (first.warped(), current, second.warped(), first.flow, second.flow)
        *moves, mask = self.offsets(torch.cat(seen, dim=1)).chunk(3, dim=1)
        offsets = _REACH * torch.cat(moves, dim=1).tanh()
        return deformable_convolution(
            torch.cat((first.state, second.state), dim=1),
            offsets + torch.cat((self._spread(first.flow), self._spread(second.flow)), dim=1),
            mask.sigmoid(),
            self.weight,
            self.bias,
        )

    def _spread(self, flow: Tensor) -> Tensor:
        """(x, y) as the (dy, dx) of every tap of half the groups."""
        return repeat(flow.flip(1), "n yx h w -> n (k yx) h w", k=self.groups // 2 * _TAPS)
