"""Source and result in one picture."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

DIVIDER = 2
"""Width of the white line in the middle, in columns."""


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
