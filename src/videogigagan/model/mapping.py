"""The mapping network: a random vector z becomes the style w (Sec. 3.1, StyleGAN2)."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

_SLOW = 0.01  # StyleGAN2's learning-rate multiplier for the mapping network


class MappingNetwork(nn.Module):
    """z, brought to unit length per channel, through a few slowly learning layers.

    Shapes:
        z:  (s, latent_dim), standard normal
        w:  (s, style_dim)
    """

    def __init__(self, latent_dim: int = 512, style_dim: int = 512, layers: int = 4) -> None:
        super().__init__()
        widths = [latent_dim] + [style_dim] * layers
        self.layers = nn.ModuleList(
            SlowLinear(wide, narrow) for wide, narrow in zip(widths[:-1], widths[1:], strict=True)
        )

    def forward(self, z: Float[Tensor, "s z"]) -> Float[Tensor, "s d"]:
        """Map."""
        x = z * (z.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2) * math.sqrt(2)
        return x


class SlowLinear(nn.Module):
    """A linear layer with equalised learning rate, slowed down by a constant."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels) / _SLOW)
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Float[Tensor, "s i"]) -> Float[Tensor, "s o"]:
        """Multiply and shift."""
        gain = _SLOW / math.sqrt(x.shape[1])
        return F.linear(x, self.weight * gain, self.bias * _SLOW)
