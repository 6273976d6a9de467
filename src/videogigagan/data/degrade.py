"""The degradations of the benchmark protocols: large clip in, small clip out."""

from collections.abc import Callable
from typing import TypeAlias

import torch
import torch.nn.functional as F
from einops import pack, unpack
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import ConfigError
from videogigagan.ops.filters import gaussian_taps
from videogigagan.ops.resize import bicubic_downsample

Degradation: TypeAlias = Callable[[Float[Tensor, "*n 3 H W"]], Float[Tensor, "*n 3 h w"]]
"""Large frames to small ones, a quarter as high and wide, on the 256 levels of 8 bits."""

_SIGMA = 1.6
_TAPS = 12
_BLUR_FACTOR = 4


def bicubic_degradation(
    large: Float[Tensor, "*n 3 H W"], factor: int = 4
) -> Float[Tensor, "*n 3 h w"]:
    """BI: MATLAB bicubic reduction, then rounding to 8 bits (MMagic's protocol).

    Computed in double precision, as the reference does, so that rounding falls the same way.
    H and W must be multiples of `factor` (`crop_to_multiple`); RGB in [0, 1] in and out.
    """
    small = bicubic_downsample(large.double(), factor)
    return ((small.clamp(0, 1) * 255).round() / 255).to(large.dtype)


def blur_degradation(
    large: Float[Tensor, "*n 3 H W"], factor: int = 4
) -> Float[Tensor, "*n 3 h w"]:
    """BD: Gaussian blur of sigma 1.6, every fourth pixel, then rounding to 8 bits.

    The kernel is MMagic's: twelve taps, so its centre lies between two pixels. A sample is
    taken at the centre of each block of 4x4 pixels, where the bicubic reduction takes it too.
    The border is replicated, and halves are rounded up.

    H and W must be multiples of 4 (`crop_to_multiple`); RGB in [0, 1] in and out.

    Raises:
        ConfigError: `factor` is not 4, the only one that the protocol defines.
    """
    if factor != _BLUR_FACTOR:
        raise ConfigError(
            f"degradation bd: is defined for a reduction by 4 only ({factor} was asked for). "
            "Reduce by 4, or take bi."
        )
    small = _blurred_samples(large.double())
    levels = (small.clamp(0, 1) * 255).float()  # the protocol rounds in single precision
    return ((levels + 0.5).floor() / 255).to(large.dtype)


def crop_to_multiple(
    frames: Float[Tensor, "*n c H W"], factor: int = 4
) -> Float[Tensor, "*n c h w"]:
    """Drop the rows at the bottom and columns at the right that fill no whole block.

    The protocols crop the truth this way before they reduce it.
    """
    height, width = frames.shape[-2:]
    return frames[..., : height // factor * factor, : width // factor * factor]


def _blurred_samples(large: Tensor) -> Tensor:
    """Filter with the separable kernel at the centres of all blocks, and only there."""
    places = torch.arange(_TAPS, dtype=large.dtype, device=large.device) - (_TAPS - 1) / 2
    taps = gaussian_taps(places, _SIGMA)
    planes, shape = pack([large], "* h w")
    reach = (_TAPS - _BLUR_FACTOR) // 2  # what the kernel sticks out of a block, to each side
    padded = F.pad(planes[:, None], (reach,) * 4, mode="replicate")
    rows = F.conv2d(padded, taps[None, None, :, None], stride=(_BLUR_FACTOR, 1))
    small = F.conv2d(rows, taps[None, None, None, :], stride=(1, _BLUR_FACTOR))
    return unpack(small[:, 0], shape, "* h w")[0]
