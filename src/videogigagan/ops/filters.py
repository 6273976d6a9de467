"""The binomial low-pass filter and what is built on it (Sec. 3.4, 3.5)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

_TAPS = (1.0, 4.0, 6.0, 4.0, 1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bands:
    """A feature map as the sum of its two frequency bands, each at full size."""

    low: Float[Tensor, "n c h w"]
    """What survives the low-pass filter (f^LF)."""
    high: Float[Tensor, "n c h w"]
    """The rest (f^HF = f - f^LF)."""


class LowPass(nn.Module):
    """Separable [1, 4, 6, 4, 1] / 16 filter, size unchanged, border reflected.

    Zeros outside would darken the border. Sides must be at least 3 pixels.
    """

    taps: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("taps", torch.tensor(_TAPS) / sum(_TAPS), persistent=False)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Blur."""
        c = x.shape[1]
        x = F.pad(x, (2, 2, 2, 2), mode="reflect")
        taps = self.taps.to(x.dtype)
        x = F.conv2d(x, taps.view(1, 1, 5, 1).expand(c, 1, 5, 1), groups=c)
        return F.conv2d(x, taps.view(1, 1, 1, 5).expand(c, 1, 1, 5), groups=c)

    def split(self, x: Float[Tensor, "n c h w"]) -> Bands:
        """Divide into a low and a high band that add up to `x`."""
        low = self(x)
        return Bands(low=low, high=x - low)


def subsample(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h/2 w/2"]:
    """Keep every second row and column; h and w even. Aliases unless `x` was low-passed."""
    return x[..., ::2, ::2]
