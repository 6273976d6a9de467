"""Where the clips of a data set lie, in the layouts that people get by unpacking it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from videogigagan.errors import DataError
from videogigagan.video.folder_source import natural_key

VIDEO_SUFFIXES = (".mkv", ".mp4", ".mov", ".avi", ".y4m")
"""Video files that count as clips; only lossless ones keep figures comparable."""

Frames = Path | tuple[Path, ...]
"""A video file or folder of images, or the images themselves, in order."""

_REDS_TRAIN = 240  # official training clips; the validation clips are numbered on from here
_VIMEO_LENGTH = 7
_VIMEO_SIZE = (448, 256)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipFiles:
    """One clip of a data set, whether its files are there or not."""

    name: str
    """What tables call it; fit for a file name."""
    frames: Frames
    """The truth."""
    small: Frames | None = None
    """The set's own BI-reduced frames, where it comes with them; else they are computed."""
    length: int | None = None
    """Frames it must have; None where any number will do."""
    size: tuple[int, int] | None = None
    """Width and height it must have; None where any will do."""

    @property
    def place(self) -> Path:
        """Where the truth lies, for messages."""
        return self.frames if isinstance(self.frames, Path) else self.frames[0].parent

    @property
    def exists(self) -> bool:
        """Whether there is anything of the truth."""
        return self.place.exists()


def reds(root: Path, *, numbers: Iterable[int]) -> list[ClipFiles]:
    """REDS clips by number; the official validation clips 0 to 29 are called 240 to 269.

    They lie in `train_sharp/NNN` and `val_sharp/NNN`, as unpacked (also with `train/` and
    `val/` before), or all in `train_sharp` under their new numbers, or in `GT/NNN`.
    """
    return [_reds_clip(root, number) for number in numbers]


def septuplets(root: Path, *, listed_in: str) -> list[ClipFiles]:
    """Vimeo-90K clips that a list beside `sequences` names; or a flat folder of clips.

    Raises:
        DataError: The list is missing or damaged, or a flat folder holds no clips.
    """
    sequences = root / "sequences"
    if not sequences.is_dir():
        return flat(root, length=_VIMEO_LENGTH)
    return [
        ClipFiles(
            name=name.replace("/", "_"),
            frames=tuple(
                sequences / name / f"im{index}.png" for index in range(1, _VIMEO_LENGTH + 1)
            ),
            length=_VIMEO_LENGTH,
            size=_VIMEO_SIZE,
        )
        for name in _listed(root / listed_in)
    ]


def named(root: Path, *, extents: Mapping[str, tuple[int, int, int]]) -> list[ClipFiles]:
    """Clips known by name, in `GT` or in the folder itself, as folders or videos.

    Args:
        root: Folder of the set.
        extents: Frames, width and height of each clip.
    """
    base = root / "GT" if (root / "GT").is_dir() else root
    return [
        ClipFiles(
            name=name,
            frames=_first(base, name),
            length=length,
            size=(width, height),
        )
        for name, (length, width, height) in extents.items()
    ]


def flat(root: Path, *, length: int | None = None, count: int | None = None) -> list[ClipFiles]:
    """Every video and every folder, in `GT` if there is one; frames may lie in `CLIP/truth`.

    Raises:
        DataError: There are none, not `count`, or two of one name.
    """
    base = root / "GT" if (root / "GT").is_dir() else root
    entries = [entry for entry in base.iterdir() if _is_clip(entry)]
    clips = [
        ClipFiles(
            name=entry.name if entry.is_dir() else entry.stem,
            frames=entry / "truth" if (entry / "truth").is_dir() else entry,
            length=length,
        )
        for entry in sorted(entries, key=lambda entry: natural_key(entry.name))
    ]
    names = [clip.name for clip in clips]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not clips:
        raise DataError(f"{base}: holds no clips. Put videos, or folders of images, there.")
    if twice:
        raise DataError(
            f"{base}: holds two clips called {twice[0]}. Remove one, or give it another name."
        )
    if count is not None and len(clips) != count:
        raise DataError(
            f"{base}: holds {len(clips)} clips, but the set has {count}. Complete it, or give "
            "the folder as clips=FOLDER."
        )
    return clips


def _reds_clip(root: Path, number: int) -> ClipFiles:
    name = f"{number:03d}"
    large, small = [f"train_sharp/{name}"], [f"train_sharp_bicubic/X4/{name}"]
    part, own = "train", name
    if number >= _REDS_TRAIN:
        part, own = "val", f"{number - _REDS_TRAIN:03d}"
        large.append(f"{part}_sharp/{own}")
        small.append(f"{part}_sharp_bicubic/X4/{own}")
    large += [f"{part}/{part}_sharp/{own}", f"GT/{name}"]
    small += [f"{part}/{part}_sharp_bicubic/X4/{own}", f"sharp_bicubic/{name}"]
    reduced = _first(root, *small)
    return ClipFiles(
        name=name,
        frames=_first(root, *large),
        small=reduced if reduced.exists() else None,
        length=100,
        size=(1280, 720),
    )


def _first(root: Path, *places: str) -> Path:
    """Return the first folder or video that exists, or else the first place to look."""
    for place in places:
        for path in (root / place, *(root / f"{place}{suffix}" for suffix in VIDEO_SUFFIXES)):
            if path.exists():
                return path
    return root / places[0]


def _is_clip(entry: Path) -> bool:
    if entry.name.startswith("."):
        return False
    return entry.is_dir() or entry.suffix.lower() in VIDEO_SUFFIXES


def _listed(path: Path) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError as error:
        raise DataError(
            f"{path}: no such file. It comes with the Vimeo-90K septuplets; put it there."
        ) from error
    names = [line for line in lines if line]
    damaged = [name for name in names if not re.fullmatch(r"[0-9]+/[0-9]+", name)]
    if damaged or not names:
        raise DataError(
            f"{path}: is not a list of septuplets ({damaged[0] if damaged else 'empty'!r}). "
            "Fetch it again."
        )
    return names
