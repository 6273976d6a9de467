"""Timestamps in whole ticks: every frame gets one."""

import logging
from fractions import Fraction
from pathlib import Path
from typing import final

import av

from videogigagan.errors import VideoError
from videogigagan.video.info import VideoInfo

logger = logging.getLogger(__name__)


@final
class Clock:
    """Gives each decoded frame its timestamp, completing what the file leaves out.

    A frame without one follows the frame before. Equal or slightly disordered ones move forward
    by a tick; a jump backwards is refused.

    Args:
        info: The video, for its frame rate and time base.
        path: Where it lies, for messages.
        counts: The timestamp of the first frame means nothing; frames that have it, or none,
            are numbered by the frame rate.
    """

    def __init__(self, info: VideoInfo, path: Path, *, counts: bool = False) -> None:
        self._path = path
        self._exact_step = 1 / info.rate / info.time_base
        self._step = max(1, round(self._exact_step))
        self._counts = counts
        self._void: int | None = None
        self._last: int | None = None
        self._count = 0
        self._due = Fraction(0)
        self._warned = False

    def place(self, picture: av.VideoFrame) -> tuple[int, int]:
        """Return pts and duration, in ticks of the stream's time base.

        Raises:
            VideoError: Time jumps backwards by more than two frames.
        """
        if self._counts and self._count == 0 and picture.pts is not None:
            self._void, self._due = picture.pts, Fraction(picture.pts)
        stamp = None if picture.pts == self._void else picture.pts
        exact = self._due if stamp is None else Fraction(stamp)
        pts = self._in_order(round(exact))
        step = self._exact_step if self._counts else picture.duration or self._step
        self._due = (exact if pts == round(exact) else pts) + step
        self._last, self._count = pts, self._count + 1
        return pts, max(1, round(self._due) - pts)

    def _in_order(self, pts: int) -> int:
        """Return `pts`, or a tick after the last one where that is later."""
        if self._last is None or pts > self._last:
            return pts
        if self._last - pts > 2 * self._step:
            raise VideoError(
                f"{self._path}: its timestamps jump backwards after frame {self._count} "
                f"({self._last} to {pts}). Remux it first."
            )
        if not self._warned:
            logger.warning(
                "%s: has disordered timestamps, first at frame %d.", self._path, self._count
            )
            self._warned = True
        return self._last + 1
