"""What makes one rendering of a video differ from another: style vector and noise maps."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

NoiseMode = Literal["const", "random", "none"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """Which part of a larger frame is rendered, in pixels of the small frame, extended."""

    top: int
    """Rows above the part."""
    left: int
    """Columns to the left of it."""
    rows: int
    """Its height."""
    height: int
    """Height of the whole frame."""
    width: int
    """Width of the whole frame."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """One draw of the generator's randomness (z of Eq. 1)."""

    vector: Float[Tensor, "s d"]
    """Output of the mapping network: one row for everything, or one row per frame."""
    seed: int = 0
    """Where the noise maps come from."""
    noise: NoiseMode = "const"
    """`const`: one map per layer for all frames, so that nothing flickers; `random`: new noise
    for each frame, from PyTorch's global generator; `none`: no noise."""
    region: Region | None = None
    """Where a part of a frame lies, so that its noise is that of the whole; None: the whole."""

    def noise_map(
        self, layer: int, like: Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "m 1 h w"] | None:
        """Noise for one layer, shared by all frames unless the mode is `random`.

        Constant maps are drawn on the CPU, so that every device renders the same video.
        """
        n, _, h, w = like.shape
        if self.noise == "none":
            return None
        if self.noise == "random":
            return torch.randn(n, 1, h, w, device=like.device, dtype=like.dtype)
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + layer)
        if self.region is None:
            return torch.randn(1, 1, h, w, generator=generator).to(like)
        height, width, top, left = (
            side * h // self.region.rows
            for side in (
                self.region.height,
                self.region.width,
                self.region.top,
                self.region.left,
            )
        )
        whole = torch.randn(1, 1, height, width, generator=generator)
        return whole[..., top : top + h, left : left + w].to(like)
