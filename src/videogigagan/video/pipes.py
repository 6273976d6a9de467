"""Video from standard input, and what is the same for video to standard output."""

import os
import select
import sys
from pathlib import Path
from typing import BinaryIO, final

import av
from av.container import InputContainer
from av.error import FFmpegError

from videogigagan.errors import ConfigError, VideoError
from videogigagan.video.background import POLL

INPUT_NAME, OUTPUT_NAME = Path("standard input"), Path("standard output")
"""What messages call them."""

CONTAINERS = "yuv4mpegpipe,nut"
"""FFmpeg's names of the formats that are piped: both can be read front to back."""

_READ_AT_ONCE = 1 << 20


@final
class InputPipe:
    """Standard input as FFmpeg reads it, with a count of its bytes.

    Raises:
        ConfigError: It is a terminal.
    """

    def __init__(self) -> None:
        if sys.stdin.isatty():
            raise ConfigError(f"{INPUT_NAME}: is a terminal. Pipe a video into it.")
        self._file: BinaryIO = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
        self._given_up = False
        self._stop: KeyboardInterrupt | None = None
        self.count = 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, and none at the end or once it is given up."""
        content = b""
        try:
            while not (self._given_up or self._is_ready()):
                pass
            if not self._given_up:
                content = self._file.read(size)
        except KeyboardInterrupt as stop:  # which PyAV would drop on its way
            self._stop = stop
            self.give_up()
        self.count += len(content)
        return content

    def check(self) -> None:
        """Raise what stopped a read."""
        if self._stop is not None:
            raise self._stop

    def give_up(self) -> None:
        """Let a read that waits in another thread end."""
        self._given_up = True

    def _is_ready(self) -> bool:
        """Wait a little for something to read."""
        if sys.platform == "win32":  # where only sockets can be asked
            return True
        return bool(select.select([self._file], [], [], POLL)[0])

    def close(self) -> None:
        """Release it; a program that still writes is told."""
        self._file.close()


def open_pipe(pipe: InputPipe) -> InputContainer:
    """Open the video in a pipe.

    Raises:
        VideoError: It is empty, or neither Y4M nor NUT.
    """
    try:
        return av.open(
            pipe,
            "r",
            metadata_errors="replace",
            buffer_size=_READ_AT_ONCE,
            container_options={"format_whitelist": CONTAINERS, "protocol_whitelist": ""},
        )
    except FFmpegError as error:
        pipe.check()
        if not pipe.count:
            raise VideoError(
                f"{INPUT_NAME}: is empty. Look at what the program before says."
            ) from error
        raise VideoError(
            f"{INPUT_NAME}: is neither Y4M nor NUT ({error.strerror}). "
            "Convert it on the way, or give a file."
        ) from error
