"""The mapping network: a random vector z becomes the style w (Sec. 3.1, StyleGAN2)."""

import math
from itertools import pairwise

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.ops.linear import EqualisedLinear

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
            EqualisedLinear(wide, narrow, rate=_SLOW) for wide, narrow in pairwise(widths)
        )

    def forward(self, z: Float[Tensor, "s z"]) -> Float[Tensor, "s d"]:
        """Map."""
        x = z * (z.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2) * math.sqrt(2)
        return x
