"""Backward warping: look up each pixel where the flow says it came from (Sec. 3.3)."""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from videogigagan.shapes import Flow


def backward_warp(
    x: Float[Tensor, "n c h w"], flow: Flow, *, padding: Literal["zeros", "border"] = "zeros"
) -> Float[Tensor, "n c h w"]:
    """Sample `x` at every pixel's position plus `flow`, bilinearly.

    Args:
        x: What to warp: another frame, or its features.
        flow: Displacement in pixels, (x, y), on the grid of the result.
        padding: What lies outside `x`: nothing, or its nearest border pixel.
    """
    h, w = x.shape[-2:]
    rows = torch.arange(h, dtype=flow.dtype, device=flow.device)
    columns = torch.arange(w, dtype=flow.dtype, device=flow.device)
    horizontal = 2 * (columns + flow[:, 0]) / max(w - 1, 1) - 1
    vertical = 2 * (rows[:, None] + flow[:, 1]) / max(h - 1, 1) - 1
    grid = torch.stack((horizontal, vertical), dim=-1)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode=padding, align_corners=True)
