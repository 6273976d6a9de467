"""Video from standard input, and what is the same for video to standard output."""

import os
import sys
from pathlib import Path
from typing import BinaryIO, final

import av
from av.container import InputContainer
from av.error import FFmpegError

from videogigagan.errors import ConfigError, VideoError

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
        self.count = 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, and none at the end."""
        content = self._file.read(size)
        self.count += len(content)
        return content

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
        if not pipe.count:
            raise VideoError(
                f"{INPUT_NAME}: is empty. Look at what the program before says."
            ) from error
        raise VideoError(
            f"{INPUT_NAME}: is neither Y4M nor NUT ({error.strerror}). "
            "Convert it on the way, or give a file."
        ) from error
