"""Timestamps in whole ticks: every frame gets one."""

import logging
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
    """

    def __init__(self, info: VideoInfo, path: Path) -> None:
        self._path = path
        self._step = max(1, round(1 / info.rate / info.time_base))
        self._last: int | None = None
        self._count = 0
        self._due = 0

    def place(self, picture: av.VideoFrame) -> tuple[int, int]:
        """Return pts and duration, in ticks of the stream's time base.

        Raises:
            VideoError: Time jumps backwards by more than two frames.
        """
        pts = self._due if picture.pts is None else picture.pts
        if self._last is not None and pts <= self._last:
            if self._last - pts > 2 * self._step:
                raise VideoError(
                    f"{self._path}: its timestamps jump backwards after frame {self._count} "
                    f"({self._last} to {pts}). Remux it first."
                )
            logger.warning("%s: frame %d has a disordered timestamp.", self._path, self._count)
            pts = self._last + 1
        duration = picture.duration or self._step
        self._last, self._due, self._count = pts, pts + duration, self._count + 1
        return pts, duration
