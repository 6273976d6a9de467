"""Encoded pictures on disk, on their way into a container.

A container is whole only once it is finished. Here pictures are appended as they are encoded,
so that all before a known length are safe whatever happens then.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, final

from videogigagan.errors import VideoError

_HEAD = struct.Struct("<qqI?")


class EncodedPicture(NamedTuple):
    """One encoded picture, in the ticks of its video."""

    pts: int
    """When it is shown."""
    duration: int
    """For how long."""
    is_key: bool
    """Whether decoding may begin with it."""
    content: bytes
    """What the encoder made of it."""


@final
class PacketFile:
    """A growing file of encoded pictures, in the order of decoding.

    Args:
        path: Where it lies; made when it is first written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab")

    def append(self, pictures: Iterable[EncodedPicture]) -> None:
        """Write pictures behind those that are there."""
        for picture in pictures:
            head = (picture.pts, picture.duration, len(picture.content), picture.is_key)
            self._file.write(_HEAD.pack(*head))
            self._file.write(picture.content)

    def sync(self) -> int:
        """Bring all of it to the disk; return its length in bytes."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def cut(self, length: int) -> None:
        """Drop what lies behind a length that `sync` has told.

        Raises:
            VideoError: The file is shorter.
        """
        if self.path.stat().st_size < length:
            raise VideoError(f"{self.path}: is cut off. Begin anew with --resume fresh.")
        self._file.truncate(length)
        self._file.seek(length)

    def pictures(self) -> Iterator[EncodedPicture]:
        """Read everything that was written."""
        self._file.flush()
        with self.path.open("rb") as file:
            while head := file.read(_HEAD.size):
                pts, duration, size, is_key = _HEAD.unpack(head)
                yield EncodedPicture(pts, duration, is_key, file.read(size))

    def times(self) -> list[int]:
        """When the pictures are shown, in the order of decoding, without reading them."""
        self._file.flush()
        found: list[int] = []
        with self.path.open("rb") as file:
            while head := file.read(_HEAD.size):
                pts, _, size, _ = _HEAD.unpack(head)
                found.append(pts)
                file.seek(size, os.SEEK_CUR)
        return found

    def close(self) -> None:
        """Let go of the file; harmless if done already."""
        self._file.close()


def decoding_times(shown: Sequence[int]) -> list[int]:
    """When pictures are to be decoded, given when they are shown, in the order of decoding.

    The times at which they are shown, in order, moved on by as few pictures as are needed for
    none to be decoded after it is shown. So they rise, whatever encoders joined here say.
    """
    in_order = sorted(shown)
    rank = {time: place for place, time in enumerate(in_order)}
    delay = max((place - rank[time] for place, time in enumerate(shown)), default=0)
    if delay == 0:
        return in_order
    step = max(in_order[1] - in_order[0], 1)
    before = [in_order[0] - step * (delay - place) for place in range(delay)]
    return [*before, *in_order[: len(in_order) - delay]]
