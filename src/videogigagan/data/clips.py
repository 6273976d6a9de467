"""Training clips: everything about clip number s follows from (seed, s)."""

import math
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import torch
import torch.nn.functional as F
from av.error import FFmpegError
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from videogigagan.data.degrade import bicubic_degradation
from videogigagan.data.motion import camera_motion
from videogigagan.errors import ConfigError, DataError
from videogigagan.ops.resize import bicubic_downsample, bicubic_upsample


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipPair:
    """A clip at both sizes."""

    small: Float[Tensor, "t 3 h w"]
    """What the network sees, RGB in [0, 1]."""
    large: Float[Tensor, "t 3 H W"]
    """What it should make of it."""
    source: str
    """Name of the file it was cut from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipSource:
    """Folders of videos and photos, and how a clip is cut from them."""

    videos: Path
    """Folder of video files, each one shot."""
    photos: Path
    """Folder of photos, turned into clips by synthetic camera motion."""
    frames: int = 7
    """Length of a clip."""
    small_size: int = 56
    """Side of the low-resolution clip."""
    scale: int = 4
    """Reduction from the large to the small clip."""
    photo_share: float = 0.6
    """Share of the clips that come from photos."""
    defocus: float = 0.0
    """Largest sigma of the blur that a clip as a whole gets, in pixels of the large clip. What
    is scaled down is sharper than what a camera films at that size; with clips of all degrees a
    network can tell from the small clip how sharp the large one should be."""
    candidates: int = 2
    """Clips drawn for each one kept, the one with most texture: flat walls teach little."""
    seed: int = 0
    """Start of every random choice."""

    def __post_init__(self) -> None:
        for folder in (self.videos, self.photos):
            if not folder.is_dir():
                raise DataError(
                    f"{folder}: no such folder. Give a folder of training material."
                )
        if not self.defocus >= 0:
            raise ConfigError(f"clips: defocus must be at least 0, not {self.defocus}.")

    def pair(self, index: int) -> ClipPair:
        """Clip number `index`: the same one whenever, wherever it is asked for."""
        drawn = (
            self._draw(np.random.default_rng((self.seed, index, candidate)))
            for candidate in range(self.candidates)
        )
        large, path = max(drawn, key=lambda candidate: _texture(candidate[0]))
        rng = np.random.default_rng((self.seed, index, self.candidates))
        large = _eight_bit(_defocused(large, rng.uniform(0, self.defocus)))
        small = bicubic_degradation(large, self.scale)
        return ClipPair(small=small, large=large, source=path.name)

    def _draw(self, rng: np.random.Generator) -> tuple[Tensor, Path]:
        size = self.small_size * self.scale
        if rng.random() < self.photo_share:
            path = _pick(self.photos, rng)
            large = camera_motion(_photo(path, size), self.frames, size, rng)
        else:
            path = _pick(self.videos, rng)
            large = _crop(path, self.frames, size, rng)
        return _augment(large, rng), path


def _pick(folder: Path, rng: np.random.Generator) -> Path:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    if not files:
        raise DataError(f"{folder}: is empty. Put training material there.")
    return files[rng.integers(len(files))]


def _photo(path: Path, size: int) -> np.ndarray:
    with Image.open(path) as image:
        picture = np.array(image.convert("RGB"))
    if min(picture.shape[:2]) < size:
        raise DataError(
            f"{path}: is too small ({picture.shape[1]}x{picture.shape[0]}, need {size}). "
            f"Remove it."
        )
    return picture


def _crop(path: Path, frames: int, size: int, rng: np.random.Generator) -> Tensor:
    """Cut a window out of consecutive (or every second) frames."""
    pictures = _decoded(path)
    stride = int(rng.integers(1, 3)) if len(pictures) >= 2 * frames else 1
    span = stride * (frames - 1) + 1
    height, width, _ = pictures[0].shape
    if len(pictures) < span or min(height, width) < size:
        raise DataError(
            f"{path}: is too small ({len(pictures)} frames of {width}x{height}). Remove it."
        )
    start = int(rng.integers(len(pictures) - span + 1))
    top, left = int(rng.integers(height - size + 1)), int(rng.integers(width - size + 1))
    window = np.stack(pictures[start : start + span : stride])
    window = window[:, top : top + size, left : left + size]
    return torch.from_numpy(window).permute(0, 3, 1, 2).float() / 255


def _decoded(path: Path) -> list[np.ndarray]:
    try:
        with av.open(str(path)) as container:
            pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    except (FFmpegError, IndexError) as error:
        raise DataError(f"{path}: cannot be decoded ({error}). Remove it.") from error
    if not pictures:
        raise DataError(f"{path}: holds no frames. Remove it.")
    return pictures


def _augment(clip: Tensor, rng: np.random.Generator) -> Tensor:
    """Flip, transpose, reverse (BasicVSR's practice)."""
    axes = [axis for axis in (0, 2, 3) if rng.random() < 0.5]
    clip = clip.flip(axes)
    return clip.transpose(2, 3).contiguous() if rng.random() < 0.5 else clip


def _defocused(clip: Tensor, sigma: float) -> Tensor:
    """Blur a clip by a Gaussian; the border is mirrored."""
    reach = math.ceil(3 * sigma)
    if reach == 0:
        return clip
    places = torch.arange(-reach, reach + 1)
    taps = (-places.square() / (2 * sigma**2)).exp()
    taps = (taps / taps.sum()).expand(3, 1, -1)
    clip = F.pad(clip, (reach,) * 4, mode="reflect")
    clip = F.conv2d(clip, taps[..., None], groups=3)
    return F.conv2d(clip, taps[..., None, :], groups=3)


def _texture(clip: Tensor) -> float:
    """Mean size of what bicubic reduction loses in the middle frame."""
    middle = clip[len(clip) // 2][None]
    return (middle - bicubic_upsample(bicubic_downsample(middle, 4), 4)).abs().mean().item()


def _eight_bit(clip: Tensor) -> Tensor:
    return (clip * 255).round() / 255
