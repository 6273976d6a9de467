"""SpyNet, the lightweight flow that guides propagation (Ranjan and Black 2017; Sec. 3.3)."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.ops.precision import full_precision
from videogigagan.ops.warp import backward_warp
from videogigagan.shapes import Flow

_LEVELS = 6
_STRIDE = 2 ** (_LEVELS - 1)
_WIDTHS = (8, 32, 64, 32, 16, 2)


class SpyNet(nn.Module):
    """Flow by a spatial pyramid: each level refines the doubled flow of the coarser one.

    Shapes:
        frame, other:  (n, 3, h, w), RGB in [0, 1], any size
        flow:          (n, 2, h, w), pixels, on `frame`'s grid, pointing into `other`
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.levels = nn.ModuleList(_level() for _ in range(_LEVELS))
        # ImageNet statistics, which the published weights expect.
        mean = torch.tensor([0.485, 0.456, 0.406])
        deviation = torch.tensor([0.229, 0.224, 0.225])
        self.register_buffer("mean", mean[:, None, None], persistent=False)
        self.register_buffer("deviation", deviation[:, None, None], persistent=False)

    def forward(self, frame: Float[Tensor, "n 3 h w"], other: Float[Tensor, "n 3 h w"]) -> Flow:
        """Estimate where on `other` each pixel of `frame` lies."""
        h, w = frame.shape[-2:]
        size = (math.ceil(h / _STRIDE) * _STRIDE, math.ceil(w / _STRIDE) * _STRIDE)
        with full_precision(frame.device):
            flow = self._coarse_to_fine(self._pyramid(frame, size), self._pyramid(other, size))
        flow = F.interpolate(flow, size=(h, w), mode="bilinear", align_corners=False)
        return flow * flow.new_tensor([w / size[1], h / size[0]])[:, None, None]

    def _pyramid(self, frame: Tensor, size: tuple[int, int]) -> list[Tensor]:
        """Normalised copies from 1/32 of `size` to `size`."""
        frame = (frame - self.mean) / self.deviation
        pyramid = [F.interpolate(frame, size=size, mode="bilinear", align_corners=False)]
        for _ in range(_LEVELS - 1):
            pyramid.append(F.avg_pool2d(pyramid[-1], 2))
        return pyramid[::-1]

    def _coarse_to_fine(self, frames: list[Tensor], others: list[Tensor]) -> Tensor:
        n, _, h, w = frames[0].shape
        flow = frames[0].new_zeros(n, 2, h, w)
        for level, (network, frame, other) in enumerate(
            zip(self.levels, frames, others, strict=True)
        ):
            if level > 0:
                flow = 2 * F.interpolate(
                    flow, scale_factor=2, mode="bilinear", align_corners=True
                )
            warped = backward_warp(other, flow, padding="border")
            flow = flow + network(torch.cat((frame, warped, flow), dim=1))
        return flow


def _level() -> nn.Sequential:
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(_WIDTHS):
        layers += [nn.Conv2d(wide, narrow, 7, padding=3), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
