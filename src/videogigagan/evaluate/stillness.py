"""Whether a picture that stands still stays still."""

from collections.abc import Iterable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import DataError

ENDS = 3
"""Frames at each end of a clip that do not count: recurrence has seen little there."""
HIGHEST_CHANGE = 0.5
"""Steps of 1/255 that copies of a frame may differ by, from one to the next, in the mean."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unrest:
    """How much copies of one frame change, in steps of 1/255."""

    mean: float
    """Mean absolute change from one frame to the next, over pixels, colours and frames."""
    highest: float
    """The same of the two neighbours that differ most; chunks may meet between them."""


def unrest(frames: Iterable[Float[Tensor, "3 h w"]]) -> Unrest:
    """Measure how much the results of copies of one frame change.

    They are clamped to [0, 1], as they are when they are shown, but not rounded: rounding would
    hide a change here and double it there.

    Args:
        frames: What a system makes of the copies, in order, one by one.

    Raises:
        DataError: They are too few to have neighbours away from the ends.
    """
    changes: list[float] = []
    before: Tensor | None = None
    for frame in frames:
        now = frame.float().clamp(0, 1)
        if before is not None:
            changes.append((now - before).abs().mean().item() * 255)
        before = now
    counted = changes[ENDS:-ENDS]
    if not counted:
        count = len(changes) + (before is not None)
        raise DataError(f"stillness: too few frames ({count}). Give {2 * ENDS + 2} at least.")
    return Unrest(mean=sum(counted) / len(counted), highest=max(counted))
