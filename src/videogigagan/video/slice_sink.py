"""A slice through time: one row of every picture under the other, as a PNG image."""

import os
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, final

from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from videogigagan.video.info import Frame
from videogigagan.video.sink import VideoSink, remove_quietly

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@final
class SliceSink(VideoSink):
    """An 8-bit RGB image, x to the right and time downwards.

    Rows go to the disk as they come; so a video of any length takes no more memory.

    Args:
        target: The PNG file to be.
        row: The row that is kept of each picture, from 0.
    """

    def __init__(self, target: Path, row: int) -> None:
        super().__init__(target)
        self._row = row
        self._width = 0
        self._packer = zlib.compressobj()
        self._file: BinaryIO | None = None

    def _begin(self) -> None:
        self._file = self._temporary.open("xb")
        self._file.write(_SIGNATURE)
        self._write_header()

    def _put(self, pixels: Float[Tensor, "3 H W"], frame: Frame) -> None:  # noqa: ARG002
        self._width = pixels.shape[-1]
        row = pixels[:, self._row].float().cpu().clamp(0, 1) * 255
        values = rearrange(row.round().byte(), "c w -> (w c)")
        self._chunk(b"IDAT", self._packer.compress(b"\0" + values.numpy().tobytes()))

    def _complete(self) -> None:
        assert self._file is not None
        self._chunk(b"IDAT", self._packer.flush())
        self._chunk(b"IEND", b"")
        self._file.seek(len(_SIGNATURE))
        self._write_header()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _publish(self) -> None:
        self._temporary.replace(self.target)

    def _discard(self) -> None:
        if self._file is not None:
            self._file.close()
        remove_quietly(self._temporary)

    def _write_header(self) -> None:
        """Write the chunk that tells the size; once in advance, and again when it is known."""
        size = struct.pack(">II", self._width, self.written)
        self._chunk(b"IHDR", size + bytes([8, 2, 0, 0, 0]))

    def _chunk(self, kind: bytes, content: bytes) -> None:
        assert self._file is not None
        length, check = len(content), zlib.crc32(kind + content)
        self._file.write(struct.pack(">I", length) + kind + content + struct.pack(">I", check))
