"""What makes one rendering of a video differ from another: style vector and noise maps."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

NoiseMode = Literal["const", "random", "none"]


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
        return torch.randn(1, 1, h, w, generator=generator).to(like)
