"""Low-pass filters and windows: the binomial one of Sec. 3.4 and 3.5, Gaussians, Hann tiles."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
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


def gaussian_taps(places: Float[Tensor, " n"], sigma: float) -> Float[Tensor, " n"]:
    """A Gaussian at some places around its centre; the taps add up to 1."""
    taps = (-places.square() / (2 * sigma**2)).exp()
    return taps / taps.sum()


def windowed_tiles(planes: Float[Tensor, "n h w"], side: int) -> Float[Tensor, "k side side"]:
    """Cut tiles, half over each other, take their means away, and fade them out (Hann).

    The squares of the window add up to 1, so the power of a tile is a weighted variance.

    Args:
        planes: At least `side` pixels high and wide; what fills no tile is left out.
        side: Of a tile, even.
    """
    tiles = planes.unfold(1, side, side // 2).unfold(2, side, side // 2)
    tiles = rearrange(tiles, "n r c h w -> (n r c) h w")
    hann = torch.hann_window(side, device=planes.device)
    window = torch.outer(hann, hann)
    return (tiles - tiles.mean(dim=(1, 2), keepdim=True)) * (window / window.norm())
