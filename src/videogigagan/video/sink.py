"""What every kind of output does: it appears whole, with every frame, or not at all."""

import errno
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from av.error import FFmpegError
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import VideoError
from videogigagan.video.info import Frame
from videogigagan.video.paths import temporary_for

SEGMENT = 50
"""Frames that are encoded on their own, so that they are safe whatever happens to the rest."""


class VideoSink(ABC):
    """A result being written under a temporary name beside its own.

    A context manager: leaving it normally completes the result, checks the number of frames,
    and renames it; leaving it by any exception, Ctrl-C included, removes it and leaves what
    existed untouched.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.written = 0
        self._expected: int | None = None
        self._cut = False
        self._temporary = temporary_for(target)

    def expect(self, count: int, *, cut: bool = False) -> None:
        """Say how many frames were read; on leaving, fewer or more written are an error.

        Args:
            count: Frames read.
            cut: The source was not read to its end; sound and subtitles end with the frames.
        """
        self._expected = count
        self._cut = cut

    def write(self, pixels: Float[Tensor, "c H W"], frame: Frame) -> None:
        """Write one picture.

        Args:
            pixels: RGB, values outside [0, 1] are clipped; a folder of images takes RGBA too.
            frame: The frame it was made from, for its time and name.

        Raises:
            VideoError: It cannot be encoded or stored.
        """
        with self._explained():
            self._put(pixels, frame)
        self.written += 1

    def __enter__(self) -> "VideoSink":
        try:
            with self._explained():
                self._begin()
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._check_count()
                with self._explained():
                    self._complete()
                    self._publish()
        finally:
            self._discard()

    @abstractmethod
    def _begin(self) -> None:
        """Create the temporary file or folder."""

    @abstractmethod
    def _put(self, pixels: Float[Tensor, "c H W"], frame: Frame) -> None:
        """Store one picture."""

    @abstractmethod
    def _complete(self) -> None:
        """Store whatever is pending, down to the disk."""

    @abstractmethod
    def _publish(self) -> None:
        """Give the temporary file or folder its name."""

    @abstractmethod
    def _discard(self) -> None:
        """Release everything and remove the temporary file or folder, if it is still there."""

    def _check_count(self) -> None:
        if self.written == 0:
            raise VideoError(f"{self.target}: no frame was written. Check the input.")
        if self._expected is not None and self.written != self._expected:
            raise VideoError(
                f"{self.target}: {self.written} frames were written for {self._expected} read. "
                "Nothing was kept; please report this."
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn errors of the disk and of FFmpeg into one clear line."""
        try:
            yield
        except (FFmpegError, OSError) as error:
            if error.errno == errno.ENOSPC:
                raise VideoError(
                    f"{self.target}: no space left on the disk after frame {self.written}. "
                    "Free some, or write elsewhere."
                ) from error
            raise VideoError(
                f"{self.target}: cannot be written after frame {self.written} "
                f"({error.strerror or error}). Choose another container, codec or place."
            ) from error


class SegmentedSink(VideoSink):
    """A sink on disk, whose whole segments may outlive it for another to go on with."""

    def __init__(self, target: Path) -> None:
        super().__init__(target)
        self._workshop: Path | None = None

    def keep_in(self, workshop: Path) -> None:
        """Put unfinished work into a folder that outlives this sink; to be said before all."""
        self._workshop = workshop
        self._temporary = workshop / self.target.name

    @property
    @abstractmethod
    def safe(self) -> int:
        """What `go_on` needs to find the whole segments written so far."""

    def write(self, pixels: Float[Tensor, "c H W"], frame: Frame) -> None:
        """Write one picture; every `SEGMENT` of them end a segment.

        Raises:
            VideoError: It cannot be encoded or stored.
        """
        super().write(pixels, frame)
        if self.written % SEGMENT == 0:
            with self._explained():
                self._end_segment()

    def go_on(self, frames: int, safe: int) -> None:
        """Take over what a sink before this one has left in the workshop.

        Args:
            frames: Whole segments, in frames.
            safe: What `safe` was then.

        Raises:
            VideoError: It is not there any more.
        """
        with self._explained():
            self._restore(safe)
        self.written = frames

    def leave(self, place: Path) -> None:
        """Finish what there is so far under another name; nothing can be written any more.

        Raises:
            VideoError: It cannot be written.
        """
        self._cut = True
        with self._explained():
            self._complete()
            self._leave(place)

    @abstractmethod
    def _end_segment(self) -> None:
        """Bring everything so far to the disk; the frames to come will need none of it."""

    @abstractmethod
    def _restore(self, safe: int) -> None:
        """Find what was left in the workshop."""

    @abstractmethod
    def _leave(self, place: Path) -> None:
        """Give what is complete another name."""


def remove_quietly(path: Path) -> None:
    """Remove a temporary file, if it is there and can be removed."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
