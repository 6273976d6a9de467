"""The degradations of the benchmark protocols: large clip in, small clip out."""

from jaxtyping import Float
from torch import Tensor

from videogigagan.ops.resize import bicubic_downsample


def bicubic_degradation(
    large: Float[Tensor, "*n 3 H W"], factor: int = 4
) -> Float[Tensor, "*n 3 h w"]:
    """BI: MATLAB bicubic reduction, then rounding to 8 bits (MMagic's protocol).

    Computed in double precision, as the reference does, so that rounding falls the same way.
    H and W must be multiples of `factor`; RGB in [0, 1] in and out.
    """
    small = bicubic_downsample(large.double(), factor)
    return ((small.clamp(0, 1) * 255).round() / 255).to(large.dtype)
