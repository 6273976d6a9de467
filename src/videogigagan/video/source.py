"""What every kind of input can do, and how it may be read."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from videogigagan.errors import ConfigError
from videogigagan.video.info import Frame, VideoInfo

DEFAULT_MAX_PIXELS = 8192 * 4320
"""Largest frame that is read unless the caller allows more."""

Interlaced = Literal["deinterlace", "refuse", "keep"]
Damaged = Literal["refuse", "keep"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadOptions:
    """How a video is read, and what is refused."""

    max_pixels: int = DEFAULT_MAX_PIXELS
    """Width times height above which frames are refused before they are decoded."""
    max_frames: int | None = None
    """Frames above which a video is refused: by its header where that tells, and else where the
    first frame too many is read."""
    max_seconds: float | None = None
    """The same for its length."""
    interlaced: Interlaced = "deinterlace"
    """Frames that are flagged as interlaced: one whole picture is made of each, the video is
    refused, or they stay as they are."""
    damaged: Damaged = "refuse"
    """A file or pipe that is damaged or cut short: it is refused, or the frames before the
    damage are all there is of it."""
    alpha: bool = False
    """Deliver transparency too; otherwise it is dropped, with a warning."""

    def __post_init__(self) -> None:
        if self.max_pixels < 1:
            raise ConfigError(f"max_pixels must be at least 1, not {self.max_pixels}.")
        if self.max_frames is not None and self.max_frames < 1:
            raise ConfigError(f"max_frames must be at least 1, not {self.max_frames}.")
        if self.max_seconds is not None and not self.max_seconds > 0:
            raise ConfigError(f"max_seconds must be above 0, not {self.max_seconds:g}.")


DEFAULT_READING = ReadOptions()
"""What most callers want."""


class VideoSource(ABC):
    """A video that can be read once, from its first frame to its last.

    A context manager: leaving it closes the file.
    """

    info: VideoInfo
    """What the header and the first frame say."""

    @property
    def is_cut(self) -> bool:
        """Whether damage ended the frames before their time; known when all are read."""
        return False

    @abstractmethod
    def frames(self) -> Iterator[Frame]:
        """Yield every frame in display order, decoding as it goes; may be called once.

        Raises:
            VideoError: The input turns out to be damaged or cut short, unless that is accepted,
                or empty.
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
