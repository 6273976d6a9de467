"""PSNR by the protocol of the BasicVSR line of papers: luma, 8 bits, whole frames."""

import torch
from jaxtyping import Float
from torch import Tensor


def eight_bit(frames: Float[Tensor, "*n 3 h w"]) -> Float[Tensor, "*n 3 h w"]:
    """Clamp to [0, 1] and round to the 256 levels a file can hold; every metric starts here."""
    return (frames.clamp(0, 1) * 255).round() / 255


def luma(frames: Float[Tensor, "*n 3 h w"]) -> Float[Tensor, "*n h w"]:
    """BT.601 studio-swing luma of RGB in [0, 1], as a value in [16, 235]."""
    red, green, blue = frames.unbind(-3)
    return 65.481 * red + 128.553 * green + 24.966 * blue + 16


def psnr_luma(
    result: Float[Tensor, "t 3 h w"], truth: Float[Tensor, "t 3 h w"]
) -> Float[Tensor, " t"]:
    """PSNR of the luma of each frame, in dB, over the whole frame."""
    error = (luma(eight_bit(result)) - luma(eight_bit(truth))).square().mean(dim=(-2, -1))
    return 20 * torch.log10(255 / error.sqrt())
