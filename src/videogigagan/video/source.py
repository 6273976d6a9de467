"""What every kind of input can do."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType

from videogigagan.video.info import Frame, VideoInfo

DEFAULT_MAX_PIXELS = 8192 * 4320
"""Largest frame that is read unless the caller allows more."""


class VideoSource(ABC):
    """A video that can be read once, from its first frame to its last.

    A context manager: leaving it closes the file.
    """

    info: VideoInfo
    """What the header and the first frame say."""

    @abstractmethod
    def frames(self) -> Iterator[Frame]:
        """Yield every frame in display order, decoding as it goes; may be called once.

        Raises:
            VideoError: The input turns out to be damaged, cut short or empty.
        """

    @abstractmethod
    def give_up(self) -> None:
        """Let a read that waits in another thread end; nothing can be read afterwards."""

    @abstractmethod
    def close(self) -> None:
        """Release the input; harmless if done already."""

    def __enter__(self) -> "VideoSource":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
