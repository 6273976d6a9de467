"""Writing pictures to standard output, for other programs: Y4M and NUT, both uncompressed."""

import logging
import os
import sys
from abc import abstractmethod
from contextlib import suppress
from fractions import Fraction
from typing import BinaryIO, final

import av
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import ConfigError, VideoError
from videogigagan.video.colour import BT2020, UNSPECIFIED, Colour, guess_matrix, rgb_to_yuv
from videogigagan.video.encode import EncodeOptions, choose_pixel_format
from videogigagan.video.info import Frame, VideoInfo
from videogigagan.video.pipes import OUTPUT_NAME
from videogigagan.video.planes import bit_depth_of, rgb_to_frame, sampling_of
from videogigagan.video.sink import VideoSink

logger = logging.getLogger(__name__)

_Y4M_CHROMA = {"420": "420mpeg2", "422": "422", "444": "444"}


class PipeSink(VideoSink):
    """A video on its way to another program; what was written cannot be taken back.

    Neither format can name a colour matrix. Samples are in limited range, by the matrix that
    players assume for the size; BT.2020 stays BT.2020.

    Args:
        like: The source, for frame rate, depth and sampling.
        width: Columns of the pictures that will be written.
        height: Rows of the pictures that will be written.
        options: Which format, and which pixel format.

    Raises:
        ConfigError: Standard output is a terminal, or the size does not fit the pixel format.
    """

    def __init__(
        self, like: VideoInfo, *, width: int, height: int, options: EncodeOptions
    ) -> None:
        super().__init__(OUTPUT_NAME)
        if sys.stdout.isatty():
            raise ConfigError(
                f"{OUTPUT_NAME}: is a terminal. Pipe it into a program, or give a file."
            )
        self._like = like
        self._size = (width, height)
        self._format = av.VideoFormat(
            choose_pixel_format(options.pixel_format, like, width=width, height=height)
        )
        is_2020 = like.colour.matrix == BT2020
        self._colour = Colour(
            matrix=BT2020 if is_2020 else guess_matrix(width, height),
            full_range=False,
            primaries=UNSPECIFIED,
            transfer=UNSPECIFIED,
            guessed=True,
        )
        self._pipe: BinaryIO | None = None

    def _begin(self) -> None:
        self._pipe = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        self._start()

    def _put(self, pixels: Float[Tensor, "3 H W"], frame: Frame) -> None:
        try:
            self._send(pixels, frame)
        except BrokenPipeError as error:
            raise VideoError(
                f"{OUTPUT_NAME}: is not read any further after frame {self.written}. "
                "Look at what the program behind says."
            ) from error

    def _complete(self) -> None:
        self._end()
        assert self._pipe is not None
        self._pipe.flush()

    def _publish(self) -> None:
        """Nothing is hidden in a pipe."""

    def _discard(self) -> None:
        self._release()
        if self._pipe is not None:
            with suppress(OSError):  # nobody reads any more
                self._pipe.close()

    @abstractmethod
    def _start(self) -> None:
        """Write what stands before the first picture."""

    @abstractmethod
    def _send(self, pixels: Float[Tensor, "3 H W"], frame: Frame) -> None:
        """Write one picture."""

    @abstractmethod
    def _end(self) -> None:
        """Write what stands behind the last picture."""

    @abstractmethod
    def _release(self) -> None:
        """Let go of what writes; harmless if done already."""


@final
class Y4MSink(PipeSink):
    """YUV4MPEG2, which most programs read: one frame rate, the shape of pixels, no times."""

    def _start(self) -> None:
        self._first: Fraction | None = None
        self._warned = False
        width, height = self._size
        rate, aspect = self._like.rate, self._like.pixel_aspect
        chroma = _Y4M_CHROMA[sampling_of(self._format)]
        if bit_depth_of(self._format) > 8:
            chroma = f"{sampling_of(self._format)}p{bit_depth_of(self._format)}"
        assert self._pipe is not None
        self._pipe.write(
            f"YUV4MPEG2 W{width} H{height} F{rate.numerator}:{rate.denominator} Ip "
            f"A{aspect.numerator}:{aspect.denominator} C{chroma} XCOLORRANGE=LIMITED\n".encode()
        )

    def _send(self, pixels: Float[Tensor, "3 H W"], frame: Frame) -> None:
        self._check_time(frame)
        depth = bit_depth_of(self._format)
        planes = rgb_to_yuv(
            pixels.float().cpu(),
            colour=self._colour,
            bit_depth=depth,
            sampling=sampling_of(self._format),
        )
        assert self._pipe is not None
        self._pipe.write(b"FRAME\n")
        for plane in planes:
            self._pipe.write(plane.numpy().astype("<u2" if depth > 8 else "u1").tobytes())

    def _end(self) -> None:
        """Y4M just ends."""

    def _release(self) -> None:
        """Nothing stands between this and the pipe."""

    def _check_time(self, frame: Frame) -> None:
        """Warn once where a frame is half a frame or more from its place."""
        now = frame.pts * frame.time_base
        self._first = now if self._first is None else self._first
        due = self._first + self.written / self._like.rate
        if not self._warned and abs(now - due) * self._like.rate * 2 >= 1:
            logger.warning(
                "%s: Y4M knows one frame rate (%.5g), and frame %d is not in time; NUT keeps "
                "times.",
                OUTPUT_NAME,
                self._like.rate,
                self.written,
            )
            self._warned = True


@final
class NutSink(PipeSink):
    """NUT, which FFmpeg and players built on it read: the time of every frame, no shape."""

    def _start(self) -> None:
        self._container: OutputContainer | None = None
        if self._like.pixel_aspect != 1:
            logger.warning(
                "%s: NUT is written without the shape of pixels (%s); Y4M keeps it.",
                OUTPUT_NAME,
                self._like.pixel_aspect,
            )
        assert self._pipe is not None
        self._container = av.open(_Front(self._pipe), "w", format="nut")
        rate = self._like.rate.limit_denominator(1_000_000)
        video = self._container.add_stream("rawvideo", rate=rate)
        assert isinstance(video, VideoStream)
        video.width, video.height = self._size
        video.pix_fmt = self._format.name
        video.time_base = video.codec_context.time_base = self._like.time_base
        self._video = video
        self._shift = round(self._like.origin / self._like.time_base)

    def _send(self, pixels: Float[Tensor, "3 H W"], frame: Frame) -> None:
        assert self._container is not None
        picture = rgb_to_frame(pixels, self._format.name, self._colour)
        picture.pts, picture.time_base = frame.pts - self._shift, frame.time_base
        self._container.mux(self._video.encode(picture))

    def _end(self) -> None:
        assert self._container is not None
        self._container.mux(self._video.encode(None))
        self._container.close()

    def _release(self) -> None:
        if self._container is not None:
            with suppress(FFmpegError, OSError):
                self._container.close()


@final
class _Front:
    """A pipe as FFmpeg may write it: front to back."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe

    def write(self, content: bytes) -> int:
        """Write all of it."""
        return self._pipe.write(content)
