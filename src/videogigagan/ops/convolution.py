"""Modulated convolution, adaptive kernel selection (GigaGAN Eq. 1-2, StyleGAN2; Sec. 3.1)."""

import math

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.ops.linear import EqualisedLinear
from videogigagan.ops.style import Style

_SLOPE = 0.2
_GAIN = math.sqrt(2)  # keeps the variance through LeakyReLU, as StyleGAN2 does
_STYLE_GAIN = (
    0.1  # fresh styles lie near one, so that early steps see much the same kernels whatever z
)


class AdaptiveConv2d(nn.Module):
    """Convolution whose kernel is chosen, scaled and normalised by the style.

    A bank of N kernels K_i is mixed by softmax(W_f w + b_f), its input channels are scaled by
    W_m w + b_m, and each output channel is brought back to unit norm (demodulation). The kernel
    is the same at every position, so the cost does not depend on N.

    Shapes:
        x:       (n, i, h, w)
        style:   one row of w, or one per frame n
        result:  (n, o, h, w)
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, filters: int = 1, style_dim: int = 512
    ) -> None:
        super().__init__()
        self.layer = 0
        self.bank = nn.Parameter(
            torch.randn(filters, out_channels, in_channels, 3, 3) / math.sqrt(9 * in_channels)
        )
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.modulation = style_affine(style_dim, in_channels, bias=1.0)
        self.selector = style_affine(style_dim, filters, bias=0.0) if filters > 1 else None
        self.noise_strength = nn.Parameter(torch.zeros(()))

    def forward(self, x: Float[Tensor, "n i h w"], style: Style) -> Float[Tensor, "n o h w"]:
        """Convolve, add noise and bias, apply LeakyReLU(0.2) times sqrt(2)."""
        x = convolve(x, self.kernel(style.vector), _GAIN * self.bias)
        noise = style.noise_map(self.layer, x)
        if noise is not None:
            x = x + _GAIN * self.noise_strength * noise
        return F.leaky_relu(x, _SLOPE, inplace=True)

    def kernel(self, vector: Float[Tensor, "s d"]) -> Float[Tensor, "s o i 3 3"]:
        """Select, modulate, demodulate, and multiply by the activation's gain.

        LeakyReLU commutes with a positive factor, so the gain costs nothing in front of it.
        """
        kernel = self._selected(vector) * rearrange(self.modulation(vector), "s i -> s 1 i 1 1")
        norm = kernel.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8
        return kernel * (_GAIN * norm.rsqrt())

    def _selected(self, vector: Tensor) -> Tensor:
        if self.selector is None:
            return self.bank
        shares = self.selector(vector).softmax(dim=-1)
        return torch.einsum("sf,foiyx->soiyx", shares, self.bank)

    def bake(self, style: Style) -> "BakedConv2d":
        """Freeze the kernel for one style."""
        return BakedConv2d(
            kernel=self.kernel(style.vector),
            bias=_GAIN * self.bias,
            noise_strength=_GAIN * self.noise_strength.item(),
            layer=self.layer,
        )


class BakedConv2d(nn.Module):
    """An `AdaptiveConv2d` whose style no longer changes: a plain convolution."""

    kernel: Tensor
    bias: Tensor

    def __init__(
        self, *, kernel: Tensor, bias: Tensor, noise_strength: float, layer: int
    ) -> None:
        super().__init__()
        if len(kernel) != 1:
            raise ValueError(f"only a single style can be baked, not {len(kernel)}")
        self.layer = layer
        self.noise_strength = noise_strength
        kernel = kernel[0].detach().contiguous(memory_format=torch.channels_last)
        self.register_buffer("kernel", kernel)
        self.register_buffer("bias", bias.detach().clone())

    def forward(self, x: Float[Tensor, "n i h w"], style: Style) -> Float[Tensor, "n o h w"]:
        """Convolve, add noise and bias, apply LeakyReLU; of `style` only the noise is read."""
        x = F.conv2d(x, self.kernel, self.bias, padding=1)
        if self.noise_strength:
            noise = style.noise_map(self.layer, x)
            if noise is not None:
                x = x + self.noise_strength * noise
        return F.leaky_relu(x, _SLOPE, inplace=True)


class ToRGB(nn.Module):
    """Modulated 1x1 convolution to colour, neither demodulated nor activated (StyleGAN2).

    Shapes:
        x:       (n, c, h, w)
        result:  (n, 3, h, w), in the generator's own range [-1, 1]
    """

    def __init__(self, channels: int, style_dim: int = 512) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, channels, 1, 1))  # equalised: scaled in use
        self.bias = nn.Parameter(torch.zeros(3))
        self.modulation = style_affine(style_dim, channels, bias=1.0)

    def forward(self, x: Float[Tensor, "n c h w"], style: Style) -> Float[Tensor, "n 3 h w"]:
        """Project to colour."""
        return convolve(x, self.kernel(style.vector), self.bias)

    def kernel(self, vector: Float[Tensor, "s d"]) -> Float[Tensor, "s 3 c 1 1"]:
        """Modulate; the weights are scaled here, as in `EqualisedLinear`."""
        scales = self.modulation(vector) / math.sqrt(self.weight.shape[1])
        return self.weight * rearrange(scales, "s c -> s 1 c 1 1")

    def bake(self, style: Style) -> "BakedToRGB":
        """Freeze the projection for one style."""
        return BakedToRGB(kernel=self.kernel(style.vector)[0], bias=self.bias)


class BakedToRGB(nn.Module):
    """A `ToRGB` whose style no longer changes."""

    kernel: Tensor
    bias: Tensor

    def __init__(self, *, kernel: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer(
            "kernel", kernel.detach().contiguous(memory_format=torch.channels_last)
        )
        self.register_buffer("bias", bias.detach().clone())

    def forward(self, x: Float[Tensor, "n c h w"], style: Style) -> Float[Tensor, "n 3 h w"]:  # noqa: ARG002
        """Project to colour; `style` is baked in."""
        return F.conv2d(x, self.kernel, self.bias)


def style_affine(style_dim: int, channels: int, *, bias: float) -> EqualisedLinear:
    """A linear map of the style whose output starts close to `bias`."""
    return EqualisedLinear(style_dim, channels, bias=bias, gain=_STYLE_GAIN)


def convolve(
    x: Float[Tensor, "n i h w"], kernels: Float[Tensor, "s o i k k"], bias: Float[Tensor, " o"]
) -> Float[Tensor, "n o h w"]:
    """Same-size convolution with one kernel for all frames (s = 1), or one each (s = n)."""
    padding = kernels.shape[-1] // 2
    if len(kernels) == 1:
        return F.conv2d(x, kernels[0], bias, padding=padding)
    joined = rearrange(x, "n i h w -> 1 (n i) h w")
    weight = rearrange(kernels, "n o i y x -> (n o) i y x")
    result = F.conv2d(
        joined, weight, bias.repeat(len(kernels)), padding=padding, groups=len(kernels)
    )
    return rearrange(result, "1 (n o) h w -> n o h w", n=len(kernels))
