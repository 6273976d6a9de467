"""Where a flow cannot be trusted: pixels hidden in the other frame, and edges of motion."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from videogigagan.ops.warp import backward_warp
from videogigagan.shapes import Flow


def occluded(forward: Flow, backward: Flow) -> Bool[Tensor, "n h w"]:
    """Find the pixels whose way there and back does not close, and motion boundaries.

    The test of Sundaram et al. (ECCV 2010) and Ruder et al. (GCPR 2016), with their constants.
    The way back is looked up with its border repeated, so a pixel that leaves the frame counts
    as hidden only if the flow there says so; see `leaves_frame`.

    Args:
        forward: From this frame to the other, in pixels; its grid is that of the result.
        backward: From the other frame to this one, on the other's grid.
    """
    boundary = _slope(forward) > 0.01 * _power(forward) + 0.002
    return ways_open(forward, backward) | boundary


def ways_open(forward: Flow, backward: Flow) -> Bool[Tensor, "n h w"]:
    """Find the pixels whose way there and back does not close; the first half of `occluded`.

    Args:
        forward: From this frame to the other, in pixels; its grid is that of the result.
        backward: From the other frame to this one, on the other's grid.
    """
    back = backward_warp(backward, forward, padding="border")
    return _power(forward + back) > 0.01 * (_power(forward) + _power(back)) + 0.5


def leaves_frame(flow: Flow) -> Bool[Tensor, "n h w"]:
    """Find the pixels that the flow carries over the border of the picture."""
    h, w = flow.shape[-2:]
    x = torch.arange(w, dtype=flow.dtype, device=flow.device) + flow[:, 0]
    y = torch.arange(h, dtype=flow.dtype, device=flow.device)[:, None] + flow[:, 1]
    return (x < 0) | (x > w - 1) | (y < 0) | (y > h - 1)


def _power(flow: Flow) -> Float[Tensor, "n h w"]:
    return flow.square().sum(dim=1)


def _slope(flow: Flow) -> Float[Tensor, "n h w"]:
    """Squared gradient by forward differences; none over the last row and column."""
    across = torch.zeros_like(flow)
    down = torch.zeros_like(flow)
    across[..., :-1] = flow.diff(dim=-1)
    down[..., :-1, :] = flow.diff(dim=-2)
    return _power(across) + _power(down)
