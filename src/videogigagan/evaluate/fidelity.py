"""PSNR and SSIM by the protocol of the BasicVSR line of papers: 8 bits, RGB or luma."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import DataError

_WINDOW = 11
_SIGMA = 1.5
_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2


def eight_bit(frames: Float[Tensor, "*n 3 h w"]) -> Float[Tensor, "*n 3 h w"]:
    """Clamp to [0, 1] and round to the 256 levels a file can hold; every metric starts here."""
    return (frames.clamp(0, 1) * 255).round() / 255


def luma(frames: Float[Tensor, "*n 3 h w"]) -> Float[Tensor, "*n h w"]:
    """BT.601 studio-swing luma of RGB in [0, 1], as a value in [16, 235]."""
    red, green, blue = frames.unbind(-3)
    return 65.481 * red + 128.553 * green + 24.966 * blue + 16


def check_alike(result: Float[Tensor, "*n 3 h w"], truth: Float[Tensor, "*m 3 H W"]) -> None:
    """Make sure that frames can be compared.

    Raises:
        DataError: They differ in size or number.
    """
    if result.shape != truth.shape:
        raise DataError(
            f"result: does not match the truth ({_size(result)} against {_size(truth)}). "
            f"Give frames of the same size and number; nothing is cropped to fit."
        )


def psnr_luma(
    result: Float[Tensor, "t 3 h w"], truth: Float[Tensor, "u 3 H W"], *, border: int = 0
) -> Float[Tensor, " t"]:
    """PSNR of the luma of each frame, in dB; infinite for equal frames.

    Args:
        result: RGB in [0, 1].
        truth: What it should be.
        border: Pixels at each side that do not count.

    Raises:
        DataError: The frames differ in size or number, or are smaller than their border.
    """
    return _psnr(*_lumas(result, truth, border))


def psnr_rgb(
    result: Float[Tensor, "t 3 h w"], truth: Float[Tensor, "u 3 H W"], *, border: int = 0
) -> Float[Tensor, " t"]:
    """PSNR of each frame over pixels and colours alike; see `psnr_luma`."""
    return _psnr(*_colours(result, truth, border))


def ssim_luma(
    result: Float[Tensor, "t 3 h w"], truth: Float[Tensor, "u 3 H W"], *, border: int = 0
) -> Float[Tensor, " t"]:
    """SSIM of the luma of each frame (Wang et al. 2004), 1 for equal frames.

    Windows are 11x11 Gaussians of sigma 1.5 that lie wholly inside the picture.

    Args:
        result: RGB in [0, 1].
        truth: What it should be.
        border: Pixels at each side that do not count.

    Raises:
        DataError: The frames differ in size or number, or are smaller than a window.
    """
    return _ssim(*_lumas(result, truth, border))


def ssim_rgb(
    result: Float[Tensor, "t 3 h w"], truth: Float[Tensor, "u 3 H W"], *, border: int = 0
) -> Float[Tensor, " t"]:
    """Mean of the three colours' SSIM of each frame; see `ssim_luma`."""
    return _ssim(*_colours(result, truth, border))


def _lumas(result: Tensor, truth: Tensor, border: int) -> tuple[Tensor, Tensor]:
    first, second = _inner(result, truth, border)
    return luma(first)[:, None], luma(second)[:, None]


def _colours(result: Tensor, truth: Tensor, border: int) -> tuple[Tensor, Tensor]:
    first, second = _inner(result, truth, border)
    return 255 * first, 255 * second


def _inner(result: Tensor, truth: Tensor, border: int) -> tuple[Tensor, Tensor]:
    check_alike(result, truth)
    h, w = truth.shape[-2:]
    if min(h, w) <= 2 * border:
        raise DataError(
            f"truth: is too small for a border of {border} pixels ({w}x{h}). "
            f"Give larger frames, or a narrower border."
        )
    rows, columns = slice(border, h - border), slice(border, w - border)
    return eight_bit(result)[..., rows, columns], eight_bit(truth)[..., rows, columns]


def _psnr(result: Tensor, truth: Tensor) -> Float[Tensor, " t"]:
    error = (result - truth).square().mean(dim=(1, 2, 3))
    return 20 * torch.log10(255 / error.sqrt())


def _ssim(result: Tensor, truth: Tensor) -> Float[Tensor, " t"]:
    h, w = truth.shape[-2:]
    if min(h, w) < _WINDOW:
        raise DataError(
            f"truth: is too small for SSIM ({w}x{h}). Give frames of at least "
            f"{_WINDOW} pixels a side."
        )
    a, b = (rearrange(x, "t c h w -> (t c) 1 h w").double() for x in (result, truth))
    mean_a, mean_b = _window_mean(a), _window_mean(b)
    variance_a = _window_mean(a * a) - mean_a.square()
    variance_b = _window_mean(b * b) - mean_b.square()
    covariance = _window_mean(a * b) - mean_a * mean_b
    likeness = (2 * mean_a * mean_b + _C1) * (2 * covariance + _C2)
    likeness /= (mean_a.square() + mean_b.square() + _C1) * (variance_a + variance_b + _C2)
    channels = likeness.mean(dim=(1, 2, 3))
    return rearrange(channels, "(t c) -> t c", t=len(truth)).mean(dim=1).float()


def _window_mean(x: Tensor) -> Tensor:
    steps = torch.arange(_WINDOW, dtype=x.dtype, device=x.device) - _WINDOW // 2
    taps = torch.exp(-steps.square() / (2 * _SIGMA**2))
    taps = taps / taps.sum()
    return F.conv2d(F.conv2d(x, taps.view(1, 1, -1, 1)), taps.view(1, 1, 1, -1))


def _size(frames: Tensor) -> str:
    *count, _, h, w = frames.shape
    return " ".join([*(f"{n} frames of" for n in count), f"{w}x{h}"])
