"""Where training clips are cut from: videos, photos, data sets, and mixtures of them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from videogigagan.data.footage import Footage, open_footage, read_picture
from videogigagan.data.layers import layered_motion
from videogigagan.data.layouts import ClipFiles
from videogigagan.data.motion import camera_motion
from videogigagan.errors import ConfigError, DataError
from videogigagan.video.folder_source import SUFFIXES

VIDEO_SUFFIXES = (
    *(".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".y4m", ".mpg", ".mpeg"),
    *(".ts", ".mts", ".m2ts", ".mxf", ".flv", ".wmv", ".ogv", ".3gp"),
)
"""Files that are taken for videos; others in the folder are left alone."""


@dataclass(frozen=True, slots=True)
class Material(ABC):
    """Something that clips can be drawn from."""

    @abstractmethod
    def draw(
        self, rng: np.random.Generator, frames: int, size: int
    ) -> tuple[Float[Tensor, "t 3 s s"], str]:
        """Draw a square clip, RGB in [0, 1], and tell the name of the file it was cut from.

        Args:
            rng: Where every choice comes from.
            frames: Length of the clip.
            size: Side of the clip.

        Raises:
            DataError: The file that was chosen cannot be used; the message names it.
        """

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of all files or clips that may be drawn from."""


@final
@dataclass(frozen=True, slots=True)
class VideoFolder(Material):
    """Video files, each one shot. Every frame or every second one of a window is taken."""

    folder: Path
    """Where they lie, in folders inside it too."""
    files: tuple[Path, ...] = ()
    """Those to use; none stands for all."""

    def __post_init__(self) -> None:
        if not self.files:
            object.__setattr__(self, "files", video_files(self.folder))

    def draw(
        self, rng: np.random.Generator, frames: int, size: int
    ) -> tuple[Float[Tensor, "t 3 s s"], str]:
        """Cut a window out of a file, decoding only from the key frame before it."""
        path = self.files[rng.integers(len(self.files))]
        footage = open_footage(path)
        stride = int(rng.integers(1, 3)) if footage.count >= 2 * frames else 1
        places = tuple(range(0, stride * frames, stride))
        return _cut(footage, footage.count, places, size, rng), _name(path, self.folder)

    @property
    def names(self) -> tuple[str, ...]:
        """Paths of the files below the folder."""
        return tuple(_name(path, self.folder) for path in self.files)


@final
@dataclass(frozen=True, slots=True)
class PhotoFolder(Material):
    """Photos, each of which becomes a clip by synthetic camera motion."""

    folder: Path
    """Where they lie, in folders inside it too."""
    files: tuple[Path, ...] = ()
    """Those to use; none stands for all."""
    motion: Literal["plane", "layers"] = "layers"
    """The photo moves as one plane (`camera_motion`), or behind others (`layered_motion`)."""

    def __post_init__(self) -> None:
        if not self.files:
            object.__setattr__(self, "files", photo_files(self.folder))

    def draw(
        self, rng: np.random.Generator, frames: int, size: int
    ) -> tuple[Float[Tensor, "t 3 s s"], str]:
        """Move a camera over a photo."""
        path = self.files[rng.integers(len(self.files))]
        photo = read_picture(path)
        if min(photo.shape[:2]) < size:
            raise DataError(
                f"{path}: is too small ({photo.shape[1]}x{photo.shape[0]}, need {size}). "
                "Remove it."
            )
        move = camera_motion if self.motion == "plane" else layered_motion
        return move(photo, frames, size, rng), _name(path, self.folder)

    @property
    def names(self) -> tuple[str, ...]:
        """Paths of the photos below the folder."""
        return tuple(_name(path, self.folder) for path in self.files)


@final
@dataclass(frozen=True, slots=True)
class FrameFolders(Material):
    """Clips of a data set. Successive frames are taken."""

    clips: tuple[ClipFiles, ...]
    """The clips, as `data.layouts` finds them."""
    mirror: bool = False
    """Whether a clip that is too short is followed by its reverse: Vimeo-90K's 7 frames become
    14, as its test protocol does (`datasets.mirrored`)."""

    def draw(
        self, rng: np.random.Generator, frames: int, size: int
    ) -> tuple[Float[Tensor, "t 3 s s"], str]:
        """Cut a window out of a clip, reading only the frames that it needs."""
        clip = self.clips[rng.integers(len(self.clips))]
        footage = open_footage(clip.frames)
        count = footage.count
        if self.mirror and count < frames:
            count *= 2
        return _cut(footage, count, tuple(range(frames)), size, rng), clip.name

    @property
    def names(self) -> tuple[str, ...]:
        """What the data set calls its clips."""
        return tuple(clip.name for clip in self.clips)


@final
@dataclass(frozen=True, slots=True)
class Mixture(Material):
    """Several kinds of material, each drawn in proportion to its weight."""

    parts: tuple[tuple[Material, float], ...]
    """Materials and weights."""

    def __post_init__(self) -> None:
        if not self.parts or not all(weight > 0 for _, weight in self.parts):
            raise ConfigError(
                "training data: needs at least one material, each of a weight above 0."
            )

    def draw(
        self, rng: np.random.Generator, frames: int, size: int
    ) -> tuple[Float[Tensor, "t 3 s s"], str]:
        """Choose a material and draw from it."""
        bounds = np.cumsum([weight for _, weight in self.parts])
        place = int(np.searchsorted(bounds[:-1], rng.random() * bounds[-1], side="right"))
        return self.parts[place][0].draw(rng, frames, size)

    @property
    def names(self) -> tuple[str, ...]:
        """Those of all parts, in order."""
        return tuple(name for part, _ in self.parts for name in part.names)


def video_files(folder: Path) -> tuple[Path, ...]:
    """All videos in a folder and the folders inside it, in order.

    Raises:
        DataError: The folder is missing or holds none.
    """
    return _listed(folder, VIDEO_SUFFIXES, "videos")


def photo_files(folder: Path) -> tuple[Path, ...]:
    """All photos in a folder and the folders inside it, in order.

    Raises:
        DataError: The folder is missing or holds none.
    """
    return _listed(folder, SUFFIXES, "photos")


def _listed(folder: Path, suffixes: tuple[str, ...], kind: str) -> tuple[Path, ...]:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder. Give a folder of training material.")
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes and path.name[0] != "." and path.is_file()
    )
    if not files:
        raise DataError(
            f"{folder}: holds no {kind} (looked for {', '.join(suffixes)}). "
            "Put training material there."
        )
    return tuple(files)


def _cut(
    footage: Footage, count: int, places: tuple[int, ...], size: int, rng: np.random.Generator
) -> Float[Tensor, "t 3 s s"]:
    """Cut a window at a random time and place; frames past the end run backwards.

    `count` is how many frames there are to choose from, `places` which ones are taken when the
    window begins at frame 0.
    """
    span = places[-1] + 1
    if count < span or min(footage.height, footage.width) < size:
        raise DataError(
            f"{footage.path}: is too small ({footage.count} frames of "
            f"{footage.width}x{footage.height}, need {span} of {size}x{size}). Remove it."
        )
    start = int(rng.integers(count - span + 1))
    top = int(rng.integers(footage.height - size + 1))
    left = int(rng.integers(footage.width - size + 1))
    last = 2 * footage.count - 1
    wanted = [min(start + place, last - start - place) for place in places]
    needed = sorted(set(wanted))
    pictures = dict(zip(needed, footage.read(needed), strict=True))
    window = np.stack(
        [pictures[place][top : top + size, left : left + size] for place in wanted]
    )
    return rearrange(torch.from_numpy(window), "t h w c -> t c h w").float() / 255


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
