"""The high-frequency shuttle: what the encoder sends straight to the decoder (Sec. 3.5)."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from videogigagan.ops.filters import Bands

SkipContent = Literal["full", "low", "high"]


def shuttle(bands: Bands, content: SkipContent) -> Float[Tensor, "n c h w"]:
    """Pick what the skip connection carries.

    `high` is the paper's HF shuttle; `full` is GigaGAN's own skip; `low` serves the ablation
    row that has BlurPool but no shuttle, where a full-band skip would hide what the blur takes
    away.
    """
    if content == "high":
        return bands.high
    return bands.low if content == "low" else bands.low + bands.high
