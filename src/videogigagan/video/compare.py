"""Two pictures in one, to be compared by eye."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

DIVIDER = 2
"""Width of the white line between two pictures, in columns."""

WIPE_SECONDS = 4.0
"""Time that the line of a wipe takes to the right, to the left and back to the middle."""


def side_by_side(
    source: Float[Tensor, "3 h w"], result: Float[Tensor, "3 H W"]
) -> Float[Tensor, "3 H 2*W"]:
    """Return the source, enlarged by bicubic interpolation, left of the result.

    Both are RGB in [0, 1]. A white line in the middle hides the columns beneath it.
    """
    height, width = result.shape[-2:]
    enlarged = F.interpolate(
        source[None], size=(height, width), mode="bicubic", align_corners=False
    )
    both = torch.cat((enlarged[0].clamp(0, 1).to(result), result), dim=-1)
    line = min(DIVIDER // 2, width)
    both[..., width - line : width + line] = 1
    return both


def wipe(
    first: Float[Tensor, "3 h w"], second: Float[Tensor, "3 h w"], share: float
) -> Float[Tensor, "3 h w"]:
    """Return the first picture left of a white line, and the second right of it.

    Args:
        first: RGB in [0, 1].
        second: The same.
        share: How much of the width shows the first, from 0 (nothing) to 1 (everything).
    """
    width = first.shape[-1]
    edge = round(share * width)
    made = torch.cat((first[..., :edge], second[..., edge:]), dim=-1)
    if 0 < edge < width:
        made[..., max(edge - DIVIDER // 2, 0) : edge + DIVIDER // 2] = 1
    return made


def wipe_share(seconds: float) -> float:
    """Return where the line of a wipe stands: it starts in the middle and goes right first."""
    return 1 - abs(1 - (2 * seconds / WIPE_SECONDS + 0.5) % 2)


def difference(
    first: Float[Tensor, "3 h w"], second: Float[Tensor, "3 h w"], gain: float
) -> Float[Tensor, "3 h w"]:
    """Return by how much two pictures differ, channel by channel and `gain` times as bright.

    Black where they are equal; differences from 1 / `gain` on are full.
    """
    return ((first - second).abs() * gain).clamp(0, 1)
