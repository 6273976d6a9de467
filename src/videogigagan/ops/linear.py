"""Linear layers whose effective learning rate is set by construction (StyleGAN)."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class EqualisedLinear(nn.Module):
    """x W^T c + b, with c such that an optimiser's step moves the result alike at every width.

    Adam moves every weight by about the learning rate; over a wide input these moves add up.
    Weights of unit size, scaled in use, keep them in proportion.

    Shapes:
        x:       (s, i)
        result:  (s, o)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        bias: float = 0.0,
        gain: float = 1.0,
        rate: float = 1.0,
    ) -> None:
        """Take widths, initial bias, initial size of the result, share of the rate."""
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels) * (gain / rate))
        self.bias = nn.Parameter(torch.full((out_channels,), bias / rate))
        self.scale = rate / math.sqrt(in_channels)
        self.rate = rate

    def forward(self, x: Float[Tensor, "s i"]) -> Float[Tensor, "s o"]:
        """Multiply and shift."""
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)
