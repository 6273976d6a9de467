"""How a stream is cut: into windows for propagation, and into chunks for rendering.

Neighbours share a few frames, over which one fades into the other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from jaxtyping import Float
from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """Frames that are rendered together."""

    start: int
    """First frame."""
    stop: int
    """One past the last frame."""
    keep: int
    """First frame that counts; the first ones that do fade over from the chunk before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window(Generic[T]):
    """Frames over which is propagated at once; all of one shot."""

    frames: list[T]
    """The window itself, then frames that it looks ahead to."""
    keep: int
    """How many are the window's own."""
    onward: int
    """With which of them the next window begins; as many as are its own where the shot ends."""
    begins: bool
    """A shot begins with it: nothing is known of what was before."""


def chunks(length: int, size: int, overlap: int = 0) -> Iterator[Chunk]:
    """Divide a window for rendering: chunks of `size`, of which neighbours share `overlap`.

    The paper's do not overlap (Sec. 3.3). A short last chunk is moved back so that it is as
    long as the others, because that is what the temporal layers know. A window shorter than a
    chunk is one chunk.
    """
    for keep in range(0, length, size - overlap):
        if keep > 0 and keep + overlap >= length:
            return
        start = max(min(keep, length - size), 0)
        yield Chunk(start=start, stop=min(start + size, length), keep=keep)


def windows(
    frames: Iterable[tuple[T, bool]], longest: int, *, chunk: int, overlap: int = 0
) -> Iterator[Window[T]]:
    """Collect a stream into windows that look ahead, so that a shot may be of any length.

    A shot that fits into memory is one window, as in the paper. Of a longer one, each window
    but the last is made of whole chunks and looks ahead to a quarter as many frames as are
    held, a chunk at least. The next one begins where its last chunk has all but `overlap`
    frames behind it.

    Args:
        frames: Each with whether a shot begins with it.
        longest: Frames that may be held together; two chunks at least are.
        chunk: Frames that are rendered together.
        overlap: Frames that neighbouring chunks share.
    """
    ahead = max(longest // 4, chunk)
    onward = max((longest - ahead - overlap) // (chunk - overlap), 1) * (chunk - overlap)
    own = onward + overlap
    held: list[T] = []
    begins = True
    for frame, first in frames:
        if first and held:
            yield Window(frames=held, keep=len(held), onward=len(held), begins=begins)
            held, begins = [], True
        held.append(frame)
        if len(held) > own + ahead:
            yield Window(frames=held[: own + ahead], keep=own, onward=onward, begins=begins)
            held, begins = held[onward:], False
    if held:
        yield Window(frames=held, keep=len(held), onward=len(held), begins=begins)


def fade(before: Float[Tensor, "o 3 H W"], large: Float[Tensor, "t 3 H W"]) -> None:
    """Let the first of some frames go over from what was made of them before, step by step."""
    count = len(before)
    for number in range(count):
        large[number].lerp_(before[number], 1 - (number + 1) / (count + 1))
