"""The terms of Eq. 2 that need no discriminator."""

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.frozen.lpips import LPIPS

_PERIOD = 8  # offsets of the perceptual window, in pixels


def charbonnier(
    result: Float[Tensor, "n 3 h w"], truth: Float[Tensor, "n 3 h w"]
) -> Float[Tensor, ""]:
    """Mean of sqrt((x - y)^2 + 1e-12): L1 with a smooth bottom, on RGB in [0, 1]."""
    return ((result - truth).square() + 1e-12).sqrt().mean()


def perceptual(
    network: LPIPS,
    result: Float[Tensor, "n 3 h w"],
    truth: Float[Tensor, "n 3 h w"],
    generator: torch.Generator,
) -> Float[Tensor, ""]:
    """LPIPS on a window whose offset is drawn anew each time.

    AlexNet's first layer strides by 4, as the output's own grid does at 4x: with a fixed offset
    the generator learns a faint grid texture that the network does not see.
    """
    top, left = (int(torch.randint(_PERIOD, (), generator=generator)) for _ in range(2))
    h, w = (side - _PERIOD for side in result.shape[-2:])
    window = (..., slice(top, top + h), slice(left, left + w))
    return network(result[window], truth[window]).mean()
