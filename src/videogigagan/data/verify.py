"""Whether the files of a data set are whole and what its protocol takes them for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor

from videogigagan.data.datasets import read_frames, read_small
from videogigagan.data.layouts import ClipFiles
from videogigagan.errors import DataError, VideoError


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a clip turned out to be."""

    clip: str
    """Name of the clip."""
    frames: int
    """True frames that could be read."""
    size: tuple[int, int] | None
    """Their width and height; None if there were none."""
    problems: tuple[str, ...]
    """What is wrong, one line each."""


def examine(clip: ClipFiles, on_frame: Callable[[], None]) -> Finding:
    """Decode all frames of a clip, and of its reduced version if the set has one.

    Args:
        clip: What to look at.
        on_frame: Called after each frame, for progress.
    """
    if not clip.exists:
        problem = f"{clip.place}: is missing. Fetch the clip."
        return Finding(clip=clip.name, frames=0, size=None, problems=(problem,))
    frames, size, problem = _survey(read_frames(clip), on_frame)
    problems = [problem]
    if clip.small is not None:
        problems.append(_survey(read_small(clip), on_frame)[2])
    return Finding(
        clip=clip.name,
        frames=frames,
        size=size,
        problems=tuple(problem for problem in problems if problem is not None),
    )


def _survey(
    frames: Iterator[Tensor], on_frame: Callable[[], None]
) -> tuple[int, tuple[int, int] | None, str | None]:
    """Count frames up to the end or the first problem; return their size and that problem."""
    count, size = 0, None
    try:
        for frame in frames:
            height, width = frame.shape[-2:]
            count, size = count + 1, (width, height)
            on_frame()
    except (DataError, VideoError) as error:
        return count, size, str(error)
    return count, size, None
