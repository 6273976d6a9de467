"""Frames that repeat are made once: animation on twos, screen recordings, stills.

That saves the time of the others, and what stands still stays still to the bit.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.video.info import Frame

LONGEST = 50
"""Frames that are made at once at most, so that a long still has progress to be seen."""

T = TypeVar("T")
R = TypeVar("R")


def sharing(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Let a frame that looks just like the one before have its tensors."""
    before: Frame | None = None
    for frame in frames:
        if before is not None and _equal(frame, before):
            before = replace(frame, pixels=before.pixels, alpha=before.alpha)
        else:
            before = frame
        yield before


class Distinct:
    """Lets one tensor that comes several times in a row through once, and counts its times.

    Args:
        frames: Each with whether a shot begins with it.
    """

    def __init__(self, frames: Iterable[tuple[Float[Tensor, "3 h w"], bool]]) -> None:
        self._frames = frames
        self._times: deque[int] = deque()

    def __iter__(self) -> Iterator[tuple[Float[Tensor, "3 h w"], bool]]:
        """Yield a frame once it is known how many times it comes."""
        held: tuple[Tensor, bool] | None = None
        for frame, begins in self._frames:
            again = held is not None and frame is held[0] and not begins
            if again and self._times[-1] < LONGEST:
                self._times[-1] += 1
                continue
            if held is not None:
                yield held
            held = (frame, begins)
            self._times.append(1)
        if held is not None:
            yield held

    def times(self, count: int) -> list[int]:
        """How many times the next `count` frames come, which are not to be asked for again."""
        return [self._times.popleft() for _ in range(count)]


def repeated(
    render: Callable[[int], Generator[T, None, R]], times: Sequence[int], done: int
) -> Generator[T, None, R]:
    """Yield each result as many times as its frame comes; return what the rendering returns.

    Args:
        render: Yields a result for each frame, but for as many as it is told to leave out.
        times: How many times each of them comes.
        done: Results that are not wanted any more.
    """
    out = 0
    while out < len(times) and times[out] <= done:
        done -= times[out]
        out += 1
    results, left = render(out), iter(times[out:])
    while True:
        try:
            result = next(results)
        except StopIteration as end:
            return end.value
        yield from (result for _ in range(next(left) - done))
        done = 0


def _equal(one: Frame, other: Frame) -> bool:
    if not torch.equal(one.pixels, other.pixels):
        return False
    if one.alpha is None or other.alpha is None:
        return one.alpha is other.alpha
    return torch.equal(one.alpha, other.alpha)
