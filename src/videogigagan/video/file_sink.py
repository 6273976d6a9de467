"""Writing a video file: encoded pictures, and the other streams of the source copied."""

import os
from contextlib import suppress
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import final

import av
from av.container import Flags as ContainerFlags
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import VideoError
from videogigagan.video.colour import colour_for_writing
from videogigagan.video.copying import StreamCopy
from videogigagan.video.encode import EncodeOptions, Encoding, decide
from videogigagan.video.info import Frame, VideoInfo
from videogigagan.video.planes import FULL_RANGE, rgb_to_frame
from videogigagan.video.sink import VideoSink, remove_quietly

MUXERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}


X265_DELAY = 2
"""Frames that x265 decodes ahead; in videos no longer than that it sets no decoding times."""


@final
class FileSink(VideoSink):
    """An H.264 or H.265 video in MP4, MOV or Matroska.

    Timestamps are those of the source's frames, exact in MP4 and MOV, to the millisecond in
    Matroska.

    Args:
        target: The file to be; its suffix chooses the container.
        like: The source, for colour, time base, pixel aspect and the like.
        width: Columns of the pictures that will be written.
        height: Rows of the pictures that will be written.
        options: How to encode.
        source: The file to copy all other streams from, or None.

    Raises:
        VideoError: The container cannot hold one of the source's streams.
    """

    def __init__(
        self,
        target: Path,
        like: VideoInfo,
        *,
        width: int,
        height: int,
        options: EncodeOptions,
        source: Path | None,
    ) -> None:
        super().__init__(target)
        self._like = like
        self._size = (width, height)
        self._colour = colour_for_writing(like.colour)
        self._encoding = decide(options, like, width=width, height=height)
        self._source = source if options.other_streams == "copy" else None
        self._container: OutputContainer | None = None
        self._copy: StreamCopy | None = None
        self._shift = round(like.origin / like.time_base)
        self._durations: dict[int, int] = {}
        self._end = Fraction(0)
        self._muxed = 0

    def _begin(self) -> None:
        container = _open(self._temporary, self._like.time_base)
        self._container = container
        self._video = self._add_video(container, self._encoding)
        if self._source is not None:
            self._copy = StreamCopy(self._source, container, self.target)
            self._copy.add_streams()
            self._copy.describe_video(self._video)
        container.start_encoding()

    def _add_video(self, container: OutputContainer, encoding: Encoding) -> VideoStream:
        rate = self._like.rate.limit_denominator(1_000_000)
        video = container.add_stream(encoding.encoder, rate=rate, options=encoding.options)
        assert isinstance(video, VideoStream)
        video.time_base = self._like.time_base
        context = video.codec_context
        context.width, context.height = self._size
        context.pix_fmt = encoding.pixel_format
        context.time_base = self._like.time_base
        context.sample_aspect_ratio = self._like.pixel_aspect
        context.colorspace = self._colour.matrix
        context.color_range = FULL_RANGE if self._colour.full_range else 1
        context.color_primaries = self._colour.primaries
        context.color_trc = self._colour.transfer
        if encoding.encoder == "libx265" and container.format.name in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # players by Apple refuse the default, hev1
        return video

    def _put(self, pixels: Float[Tensor, "3 H W"], frame: Frame) -> None:
        width, height = self._size
        assert pixels.shape == (3, height, width), "pictures must have the size announced"
        picture = rgb_to_frame(pixels, self._encoding.pixel_format, self._colour)
        picture.pts = frame.pts - self._shift
        picture.time_base = frame.time_base
        self._durations[picture.pts] = frame.duration
        self._end = (picture.pts + frame.duration) * frame.time_base
        self._mux(self._video.encode(picture))

    def _mux(self, packets: list[Packet]) -> None:
        assert self._container is not None
        for packet in packets:
            assert packet.pts is not None
            assert packet.dts is not None
            packet.duration = self._durations.pop(packet.pts)
            if self._encoding.encoder == "libx265" and self.written <= X265_DELAY:
                packet.dts = packet.pts - X265_DELAY  # x265 leaves it uninitialised
            reached = Fraction(packet.dts) * packet.time_base
            self._container.mux_one(packet)
            self._muxed += 1
            if self._copy is not None:
                self._copy.advance(reached)

    def _complete(self) -> None:
        assert self._container is not None
        self._mux(self._video.encode(None))
        if self._muxed != self.written:
            raise VideoError(
                f"{self.target}: the encoder returned {self._muxed} frames for {self.written}. "
                "Nothing was kept; please report this."
            )
        if self._copy is not None and self._cut:
            self._copy.advance(self._end)
        elif self._copy is not None:
            self._copy.finish()
        self._container.close()
        with self._temporary.open("rb") as file:
            os.fsync(file.fileno())

    def _publish(self) -> None:
        self._temporary.replace(self.target)

    def _discard(self) -> None:
        if self._copy is not None:
            self._copy.close()
        if self._container is not None:
            with suppress(FFmpegError, OSError):
                self._container.close()
        remove_quietly(self._temporary)


def _open(path: Path, time_base: Fraction) -> OutputContainer:
    muxer = MUXERS[path.suffix.lower()]
    ticks = time_base.denominator
    common = lcm(ticks, 1000)
    settings = {
        "video_track_timescale": str(ticks),
        # The start of each stream is stored in ticks of the whole file, by default of 1/1000 s.
        "movie_timescale": str(common if common < 1 << 31 else ticks),
    }
    container = av.open(
        str(path.absolute()),
        "w",
        format=muxer,
        container_options={} if muxer == "matroska" else settings,
        metadata_errors="replace",
    )
    container.flags |= ContainerFlags.bitexact.value  # no random numbers, no library versions
    return container
