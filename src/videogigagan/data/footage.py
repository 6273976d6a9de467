"""Any frames out of the middle of a clip, whether it is a video file or a list of images."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import final

import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from videogigagan.errors import DataError, VideoError
from videogigagan.video.folder_source import list_images
from videogigagan.video.streams import choose_video, open_container

Picture = UInt8[np.ndarray, "h w 3"]
"""RGB of 8 bits."""

_UNREADABLE = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    SyntaxError,
    ValueError,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Footage(ABC):
    """Frames that can be asked for by number, counted from 0 in display order."""

    path: Path
    """Where they come from, for messages."""
    count: int
    """How many there are."""
    width: int
    """Pixels in a row."""
    height: int
    """Rows."""

    def read(self, places: Sequence[int]) -> list[Picture]:
        """Decode the frames with these numbers, which rise.

        Raises:
            DataError: They cannot be decoded, or are not of the size of the first frame.
        """
        pictures = self._read(places)
        for picture in pictures:
            if picture.shape != (self.height, self.width, 3):
                raise DataError(
                    f"{self.path}: changes size ({self.width}x{self.height} to "
                    f"{picture.shape[1]}x{picture.shape[0]}). Remove it."
                )
        return pictures

    @abstractmethod
    def _read(self, places: Sequence[int]) -> list[Picture]:
        """Decode without a look at the sizes."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class VideoFootage(Footage):
    """A video file. Frames are found by number: some files give all of them one timestamp."""

    stamps: tuple[int, ...]
    """Timestamps in display order; empty if they do not tell the frames apart."""
    keys: tuple[int, ...]
    """Timestamps of frames that decoding can begin with, in order."""

    def _read(self, places: Sequence[int]) -> list[Picture]:
        pictures = self._sought(places) if self.stamps else None
        return self._counted(places) if pictures is None else pictures

    def _sought(self, places: Sequence[int]) -> list[Picture] | None:
        """Decode from the last key frame before the first place; None if that misses one."""
        wanted = [self.stamps[place] for place in places]
        start = max((key for key in self.keys if key <= wanted[0]), default=None)
        if start is None:
            return None
        found: list[Picture] = []
        try:
            for frame in _decoded(self.path, start):
                if frame.pts is None or frame.is_corrupt or frame.pts > wanted[len(found)]:
                    return None
                if frame.pts == wanted[len(found)]:
                    found.append(frame.to_ndarray(format="rgb24"))
                if len(found) == len(wanted):
                    return found
        except (FFmpegError, VideoError):  # counting fails in the same way, and says why
            return None
        return None

    def _counted(self, places: Sequence[int]) -> list[Picture]:
        """Decode from the beginning and count."""
        found: list[Picture] = []
        with _explained(self.path):
            for index, frame in enumerate(_decoded(self.path, None)):
                if frame.is_corrupt:
                    break
                if index == places[len(found)]:
                    found.append(frame.to_ndarray(format="rgb24"))
                if len(found) == len(places):
                    return found
        raise DataError(
            f"{self.path}: cannot be decoded up to frame {places[len(found)]}. Remove it."
        )


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFootage(Footage):
    """Image files, one for each frame."""

    files: tuple[Path, ...]
    """The images in order."""

    def _read(self, places: Sequence[int]) -> list[Picture]:
        return [read_picture(self.files[place]) for place in places]


def open_footage(frames: Path | tuple[Path, ...]) -> Footage:
    """Find out what there is in a video file, a folder of images, or images, in this order.

    A video file is read through once, without decoding, and then remembered.

    Raises:
        DataError: There is nothing, or it cannot be read.
    """
    if isinstance(frames, Path):
        return _folder(frames) if frames.is_dir() else _video(frames)
    return _images(frames[0].parent, frames)


def read_picture(path: Path) -> Picture:
    """Read an image of 8 bits; transparency is dropped.

    Raises:
        DataError: It cannot be read, or has more than 8 bits.
    """
    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):
                raise DataError(
                    f"{path}: has samples of mode {image.mode}. Convert it to 8 bits."
                )
            return np.array(image.convert("RGB"))
    except _UNREADABLE as error:
        raise _no_image(path, error) from error


@lru_cache(maxsize=4096)
def _video(path: Path) -> VideoFootage:
    stamps: list[int | None] = []
    keys: list[int | None] = []
    with _explained(path), open_container(path) as container:
        stream = choose_video(container, path)
        for packet in container.demux(stream):
            if not packet.size or packet.is_discard:
                continue
            stamps.append(packet.pts)
            if packet.is_keyframe:
                keys.append(packet.pts)
        width, height = stream.codec_context.width, stream.codec_context.height
    if not stamps or not width or not height:
        raise DataError(f"{path}: holds no frames. Remove it.")
    known = [stamp for stamp in stamps if stamp is not None]
    return VideoFootage(
        path=path,
        count=len(stamps),
        width=width,
        height=height,
        stamps=tuple(sorted(known)) if len(set(known)) == len(stamps) else (),
        keys=tuple(sorted(key for key in keys if key is not None)),
    )


def _folder(path: Path) -> ImageFootage:
    with _explained(path):
        return _images(path, tuple(list_images(path)))


def _images(path: Path, files: tuple[Path, ...]) -> ImageFootage:
    try:
        with Image.open(files[0]) as image:
            width, height = image.size
    except _UNREADABLE as error:
        raise _no_image(files[0], error) from error
    return ImageFootage(path=path, count=len(files), width=width, height=height, files=files)


def _decoded(path: Path, start: int | None) -> Iterator[VideoFrame]:
    """Yield frames from the key frame at `start`, or else from the beginning."""
    with open_container(path) as container:
        stream = choose_video(container, path)
        stream.codec_context.thread_count = 1  # clips are made side by side, in processes
        if start is not None:
            container.seek(start, stream=stream)
        yield from container.decode(stream)


def _no_image(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: cannot be read as an image ({type(error).__name__}). Remove it.")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the errors of reading a video into one clear line."""
    try:
        yield
    except VideoError as error:
        raise DataError(str(error)) from error
    except FFmpegError as error:
        raise DataError(f"{path}: cannot be decoded ({error.strerror}). Remove it.") from error
