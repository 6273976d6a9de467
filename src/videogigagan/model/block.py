"""The synthesis block that encoder and decoder share (Sec. 3.1)."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.ops.convolution import AdaptiveConv2d
from videogigagan.ops.recompute import Forgetful
from videogigagan.ops.style import Style

_GAIN = 0.4  # of the residual branch, as in StyleGAN2-derived GigaGAN upsamplers


class SynthesisBlock(Forgetful):
    """Two modulated convolutions, residual where the width stays the same.

    Shapes:
        x:       (n, i, h, w)
        skip:    (n, o, h, w), added after the first convolution
        result:  (n, o, h, w)
    """

    def __init__(
        self, in_channels: int, channels: int, *, filters: int, style_dim: int
    ) -> None:
        super().__init__()
        self.keeps_width = in_channels == channels
        self.first = AdaptiveConv2d(in_channels, channels, filters=filters, style_dim=style_dim)
        self.second = AdaptiveConv2d(channels, channels, filters=filters, style_dim=style_dim)

    def forward(
        self,
        x: Float[Tensor, "n i h w"],
        style: Style,
        skip: Float[Tensor, "n o h w"] | None = None,
    ) -> Float[Tensor, "n o h w"]:
        """Refine `x` and take in what the encoder sends."""
        y = self.first(x, style)
        if skip is not None:
            y = y + skip
        y = self.second(y, style)
        return torch.add(x, y, alpha=_GAIN) if self.keeps_width else y


def synthesis_blocks(
    in_channels: int, channels: int, *, blocks: int, filters: int, style_dim: int
) -> nn.ModuleList:
    """Blocks in a row; the first one changes the width."""
    widths = [in_channels] + [channels] * blocks
    return nn.ModuleList(
        SynthesisBlock(wide, narrow, filters=filters, style_dim=style_dim)
        for wide, narrow in pairwise(widths)
    )
