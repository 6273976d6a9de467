"""What a run learns from, as plain data, and the clips that this makes."""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from videogigagan.data.clips import ClipSource
from videogigagan.data.datasets import DATA_SETS
from videogigagan.data.layouts import ClipFiles
from videogigagan.data.material import (
    FrameFolders,
    Material,
    Mixture,
    PhotoFolder,
    VideoFolder,
    photo_files,
    video_files,
)
from videogigagan.errors import ConfigError, DataError

Part = Literal["train", "held-out"]
"""The files that are learnt from, or those that only validation sees."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighted:
    """A folder, and how often clips come from it."""

    path: str
    """The folder."""
    weight: float = 1.0
    """Its clips are so much more frequent than those of a folder of weight 1."""

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise ConfigError(
                f"data {self.path}: its weight must be above 0, not {self.weight}."
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class DataConfig:
    """Material and how clips are made of it. The same numbers always give the same clips."""

    videos: tuple[Weighted, ...] = ()
    """Folders of video files, each file one shot."""
    photos: tuple[Weighted, ...] = ()
    """Folders of photos, turned into clips by synthetic camera motion."""
    reds: tuple[Weighted, ...] = ()
    """Folders of REDS. REDS4 and REDSval4, which judge, are never drawn from (Sec. 4.1)."""
    vimeo: tuple[Weighted, ...] = ()
    """Folders of Vimeo-90K's septuplets, its training list."""
    degradation: Literal["bi", "bd", "real"] = "bi"
    """How the small clip is made of the large one."""
    motion: Literal["plane", "layers"] = "layers"
    """Photos move as one plane, or behind things that pass before them."""
    frames: int = 10
    """Length of a clip (Sec. 4.1); 1 for the image stage."""
    small_size: int = 64
    """Side of the low-resolution clip (Sec. 4.1)."""
    defocus: float = 0.0
    """Largest sigma of a blur of the whole clip, in pixels of the large one."""
    sharpening: float = 0.0
    """Largest amount of an unsharp mask of the whole clip, as cameras apply one."""
    clean: float = 0.0
    """Share of clips that are reduced as by BI, whatever the degradation."""
    candidates: int = 1
    """Clips drawn for each one kept, the one with most texture."""
    workers: int = 2
    """Processes that prepare clips; 0 does it in between steps."""
    held_out: float = 0.05
    """Share of the files that validation sees and training never."""

    def __post_init__(self) -> None:
        if min(self.frames, self.small_size, self.candidates) < 1:
            raise ConfigError("data: frames, small_size and candidates must be at least 1.")
        if self.workers < 0:
            raise ConfigError(f"data: workers must be at least 0, not {self.workers}.")
        if not 0 <= self.clean <= 1:
            raise ConfigError(f"data: clean must lie in [0, 1], not {self.clean}.")
        if not 0 <= self.held_out < 1:
            raise ConfigError(f"data: held_out must lie in [0, 1), not {self.held_out}.")


def clip_source(config: DataConfig, *, scale: int, seed: int, part: Part) -> ClipSource:
    """Return the clips of a part of the material.

    Raises:
        DataError: A folder is missing or holds nothing, or nothing is held out.
        ConfigError: The configuration names no material, or makes no sense.
    """
    return ClipSource(
        material=material(config, part),
        degradation=config.degradation,
        frames=config.frames,
        small_size=config.small_size,
        scale=scale,
        defocus=config.defocus,
        sharpening=config.sharpening,
        clean=config.clean,
        candidates=config.candidates,
        seed=seed,
    )


def material(config: DataConfig, part: Part) -> Mixture:
    """Return what clips are drawn from: a material for each folder that has any in this part.

    Raises:
        DataError: A folder is missing or holds nothing, or nothing is held out.
        ConfigError: The configuration names no material.
    """
    makers: tuple[tuple[tuple[Weighted, ...], Callable[[Path], Material | None]], ...] = (
        (config.photos, lambda folder: _photos(folder, config, part)),
        (config.videos, lambda folder: _videos(folder, config, part)),
        (config.reds, lambda folder: _reds(folder, config, part)),
        (config.vimeo, lambda folder: _vimeo(folder, config, part)),
    )
    found = [
        (make(Path(folder.path).expanduser()), folder.weight)
        for folders, make in makers
        for folder in folders
    ]
    if not found:
        raise ConfigError(
            "training data: none is named. Give a folder of videos, photos, REDS or Vimeo-90K."
        )
    parts = tuple((content, weight) for content, weight in found if content is not None)
    if not parts:
        raise DataError(
            "training data: nothing is held out for validation. Give more files, or a larger "
            "share."
        )
    return Mixture(parts)


def held_out(names: Sequence[str], share: float) -> set[str]:
    """Choose the names that judge, by a hash of each: who is chosen hardly depends on the rest.

    With a share above 0 and two names or more at least one is chosen and at least one is not.
    """
    places = {name: _place(name) for name in names}
    if share == 0 or len(places) < 2:
        return set()
    ranked = sorted(places, key=places.__getitem__)
    chosen = sum(place < share for place in places.values())
    return set(ranked[: min(max(chosen, 1), len(ranked) - 1)])


def _photos(folder: Path, config: DataConfig, part: Part) -> Material | None:
    files = _part(photo_files(folder), _below(folder), config, part)
    return PhotoFolder(folder, files=files, motion=config.motion) if files else None


def _videos(folder: Path, config: DataConfig, part: Part) -> Material | None:
    files = _part(video_files(folder), _below(folder), config, part)
    return VideoFolder(folder, files=files) if files else None


def _reds(folder: Path, config: DataConfig, part: Part) -> Material | None:
    clips = _listing("reds-train", folder)
    there = tuple(clip for clip in clips if clip.exists)
    if not there:
        raise DataError(
            f"{folder}: holds no clips of REDS ({clips[0].place} would be one). "
            "Unpack REDS there."
        )
    chosen = _part(there, lambda clip: clip.name, config, part)
    return FrameFolders(chosen) if chosen else None


def _vimeo(folder: Path, config: DataConfig, part: Part) -> Material | None:
    clips = tuple(_listing("vimeo-train", folder))
    # Clips of one numbered folder were cut from few videos; they stay together.
    chosen = _part(clips, lambda clip: clip.name.partition("_")[0], config, part)
    return FrameFolders(chosen, mirror=True) if chosen else None


def _listing(name: str, folder: Path) -> list[ClipFiles]:
    data_set = DATA_SETS[name]
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder. Put {data_set.title} there.")
    return data_set.listing(folder)


def _part(
    items: Sequence[T], name: Callable[[T], str], config: DataConfig, part: Part
) -> tuple[T, ...]:
    judges = held_out([name(item) for item in items], config.held_out)
    return tuple(item for item in items if (name(item) in judges) is (part == "held-out"))


def _below(folder: Path) -> Callable[[Path], str]:
    return lambda path: path.relative_to(folder).as_posix()


def _place(name: str) -> float:
    """A number in [0, 1) that depends on nothing but the name."""
    return int.from_bytes(hashlib.sha256(os.fsencode(name)).digest()[:6]) / 2**48
