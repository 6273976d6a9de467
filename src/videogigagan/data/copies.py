"""Degraded copies of a data set, on disk."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

from videogigagan.data.datasets import SCALE, read_frames
from videogigagan.data.degrade import crop_to_multiple
from videogigagan.data.layouts import ClipFiles
from videogigagan.data.reductions import REDUCTIONS, Reduction
from videogigagan.errors import DataError
from videogigagan.video.folder_sink import ImageFolderSink
from videogigagan.video.info import Frame
from videogigagan.video.paths import check_target, temporary_for

NOTE = "degradation.json"
"""What the copies are; written last, so where it is, they are complete."""

_TICK = Fraction(1, 25)


def write_degraded(
    clips: list[ClipFiles],
    output: Path,
    *,
    data_set: str,
    degradation: str,
    overwrite: bool,
    on_frame: Callable[[], None],
) -> dict[str, int]:
    """Write each clip's small frames as `output/CLIP/00000000.png` and on, and a note beside.

    A clip's folder appears when it is whole. Nothing is written if any of it exists already,
    unless that may be replaced.

    Args:
        clips: What to degrade.
        output: Where to write; created if need be.
        data_set: Name of the set that they are, for the note.
        degradation: A key of `REDUCTIONS`.
        overwrite: Whether copies that exist may be replaced.
        on_frame: Called after each frame, for progress.

    Returns:
        The number of frames by clip.

    Raises:
        DataError: The output cannot be used, or a clip is not what the set has.
        VideoError: A clip cannot be read or written, or exists.
    """
    _prepare(output, clips, overwrite=overwrite)
    counts = {
        clip.name: _write(clip, REDUCTIONS[degradation], output / clip.name, on_frame)
        for clip in clips
    }
    note = {
        "data_set": data_set,
        "degradation": degradation,
        "factor": SCALE,
        "version": version("videogigagan"),
        "frames": counts,
    }
    with _explained(output):
        partial = temporary_for(output / NOTE)
        partial.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
        partial.replace(output / NOTE)
    return counts


def _prepare(output: Path, clips: list[ClipFiles], *, overwrite: bool) -> None:
    """Check everything before the first frame is read."""
    if output.resolve() in {clip.place.parent.resolve() for clip in clips}:
        raise DataError(f"{output}: is where the originals lie. Choose another output.")
    note = output / NOTE
    if note.exists() and not overwrite:
        raise DataError(
            f"{output}: holds degraded copies already. Choose another output, or allow "
            "--overwrite."
        )
    for clip in clips:
        target = output / clip.name
        if target.exists():
            check_target(clip.place, target, overwrite=overwrite)
    with _explained(output):
        output.mkdir(parents=True, exist_ok=True)
        note.unlink(missing_ok=True)


def _write(
    clip: ClipFiles, reduce: Reduction, target: Path, on_frame: Callable[[], None]
) -> int:
    with ImageFolderSink(target) as sink:
        frames = (crop_to_multiple(large, SCALE) for large in read_frames(clip))
        for index, small in enumerate(reduce(frames)):
            place = Frame(pixels=small, index=index, pts=index, duration=1, time_base=_TICK)
            sink.write(small, place)
            on_frame()
    return sink.written


@contextmanager
def _explained(output: Path) -> Iterator[None]:
    """Turn errors of the disk into one clear line."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{output}: cannot be written to ({error.strerror}). Choose another output."
        ) from error
