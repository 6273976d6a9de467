"""How a stream of frames is cut: into shots for propagation, and into chunks for rendering."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """Frames that are rendered together."""

    start: int
    """First frame."""
    stop: int
    """One past the last frame."""
    keep: int
    """First frame that no earlier chunk has rendered."""


def chunks(length: int, size: int) -> Iterator[Chunk]:
    """Divide a shot for rendering: chunks of `size`, not overlapping (Sec. 3.3).

    A short last chunk is moved back so that it is as long as the others, because that is what
    the temporal layers know; only its new frames count. A shot shorter than a chunk is one
    chunk.
    """
    for start in range(0, length, size):
        first = max(min(start, length - size), 0)
        yield Chunk(start=first, stop=min(first + size, length), keep=start)


def shots(frames: Iterable[T], longest: int) -> Iterator[list[T]]:
    """Collect a stream into runs of at most `longest` frames, each held in memory as a whole.

    The last two runs share what is left evenly: propagation over a tail of one or two frames
    would know nothing of its neighbours.
    """
    held: list[T] = []
    for frame in frames:
        held.append(frame)
        if len(held) == 2 * longest:
            yield held[:longest]
            held = held[longest:]
    if len(held) > longest:
        middle = (len(held) + 1) // 2
        yield held[:middle]
        held = held[middle:]
    if held:
        yield held
