"""Where results go: every check of an output path that can be made before any work is done."""

import itertools
import os
from pathlib import Path

from videogigagan.errors import ConfigError, VideoError

FILE_SUFFIXES = (".mp4", ".mkv", ".mov", ".m4v")
"""Containers that are written."""

_serial = itertools.count()


def is_pipe(path: Path) -> bool:
    """Return whether a path stands for standard input or output: "-"."""
    return path == Path("-")


def default_output(path: Path, label: str) -> Path:
    """Return where the result of `path` goes unless told: "name_LABEL.ext" beside it.

    Containers that are not written become ".mkv"; a folder of images becomes a folder.

    Raises:
        ConfigError: It is standard input, which has neither name nor place.
    """
    if is_pipe(path):
        raise ConfigError(
            "standard input: has no name for its result. Give -o FILE, or -o - for standard "
            "output."
        )
    path = path.resolve() if path.name in ("", ".", "..") else path
    if path.is_dir():
        return path.with_name(f"{path.name}_{label}")
    suffix = path.suffix if path.suffix.lower() in FILE_SUFFIXES else ".mkv"
    return path.with_name(f"{path.stem}_{label}{suffix}")


def is_folder_target(target: Path) -> bool:
    """Return whether the result is a folder of images: no suffix, or a folder is there."""
    return not is_pipe(target) and (target.is_dir() or not target.suffix)


def check_target(source: Path | None, target: Path, *, overwrite: bool) -> None:
    """Refuse an output path that is bound to fail or to destroy something.

    Args:
        source: What is read, or None if frames come from elsewhere.
        target: A video file to be, or a folder of images to be; a pipe may always be written.
        overwrite: Whether something that exists there may be replaced.

    Raises:
        VideoError: The output is the input, exists, has a suffix that is not written, or lies
            in a folder that is missing or cannot be written to.
    """
    if is_pipe(target):
        return
    if not is_folder_target(target) and target.suffix.lower() not in FILE_SUFFIXES:
        raise VideoError(
            f"{target}: cannot be written, its suffix is not known ({target.suffix}). "
            f"Use {', '.join(FILE_SUFFIXES)}, or no suffix for a folder of images."
        )
    check_place(source, target, overwrite=overwrite)


def check_place(source: Path | None, target: Path, *, overwrite: bool) -> None:
    """Refuse a place for a result, whatever its suffix.

    Raises:
        VideoError: As in `check_target`, suffixes aside.
    """
    if source is not None and target.exists() and source.exists() and target.samefile(source):
        raise VideoError(f"{target}: is the input. Choose another output.")
    if target.exists():
        _check_existing(target, overwrite=overwrite)
    parent = target.parent
    if not parent.is_dir():
        raise VideoError(
            f"{target}: cannot be written, its folder does not exist ({parent}). "
            "Create it first."
        )
    if not os.access(parent, os.W_OK | os.X_OK):
        raise VideoError(
            f"{target}: cannot be written, its folder is read-only ({parent}). Choose another."
        )


def temporary_for(target: Path) -> Path:
    """Return a hidden, unused name beside `target`, short enough wherever the target's is."""
    stem = os.fsdecode(os.fsencode(target.stem)[:60])
    suffix = target.suffix if target.suffix.lower() in FILE_SUFFIXES else ""
    return target.with_name(f".{stem}.partial-{os.getpid()}-{next(_serial)}{suffix}")


def _check_existing(target: Path, *, overwrite: bool) -> None:
    if not target.is_dir():
        if not overwrite:
            raise VideoError(
                f"{target}: exists already. Choose another output, or allow --overwrite."
            )
        if not target.is_file():
            raise VideoError(f"{target}: is not a regular file. Choose another output.")
        return
    entries = list(target.iterdir())
    if entries and not overwrite:
        raise VideoError(
            f"{target}: exists already and is not empty. Choose another output, or allow "
            "--overwrite."
        )
    foreign = sorted(entry.name for entry in entries if entry.suffix.lower() != ".png")
    if foreign:
        raise VideoError(
            f"{target}: holds more than frames ({foreign[0]!r}), so it is not replaced. "
            "Choose another output."
        )
