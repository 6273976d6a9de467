"""The degradation `real`: what becomes of video on its way from a camera to a file.

Blur, a change of size, noise, JPEG, the reduction itself, and video compression, each of them
with random strength or left out. All is decided once per clip, as one camera and one encoder
would; only noise is new in each frame. The ranges are our choice: from hardly visible to bad.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from videogigagan.data.codec import VideoCodec, through_jpeg, through_video

Kernel = Literal["area", "bilinear", "bicubic"]

_KERNELS: tuple[Kernel, ...] = ("area", "bilinear", "bicubic")


@dataclass(frozen=True, kw_only=True, slots=True)
class Blur:
    """A Gaussian, round or not."""

    along: float
    """Sigma in one direction, in pixels of the small clip."""
    across: float
    """Sigma in the other."""
    angle: float
    """Of the first direction, in radians."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """Random errors of each pixel."""

    strength: float
    """Standard deviation, in [0, 1]; at full brightness if it depends on brightness."""
    kind: Literal["gaussian", "poisson"]
    """Poisson-like noise grows with the square root of brightness."""
    grey: bool
    """Whether all three channels get the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RealDegradation:
    """How one clip is degraded; None where nothing happens."""

    blur: Blur | None
    """First of all."""
    middle: float
    """Size at which noise and JPEG strike, as a multiple of the final one."""
    kernels: tuple[Kernel, Kernel]
    """Of the reduction to that size, and of the change to the final one."""
    noise: Noise | None
    """After the first change of size."""
    jpeg: int | None
    """Quality, 1 to 95."""
    video: tuple[VideoCodec, int] | None
    """Codec and crf, at the final size."""


def real_degradation(
    large: Float[Tensor, "t 3 H W"], rng: np.random.Generator, factor: int = 4
) -> Float[Tensor, "t 3 h w"]:
    """Degrade a clip by random means to exactly 1/`factor` of its size, on 8-bit levels.

    H and W must be multiples of `factor`; RGB in [0, 1] in and out.
    """
    return degrade(large, draw_degradation(rng), rng, factor)


def draw_degradation(rng: np.random.Generator) -> RealDegradation:
    """Choose every step and its strength."""
    return RealDegradation(
        blur=_draw_blur(rng) if rng.random() < 0.8 else None,
        middle=math.exp(rng.uniform(math.log(0.6), math.log(2.0))),
        kernels=(_KERNELS[rng.integers(3)], _KERNELS[rng.integers(3)]),
        noise=_draw_noise(rng) if rng.random() < 0.7 else None,
        jpeg=int(rng.integers(40, 96)) if rng.random() < 0.4 else None,
        video=_draw_video(rng) if rng.random() < 0.8 else None,
    )


def degrade(
    large: Float[Tensor, "t 3 H W"],
    how: RealDegradation,
    rng: np.random.Generator,
    factor: int = 4,
) -> Float[Tensor, "t 3 h w"]:
    """Carry out what was chosen; `rng` makes the noise."""
    height, width = (side // factor for side in large.shape[-2:])
    clip = large if how.blur is None else _blurred(large, how.blur, factor)
    middle = tuple(max(1, round(side * how.middle)) for side in (height, width))
    clip = _resized(clip, middle, how.kernels[0])
    clip = clip if how.noise is None else _noisy(clip, how.noise, rng)
    clip = clip if how.jpeg is None else through_jpeg(clip, how.jpeg)
    clip = (_resized(clip, (height, width), how.kernels[1]) * 255).round() / 255
    return clip if how.video is None else through_video(clip, *how.video)


def _draw_blur(rng: np.random.Generator) -> Blur:
    along = rng.uniform(0.1, 0.7)
    across = along if rng.random() < 0.5 else rng.uniform(0.1, 0.7)
    return Blur(along=along, across=across, angle=rng.uniform(0, math.pi))


def _draw_noise(rng: np.random.Generator) -> Noise:
    return Noise(
        strength=math.exp(rng.uniform(0, math.log(15))) / 255,
        kind="gaussian" if rng.random() < 0.5 else "poisson",
        grey=bool(rng.random() < 0.4),
    )


def _draw_video(rng: np.random.Generator) -> tuple[VideoCodec, int]:
    if rng.random() < 0.6:
        return "h264", int(rng.integers(18, 37))
    return "h265", int(rng.integers(20, 39))


def _blurred(clip: Tensor, blur: Blur, factor: int) -> Tensor:
    """Filter with the Gaussian; the border is repeated, which works at any size."""
    along, across = blur.along * factor, blur.across * factor
    reach = math.ceil(3 * max(along, across))
    places = torch.arange(-reach, reach + 1, dtype=clip.dtype)
    down, right = torch.meshgrid(places, places, indexing="ij")
    cosine, sine = math.cos(blur.angle), math.sin(blur.angle)
    first = (cosine * right + sine * down) / along
    second = (cosine * down - sine * right) / across
    taps = (-(first.square() + second.square()) / 2).exp()
    frames = rearrange(clip, "t c h w -> (t c) 1 h w")
    frames = F.pad(frames, (reach,) * 4, mode="replicate")
    frames = F.conv2d(frames, (taps / taps.sum())[None, None])
    return rearrange(frames, "(t c) 1 h w -> t c h w", c=3)


def _resized(clip: Tensor, size: tuple[int, ...], kernel: Kernel) -> Tensor:
    if clip.shape[-2:] == size:
        return clip
    if kernel == "area":
        return F.interpolate(clip, size=size, mode="area")
    return F.interpolate(clip, size=size, mode=kernel, antialias=True).clamp(0, 1)


def _noisy(clip: Tensor, noise: Noise, rng: np.random.Generator) -> Tensor:
    t, c, h, w = clip.shape
    errors = rng.standard_normal((t, 1 if noise.grey else c, h, w), dtype=np.float32)
    strength = noise.strength * (clip.sqrt() if noise.kind == "poisson" else 1)
    return (clip + strength * torch.from_numpy(errors)).clamp(0, 1)
