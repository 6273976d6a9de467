"""The tensor vocabulary that every module shares.

Letters: `b` batch, `t` time, `n` = b·t, `c` channels, `h w` the low-resolution size, `H W` the
upscaled size, `k` attention heads, `d` head width. Pictures are RGB, float, in [0, 1] at every
public boundary.
"""

from typing import TypeAlias

from jaxtyping import Float
from torch import Tensor

Clip: TypeAlias = Float[Tensor, "b t 3 h w"]
"""A batch of low-resolution clips, RGB in [0, 1]."""

LargeClip: TypeAlias = Float[Tensor, "b t 3 H W"]
"""A batch of clips at the upscaled size, RGB in [0, 1]."""

Features: TypeAlias = Float[Tensor, "b t c h w"]
"""What one position of the low-resolution grid knows after propagation (Sec. 3.3)."""

Flow: TypeAlias = Float[Tensor, "n 2 h w"]
"""Optical flow in pixels, (x, y): where on the other frame this frame's pixel lies."""
