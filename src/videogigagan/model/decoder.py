"""The decoder half of the U-Net: up blocks, attention over space and time (Sec. 3.1, 3.2)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.model.block import synthesis_blocks
from videogigagan.model.config import GeneratorConfig, Level
from videogigagan.model.temporal import TemporalModule
from videogigagan.ops.attention import SpatialAttention
from videogigagan.ops.convolution import ToRGB
from videogigagan.ops.layout import clips_of, frames_of
from videogigagan.ops.resize import bilinear_upsample
from videogigagan.ops.style import Style


class UpBlock(nn.Module):
    """D_i: double the resolution, blocks with the skip, spatial attention, temporal module.

    Shapes:
        x:       (n, i, h, w), n = b·t
        skip:    (n, o, 2h, 2w) or None
        result:  (n, o, 2h, 2w)
    """

    def __init__(self, in_channels: int, level: Level, *, style_dim: int, tied: bool) -> None:
        super().__init__()
        self.blocks = synthesis_blocks(
            in_channels,
            level.channels,
            blocks=level.blocks,
            filters=level.filters,
            style_dim=style_dim,
        )
        self.attention = nn.ModuleList(
            SpatialAttention(level.channels, tied=tied) for _ in range(level.attention)
        )
        self.temporal = (
            TemporalModule(level.channels, level.temporal, tied=tied)
            if level.temporal
            else None
        )

    def forward(
        self, x: Float[Tensor, "n i h w"], style: Style, skip: Tensor | None, *, batch: int
    ) -> Float[Tensor, "n o H W"]:
        """Ascend one level."""
        x = bilinear_upsample(x)
        for block in self.blocks:
            x = block(x, style, skip)
            skip = None
        for attention in self.attention:
            x = attention(x)
        if self.temporal is not None:
            x = frames_of(self.temporal(clips_of(x, batch)))
        return x


class Decoder(nn.Module):
    """D_{k+2} ∘ … ∘ D_0 (Eq. 1), each level adding its RGB to the enlarged sum of the coarser.

    Shapes:
        bottom:  (n, c, h/2^levels, w/2^levels)
        skips:   from the encoder, finest first
        result:  (n, 3, H, W), in [-1, 1] of the generator's own range
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        widths = [config.encoder[-1].channels] + [level.channels for level in config.decoder]
        self.levels = nn.ModuleList(
            UpBlock(width, level, style_dim=config.style_dim, tied=config.tied_attention)
            for width, level in zip(widths, config.decoder, strict=False)
        )
        temporal = [index for index, level in enumerate(config.decoder) if level.temporal]
        self.joint = max([len(config.encoder) - 1, *temporal]) + 1
        projections = [ToRGB(level.channels, config.style_dim) for level in config.decoder]
        self.to_rgb = nn.ModuleList(projections)
        if config.residual != "none":  # a fresh model is then exactly what it is added to
            for projection in projections:
                nn.init.zeros_(projection.weight)

    def forward(
        self, bottom: Float[Tensor, "n c h w"], skips: list[Tensor], style: Style, *, batch: int
    ) -> Float[Tensor, "n 3 H W"]:
        """Ascend to the output's resolution.

        In evaluation mode the levels above the last skip and temporal module, which hold
        most of the memory, are run frame by frame; frames do not meet there.
        """
        x, picture = bottom, bottom.new_zeros(len(bottom), 3, 1, 1)
        for index in range(self.joint):
            skip = skips[-1 - index] if index < len(skips) else None
            x = self.levels[index](x, style, skip, batch=batch)
            picture = self._painted(index, x, picture, style)
        if self.training or len(style.vector) > 1:
            return self._ascend(x, picture, style)
        frames = zip(x.split(1), picture.split(1), strict=True)
        return torch.cat([self._ascend(*frame, style) for frame in frames])

    def _ascend(self, x: Tensor, picture: Tensor, style: Style) -> Tensor:
        """The levels that treat every frame alone."""
        for index in range(self.joint, len(self.levels)):
            x = self.levels[index](x, style, None, batch=len(x))
            picture = self._painted(index, x, picture, style)
        return picture

    def _painted(self, index: int, x: Tensor, picture: Tensor, style: Style) -> Tensor:
        """The enlarged picture so far, and what this level adds to it."""
        if index > 0:
            picture = bilinear_upsample(picture)
        return picture + self.to_rgb[index](x, style)
