"""The encoder half of the U-Net: anti-aliased down blocks (Sec. 3.1, 3.4)."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.model.block import synthesis_blocks
from videogigagan.model.config import GeneratorConfig, Level
from videogigagan.model.shuttle import SkipContent, shuttle
from videogigagan.ops.filters import Bands, LowPass, subsample
from videogigagan.ops.style import Style

Downsampling = Literal["blurpool", "strided"]


class DownBlock(nn.Module):
    """E_i: blocks, a convolution whose output is f_i, then half the resolution.

    With `blurpool` the low band of f_i is subsampled, so nothing aliases; with `strided` f_i
    itself is, which is what a strided convolution computes.

    Shapes:
        x:       (n, i, h, w), h and w even
        down:    (n, o, h/2, w/2)
        skip:    (n, o, h, w)
    """

    def __init__(
        self,
        in_channels: int,
        level: Level,
        *,
        style_dim: int,
        downsampling: Downsampling,
        skip: SkipContent,
    ) -> None:
        super().__init__()
        self.downsampling: Downsampling = downsampling
        self.skip: SkipContent = skip
        self.blocks = synthesis_blocks(
            in_channels,
            level.channels,
            blocks=level.blocks,
            filters=level.filters,
            style_dim=style_dim,
        )
        self.convolution = nn.Conv2d(level.channels, level.channels, 3, padding=1)
        self.low_pass = LowPass()

    def forward(
        self, x: Float[Tensor, "n i h w"], style: Style
    ) -> tuple[Float[Tensor, "n o h/2 w/2"], Float[Tensor, "n o h w"]]:
        """Return what goes down and what goes across."""
        for block in self.blocks:
            x = block(x, style)
        x = self.convolution(x)
        bands = self.low_pass.split(x)
        return self._halve(x, bands), shuttle(bands, self.skip)

    def _halve(self, x: Tensor, bands: Bands) -> Tensor:
        return subsample(bands.low if self.downsampling == "blurpool" else x)


class Encoder(nn.Module):
    """E_2 ∘ E_1 ∘ E_0 (Eq. 1).

    Shapes:
        x:       (n, c_0, h, w), sides multiples of 2^levels
        bottom:  (n, c_last, h/2^levels, w/2^levels)
        skips:   one per level, finest first
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        widths = [config.encoder[0].channels] + [level.channels for level in config.encoder]
        self.levels = nn.ModuleList(
            DownBlock(
                width,
                level,
                style_dim=config.style_dim,
                downsampling=config.downsampling,
                skip=config.skip,
            )
            for width, level in zip(widths, config.encoder, strict=False)
        )

    def forward(
        self, x: Float[Tensor, "n c h w"], style: Style
    ) -> tuple[Float[Tensor, "n o H W"], list[Tensor]]:
        """Descend, leaving a skip at every level."""
        skips: list[Tensor] = []
        for level in self.levels:
            x, skip = level(x, style)
            skips.append(skip)
        return x, skips
