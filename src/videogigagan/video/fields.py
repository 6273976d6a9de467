"""Interlaced pictures, whose odd and even rows show two moments, made into pictures of one."""

import logging
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import final

import av
from av.error import FFmpegError
from av.filter import Graph

from videogigagan.errors import VideoError
from videogigagan.video.planes import has_own_planes, planar, sampling_of
from videogigagan.video.source import Interlaced

logger = logging.getLogger(__name__)

_TICK = Fraction(1, 1000)  # of the filter, which says nothing: pictures get their times back
_FILTER = "mode=send_frame:parity=auto:deint=interlaced"  # a picture each; flags of each tell


@final
class Fields:
    """What is done about interlaced pictures in a video; others pass as they are.

    Args:
        path: Where they come from, for messages.
        treatment: What is to be done.
    """

    def __init__(self, path: Path, treatment: Interlaced) -> None:
        self._path = path
        self._treatment = treatment
        self.found = False  # whether an interlaced picture has come by

    def treat(
        self, pictures: Generator[av.VideoFrame, None, None]
    ) -> Generator[av.VideoFrame, None, None]:
        """Yield as many pictures, at the same times; closing this closes `pictures`.

        Raises:
            VideoError: One is interlaced, and that is refused or cannot be mended.
        """
        bwdif: _Bwdif | None = None
        with closing(pictures):
            try:
                for index, picture in enumerate(pictures):
                    if bwdif is not None and not bwdif.fits(picture):
                        yield from bwdif.end()
                        bwdif = None
                    if self._is_to_mend(picture, index) and bwdif is None:
                        bwdif = _Bwdif(picture, self._path)
                    yield from [picture] if bwdif is None else bwdif.put(picture)
            except VideoError:
                if bwdif is not None:  # what was read before the damage is told first
                    yield from bwdif.end()
                raise
            if bwdif is not None:
                yield from bwdif.end()

    def _is_to_mend(self, picture: av.VideoFrame, index: int) -> bool:
        if not picture.interlaced_frame:
            return False
        if self._treatment == "refuse":
            raise VideoError(
                f"{self._path}: is interlaced (frame {index}). Deinterlace it first, or allow "
                "--interlaced deinterlace."
            )
        mends = self._treatment == "deinterlace"
        if not self.found:
            done = "is deinterlaced" if mends else "stays so"
            logger.warning("%s: is interlaced, and %s.", self._path, done)
        self.found = True
        return mends


@final
class _Bwdif:
    """FFmpeg's filter for pictures of one size and format; it looks ahead by one."""

    def __init__(self, like: av.VideoFrame, path: Path) -> None:
        self._path = path
        self._form = _form(like)
        self._waiting: deque[av.VideoFrame] = deque()
        like = _taken(like)
        self._graph = Graph()
        try:
            source = self._graph.add_buffer(
                width=like.width,
                height=like.height,
                format=like.format,
                time_base=_TICK,
            )
            bwdif, sink = self._graph.add("bwdif", _FILTER), self._graph.add("buffersink")
            self._graph.link_nodes(source, bwdif, sink).configure()
        except FFmpegError as error:
            raise self._failure(f"{like.width}x{like.height}, {error.strerror}") from error

    def fits(self, picture: av.VideoFrame) -> bool:
        """Return whether a picture is of the size and format that was expected."""
        return _form(picture) == self._form

    def put(self, picture: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Take a picture, and yield what is ready."""
        self._waiting.append(picture)
        self._graph.push(_taken(picture))
        return self._ready()

    def end(self) -> Iterator[av.VideoFrame]:
        """Yield what is left."""
        self._graph.push(None)
        yield from self._ready()
        if self._waiting:
            raise self._failure(f"{len(self._waiting)} pictures were lost")

    def _ready(self) -> Iterator[av.VideoFrame]:
        while True:
            try:
                picture = self._graph.vpull()
            except (BlockingIOError, EOFError):
                return
            yield self._labelled(picture, self._waiting.popleft())

    def _labelled(self, picture: av.VideoFrame, stored: av.VideoFrame) -> av.VideoFrame:
        """Give a picture time and colour of the one that it was made of."""
        if sampling_of(picture.format) != sampling_of(stored.format):
            raise self._failure(f"pixel format {stored.format.name}")
        picture.pts, picture.duration = stored.pts, stored.duration
        picture.colorspace, picture.color_range = stored.colorspace, stored.color_range
        return picture

    def _failure(self, found: str) -> VideoError:
        return VideoError(
            f"{self._path}: is interlaced and cannot be deinterlaced ({found}). Convert it "
            "first, or allow --interlaced keep."
        )


def _form(picture: av.VideoFrame) -> tuple[int, int, str]:
    return picture.width, picture.height, picture.format.name


def _taken(picture: av.VideoFrame) -> av.VideoFrame:
    """Return the picture with planes such as the filter takes."""
    return picture if has_own_planes(picture.format) else planar(picture)
