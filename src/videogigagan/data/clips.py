"""Training clips: everything about clip number n follows from (seed, n)."""

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from videogigagan.data.codec import check_codecs
from videogigagan.data.degrade import bicubic_degradation, blur_degradation, crop_to_multiple
from videogigagan.data.material import Material
from videogigagan.data.real import real_degradation
from videogigagan.errors import ConfigError, DataError
from videogigagan.ops.filters import gaussian_taps
from videogigagan.ops.resize import bicubic_downsample, bicubic_upsample

ATTEMPTS = 100
"""Files that may turn out to be unusable before a clip is given up. Even where every second one
is, that never happens."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipPair:
    """A clip at both sizes."""

    small: Float[Tensor, "t 3 h w"]
    """What the network sees, RGB in [0, 1] on the 256 levels of 8 bits."""
    large: Float[Tensor, "t 3 H W"]
    """What it should make of it, likewise."""
    source: str
    """Name of the file it was cut from."""
    skipped: tuple[str, ...] = ()
    """What was wrong with files that were chosen before it; each message names one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipSource:
    """Training material, and how a clip is made of it."""

    material: Material
    """What clips are drawn from."""
    degradation: Literal["bi", "bd", "real"] = "bi"
    """How the small clip is made of the large one."""
    frames: int = 7
    """Length of a clip."""
    small_size: int = 56
    """Side of the low-resolution clip."""
    scale: int = 4
    """Reduction from the large to the small clip."""
    defocus: float = 0.0
    """Largest sigma of the blur that a clip as a whole gets, in pixels of the large clip. What
    is scaled down is sharper than what a camera films at that size; with clips of all degrees a
    network can tell from the small clip how sharp the large one should be."""
    sharpening: float = 0.0
    """Largest amount of an unsharp mask that a clip as a whole gets after its blur. Cameras
    raise the contrast of edges, not the detail: what they film looks sharp when it is reduced,
    and is soft at its own size."""
    clean: float = 0.0
    """Share of clips that are reduced as by BI, whatever the degradation: what is clean should
    stay so."""
    candidates: int = 2
    """Clips drawn for each one kept, the one with most texture: flat walls teach little."""
    seed: int = 0
    """Start of every random choice."""

    def __post_init__(self) -> None:
        if min(self.frames, self.small_size, self.candidates) < 1 or self.scale < 2:
            raise ConfigError(
                "clips: frames, small_size and candidates must be at least 1, and scale 2."
            )
        if not self.defocus >= 0:
            raise ConfigError(f"clips: defocus must be at least 0, not {self.defocus}.")
        if not self.sharpening >= 0:
            raise ConfigError(f"clips: sharpening must be at least 0, not {self.sharpening}.")
        if not 0 <= self.clean <= 1:
            raise ConfigError(f"clips: clean must lie in [0, 1], not {self.clean}.")
        if self.degradation == "bd":
            blur_degradation(torch.zeros(3, 4 * self.scale, 4 * self.scale), self.scale)
        if self.degradation == "real":
            check_codecs()

    def pair(self, index: int) -> ClipPair:
        """Clip number `index`: the same one whenever, wherever it is asked for.

        A file that cannot be used is skipped and another one drawn.

        Raises:
            DataError: So many files in turn could not be used that something must be wrong.
        """
        drawn, skipped = self._candidates(index)
        large, source = drawn[0]
        if len(drawn) > 1:
            large, source = max(drawn, key=lambda candidate: _texture(candidate[0]))
        rng = np.random.default_rng((self.seed, index, self.candidates))
        large = _eight_bit(self._filmed(large, rng))
        small = self._degraded(large, rng)
        return ClipPair(small=small, large=large, source=source, skipped=tuple(skipped))

    def _filmed(self, large: Tensor, rng: np.random.Generator) -> Tensor:
        large = _blurred(large, rng.uniform(0, self.defocus))
        if self.sharpening == 0:
            return large
        amount, reach = rng.uniform(0, self.sharpening), rng.uniform(1, 2)
        return (large + amount * (large - _blurred(large, reach))).clamp(0, 1)

    def _candidates(self, index: int) -> tuple[list[tuple[Tensor, str]], list[str]]:
        """Draw as many clips as wanted; tell what stood in the way."""
        drawn: list[tuple[Tensor, str]] = []
        skipped: list[str] = []
        for number in itertools.count():
            if number == self.candidates:  # the generator of what follows the choice
                continue
            rng = np.random.default_rng((self.seed, index, number))
            try:
                large, source = self.material.draw(
                    rng, self.frames, self.small_size * self.scale
                )
            except DataError as error:
                skipped.append(str(error))
                if len(skipped) == ATTEMPTS:
                    raise DataError(
                        f"clip {index}: {ATTEMPTS} files in turn could not be used (the last: "
                        f"{error}) Check the training material."
                    ) from error
                continue
            drawn.append((_augmented(large, rng), source))
            if len(drawn) == self.candidates:
                break
        return drawn, skipped

    def _degraded(self, large: Tensor, rng: np.random.Generator) -> Tensor:
        if self.clean and rng.random() < self.clean:
            return bicubic_degradation(large, self.scale)
        if self.degradation == "real":
            return real_degradation(large, rng, self.scale)
        reduce = bicubic_degradation if self.degradation == "bi" else blur_degradation
        return reduce(large, self.scale)


def _augmented(clip: Tensor, rng: np.random.Generator) -> Tensor:
    """Flip, transpose, reverse (BasicVSR's practice)."""
    axes = [axis for axis in (0, 2, 3) if rng.random() < 0.5]
    clip = clip.flip(axes)
    return clip.transpose(2, 3).contiguous() if rng.random() < 0.5 else clip


def _blurred(clip: Tensor, sigma: float) -> Tensor:
    """Blur a clip by a Gaussian; the border is mirrored."""
    reach = math.ceil(3 * sigma)
    if reach == 0:
        return clip
    places = torch.arange(-reach, reach + 1, dtype=clip.dtype)
    taps = gaussian_taps(places, sigma).expand(3, 1, -1)
    clip = F.pad(clip, (reach,) * 4, mode="reflect")
    clip = F.conv2d(clip, taps[..., None], groups=3)
    return F.conv2d(clip, taps[..., None, :], groups=3)


def _texture(clip: Tensor) -> float:
    """Mean size of what bicubic reduction loses in the middle frame."""
    middle = crop_to_multiple(clip[len(clip) // 2][None])
    return (middle - bicubic_upsample(bicubic_downsample(middle, 4), 4)).abs().mean().item()


def _eight_bit(clip: Tensor) -> Tensor:
    return (clip * 255).round() / 255
