"""How a stream is cut: into windows for propagation, and into chunks for rendering."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Window(Generic[T]):
    """Frames over which is propagated at once; all of one shot."""

    frames: list[T]
    """The window itself, then frames that it looks ahead to."""
    keep: int
    """How many are the window's own."""
    begins: bool
    """A shot begins with it: nothing is known of what was before."""


def chunks(length: int, size: int) -> Iterator[Chunk]:
    """Divide a window for rendering: chunks of `size`, not overlapping (Sec. 3.3).

    A short last chunk is moved back so that it is as long as the others, because that is what
    the temporal layers know; only its new frames count. A window shorter than a chunk is one
    chunk.
    """
    for start in range(0, length, size):
        first = max(min(start, length - size), 0)
        yield Chunk(start=first, stop=min(first + size, length), keep=start)


def windows(
    frames: Iterable[tuple[T, bool]], longest: int, *, chunk: int
) -> Iterator[Window[T]]:
    """Collect a stream into windows that look ahead, so that a shot may be of any length.

    A shot that fits into memory is one window, as in the paper. Of a longer one, each window
    but the last is made of whole chunks and looks ahead to a quarter as many frames as are
    held, a chunk at least.

    Args:
        frames: Each with whether a shot begins with it.
        longest: Frames that may be held together; two chunks at least are.
        chunk: Frames that are rendered together.
    """
    ahead = max(longest // 4, chunk)
    own = max((longest - ahead) // chunk, 1) * chunk
    held: list[T] = []
    begins = True
    for frame, first in frames:
        if first and held:
            yield Window(frames=held, keep=len(held), begins=begins)
            held, begins = [], True
        held.append(frame)
        if len(held) > own + ahead:
            yield Window(frames=held[: own + ahead], keep=own, begins=begins)
            held, begins = held[own:], False
    if held:
        yield Window(frames=held, keep=len(held), begins=begins)
