"""Packets into pictures, strictly: damage is an error, never a shorter video."""

import logging
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import final

import av
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from videogigagan.errors import VideoError
from videogigagan.video.extent import Extent, missing_bytes
from videogigagan.video.pipes import InputPipe
from videogigagan.video.streams import has_floating_start

logger = logging.getLogger(__name__)

ADVICE = "Check that it plays to its end, re-encode it, or allow --damaged keep."


@final
class _DamageError(Exception):
    """Damage: what is wrong, up to the number of the frame, and what was found."""

    def __init__(self, what: str, found: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.found = f" ({found})" if found else ""


@final
class Decoder:
    """The pictures of one video stream as they are stored, in display order.

    Args:
        container: Where it lies; all its packets are read, so that the end of each stream is
            known.
        stream: The video.
        path: Its name, for messages.
        context: What decodes it.
        keeps: Damage ends the pictures, with a warning, unless none came before.
        pipe: What the container reads from, if that is no file.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        path: Path,
        *,
        context: VideoCodecContext,
        keeps: bool,
        pipe: InputPipe | None,
    ) -> None:
        self._container = container
        self._stream = stream
        self._path = path
        self._context = context
        self._pipe = pipe
        self._extent = Extent(container, stream)
        self._is_broadcast = has_floating_start(container)
        self._keeps = keeps
        self._count = 0
        self.is_cut = False  # whether damage ended the pictures
        self.missing_bytes = 0  # of what the header declares; a pipe does not tell
        if pipe is None:
            self.missing_bytes = missing_bytes(path, container.format.name)

    def pictures(self) -> Generator[av.VideoFrame, None, None]:
        """Yield decoded pictures, and raise at the first sign of damage.

        In recordings of broadcasts, damage before the first whole picture is skipped: they
        begin in the middle of something, and no player can show it.

        Raises:
            VideoError: The video is damaged or cut short, and that is not accepted.
        """
        try:
            yield from self._until_damage()
        except _DamageError as damage:
            yield from self._counted(self._held_back())
            wrong = f"{self._path}: {damage.what} {self._count}{damage.found}."
            if not (self._keeps and self._count):
                raise VideoError(f"{wrong} {ADVICE}") from damage.__cause__
            logger.warning("%s What comes before is all that is used.", wrong)
            self.is_cut = True

    def _until_damage(self) -> Iterator[av.VideoFrame]:
        skipped = 0
        for packet in self._packets():
            whole = not packet.is_corrupt
            if packet.stream.index == self._stream.index:
                pictures, decodable = self._decode(packet)
                intact = [picture for picture in pictures if not picture.is_corrupt]
                yield from self._counted(intact)
                whole = whole and decodable and len(intact) == len(pictures)
            if not whole and (self._count or not self._is_broadcast):
                raise _DamageError("is damaged or cut short after frame")
            skipped += not whole
        if skipped:
            logger.warning(
                "%s: skipped %d packets before the first frame.", self._path, skipped
            )
        self._check_complete()

    def _counted(self, pictures: list[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        for picture in pictures:
            self._count += 1
            yield picture

    def _packets(self) -> Iterator[Packet]:
        """Yield the packets of every stream, watching how far they reach."""
        try:
            for packet in self._container.demux():
                self._extent.watch(packet)
                yield packet
        except FFmpegError as error:
            raise _DamageError("cannot be read after frame", error.strerror or "") from error

    def _decode(self, packet: Packet) -> tuple[list[av.VideoFrame], bool]:
        """Return the pictures that a packet completes, and whether it could be decoded."""
        if packet.is_corrupt:
            return [], False
        try:
            return self._context.decode(packet), True
        except InvalidDataError:
            return [], False
        except FFmpegError as error:
            raise _DamageError("cannot be decoded after frame", error.strerror or "") from error

    def _held_back(self) -> list[av.VideoFrame]:
        """Return the whole pictures that the decoder kept for reordering."""
        with suppress(FFmpegError):
            pictures = self._context.decode(None)
            return [picture for picture in pictures if not picture.is_corrupt]
        return []

    def _check_complete(self) -> None:
        size = self._path.stat().st_size if self._pipe is None else self._pipe.count
        if self._extent.leftover(size):
            raise _DamageError("is cut short in the middle of frame")
        seconds = self._extent.missing()
        if not seconds and not self.missing_bytes:
            return
        lacking = (
            f"{self.missing_bytes} bytes" if self.missing_bytes else f"{float(seconds):.2f} s"
        )
        raise _DamageError("is cut short after frame", f"{lacking} fewer than its header says")
