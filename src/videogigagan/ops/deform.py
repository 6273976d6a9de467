"""Modulated deformable convolution in plain PyTorch (Zhu et al. 2019; supplement B.2)."""

import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from videogigagan.ops.warp import backward_warp


def deformable_convolution(
    x: Float[Tensor, "n i h w"],
    offsets: Float[Tensor, "n p h w"],
    mask: Float[Tensor, "n q h w"],
    weight: Float[Tensor, "o i y x"],
    bias: Float[Tensor, " o"],
) -> Float[Tensor, "n o h w"]:
    """Same-size convolution whose taps each look somewhere else, and count for more or less.

    The channels of `x` form g groups; a group's channels move together. Tap k of group j reads
    at its regular place plus (dy, dx), bilinearly, zeros outside. One tap is sampled at a time,
    so that memory grows with the picture and not with the kernel.

    Args:
        x: Feature map; sides of at least 2.
        offsets: Channel 2(j·taps + k) is dy and the next one dx, in pixels; p = 2·g·taps.
        mask: Channel j·taps + k is the factor of that sample; q = g·taps.
        weight: Kernel, of odd height and width.
        bias: One value per output channel.
    """
    height, width = weight.shape[-2:]
    taps = height * width
    groups = mask.shape[1] // taps
    assert offsets.shape[1] == 2 * groups * taps == 2 * mask.shape[1]
    grouped = rearrange(x, "n (j c) h w -> (n j) c h w", j=groups)
    places = rearrange(offsets, "n (j k yx) h w -> k (n j) yx h w", k=taps, yx=2)
    factors = rearrange(mask, "n (j k) h w -> k (n j) 1 h w", k=taps)
    result = bias[:, None, None]
    for tap in range(taps):
        y, x_ = divmod(tap, width)
        step = x.new_tensor([x_ - width // 2, y - height // 2])[:, None, None]
        flow = places[tap].flip(1) + step  # (dy, dx) becomes (x, y)
        sampled = factors[tap] * backward_warp(grouped, flow)
        sampled = rearrange(sampled, "(n j) c h w -> n (j c) h w", j=groups)
        result = result + F.conv2d(sampled, weight[:, :, y, x_, None, None])
    return result
