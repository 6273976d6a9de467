"""Which frames propagation passes: a window, what lies around it, mirror images (ours, E52).

A recurrence that starts from nothing takes some ten frames to settle, and what settles moves:
copies of one frame come out different from one to the next. So where too little of a shot is
known around a window, its frames follow once more, in reverse order.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Which frames of a clip a window is about."""

    begin: int = 0
    """The first of its own; propagation alone sees those before."""
    end: int
    """One past its last; those behind are what it looks ahead to."""
    onward: int | None = None
    """With which frame the next window begins; with that behind its last when None."""
    reach: int | None = None
    """Frames on either side of the window that gradients pass through; all of them when None
    (truncated backpropagation through time)."""

    @property
    def next_window(self) -> int:
        """The frame with which the next window begins."""
        return self.end if self.onward is None else self.onward

    def shifted(self, frames: int) -> "Span":
        """The same window, so many frames later."""
        return Span(
            begin=self.begin + frames,
            end=self.end + frames,
            onward=self.next_window + frames,
            reach=self.reach,
        )

    def learns(self, frame: int) -> bool:
        """Whether gradients pass through a frame."""
        if self.reach is None:
            return True
        return self.begin - self.reach <= frame < self.end + self.reach


def mirrored(length: int, before: int, behind: int) -> list[int]:
    """Numbers of a clip's frames as its mirror images around it show them.

    Neighbours in the list are neighbours in the clip. A single frame has no mirror image.

    Args:
        length: Frames of the clip.
        before: Frames to be added before the first.
        behind: Frames to be added behind the last.
    """
    if length == 1:
        return [0]
    period = 2 * (length - 1)
    places = (number % period for number in range(-before, length + behind))
    return [min(place, period - place) for place in places]


def course(length: int, span: Span, *, run_up: int, begins: bool) -> tuple[list[int], Span]:
    """Numbers of the frames to pass, and where among them the window is.

    Args:
        length: Frames of the clip.
        span: The window.
        run_up: Frames that are passed before the window and behind it, at least.
        begins: Whether nothing is known of what was before the clip.
    """
    before = max(run_up - span.begin, 0) if begins and length > 1 else 0
    behind = max(run_up - (length - span.end), 0)
    return mirrored(length, before, behind), span.shifted(before)


def along(path: Sequence[int], to_next: Sequence[T], to_previous: Sequence[T]) -> list[T]:
    """What leads from each frame of a path to the one behind it, of what leads through a clip.

    Args:
        path: Numbers of frames, neighbours in the clip one after another.
        to_next: For each frame but the last, what leads to the next.
        to_previous: For each frame but the first, what leads to the one before it.
    """
    return [
        to_next[here] if here < there else to_previous[there] for here, there in pairwise(path)
    ]


def learning(states: Iterator[Tensor], learns: Iterable[bool]) -> Iterator[Tensor]:
    """The states of a recurrence, without a gradient where nothing is to be learnt.

    Args:
        states: Made when they are asked for.
        learns: Of each that is wanted, whether gradients pass through it.
    """
    for passes in learns:
        with torch.set_grad_enabled(passes and torch.is_grad_enabled()):
            state = next(states)
        yield state
