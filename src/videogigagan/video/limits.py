"""How long a video may be, and of how many streams, for programs that strangers send files."""

from fractions import Fraction
from pathlib import Path
from typing import final

from av.container import InputContainer

from videogigagan.errors import VideoError
from videogigagan.video.info import Frame
from videogigagan.video.source import ReadOptions

MAX_STREAMS = 100
"""Streams that a file may have, attachments aside: an intact one has a few dozen at most."""


def check_streams(container: InputContainer, path: Path) -> None:
    """Refuse a file of very many streams.

    Raises:
        VideoError: It has more than `MAX_STREAMS`.
    """
    count = sum(stream.type != "attachment" for stream in container.streams)
    if count > MAX_STREAMS:
        raise VideoError(
            f"{path}: has {count} streams, more than {MAX_STREAMS}. Remux the ones you need."
        )


@final
class Length:
    """The length of a video against what is allowed: as it is stated, then as it is read.

    Args:
        options: What is allowed.
        path: Where the video lies, for messages.
    """

    def __init__(self, options: ReadOptions, path: Path) -> None:
        self._most_frames = options.max_frames
        self._most_seconds = options.max_seconds
        self._path = path
        self._start: Fraction | None = None

    def check_stated(self, *, frames: int, seconds: Fraction) -> None:
        """Refuse by what a header says; 0 where it says nothing.

        Raises:
            VideoError: It is too long.
        """
        self._check(frames, seconds)

    def check(self, frame: Frame) -> None:
        """Refuse a frame that lies beyond what is allowed, whatever the header says.

        Raises:
            VideoError: The video is too long.
        """
        start = frame.pts * frame.time_base
        self._start = start if self._start is None else self._start
        # Where a frame ends is often a guess, and where it begins is not.
        self._check(frame.index + 1, start - self._start)

    def _check(self, frames: int, seconds: Fraction) -> None:
        if self._most_frames is not None and frames > self._most_frames:
            raise VideoError(
                f"{self._path}: has more than {self._most_frames} frames ({frames} or more). "
                "Cut it first, or allow more."
            )
        if self._most_seconds is not None and float(seconds) > self._most_seconds:
            raise VideoError(
                f"{self._path}: is longer than {self._most_seconds:g} s "
                f"({float(seconds):.1f} s or more). Cut it first, or allow more."
            )
