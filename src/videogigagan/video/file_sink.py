"""Writing a video file: encoded pictures, and the other streams of the source copied."""

import os
from contextlib import suppress
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import final

import av
from av.codec.context import Flags as CodecFlags
from av.container import Flags as ContainerFlags
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import VideoError
from videogigagan.video.colour import colour_for_writing
from videogigagan.video.copying import StreamCopy
from videogigagan.video.encode import EncodeOptions, Encoding, decide
from videogigagan.video.info import Frame, VideoInfo
from videogigagan.video.packets import EncodedPicture, PacketFile, decoding_times
from videogigagan.video.planes import FULL_RANGE, rgb_to_frame
from videogigagan.video.sink import SegmentedSink, remove_quietly

MUXERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}


_PACKETS = ".packets"


@final
class FileSink(SegmentedSink):
    """An H.264 or H.265 video in MP4, MOV or Matroska.

    Timestamps are those of the source's frames, exact in MP4 and MOV, to the millisecond in
    Matroska. Every segment has an encoder of its own, and its pictures wait in a file of
    packets until all are there.

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
        self._encoder: VideoCodecContext | None = None
        self._packets: PacketFile | None = None
        self._safe = 0

    @property
    def safe(self) -> int:
        """Length of what is encoded, in bytes."""
        return self._safe

    def _begin(self) -> None:
        self._packets = PacketFile(Path(f"{self._temporary}{_PACKETS}"))
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
        self._configure(video.codec_context)
        if encoding.encoder == "libx265" and container.format.name in ("mp4", "mov"):
            video.codec_context.codec_tag = "hvc1"  # Apple's players refuse the default, hev1
        return video

    def _configure(self, context: VideoCodecContext) -> None:
        context.width, context.height = self._size
        context.pix_fmt = self._encoding.pixel_format
        context.time_base = self._like.time_base
        context.sample_aspect_ratio = self._like.pixel_aspect
        context.colorspace = self._colour.matrix
        context.color_range = FULL_RANGE if self._colour.full_range else 1
        context.color_primaries = self._colour.primaries
        context.color_trc = self._colour.transfer

    def _new_encoder(self) -> VideoCodecContext:
        """An encoder like that of the container's stream, for one segment."""
        context = av.CodecContext.create(self._encoding.encoder, "w")
        assert isinstance(context, VideoCodecContext)
        self._configure(context)
        context.framerate = self._like.rate.limit_denominator(1_000_000)
        context.options = dict(self._encoding.options)
        context.flags |= CodecFlags.global_header.value
        return context

    def _put(self, pixels: Float[Tensor, "3 H W"], frame: Frame) -> None:
        width, height = self._size
        assert pixels.shape == (3, height, width), "pictures must have the size announced"
        picture = rgb_to_frame(pixels, self._encoding.pixel_format, self._colour)
        picture.pts = frame.pts - self._shift
        picture.time_base = frame.time_base
        self._durations[picture.pts] = frame.duration
        if self._encoder is None:
            self._encoder = self._new_encoder()
        self._keep(self._encoder.encode(picture))

    def _keep(self, packets: list[Packet]) -> None:
        assert self._packets is not None
        for packet in packets:
            assert packet.pts is not None
            duration = self._durations.pop(packet.pts)
            picture = EncodedPicture(packet.pts, duration, packet.is_keyframe, bytes(packet))
            self._packets.append([picture])

    def _end_segment(self) -> None:
        assert self._packets is not None
        if self._encoder is not None:
            self._keep(self._encoder.encode(None))
            self._encoder = None
        if self._durations:
            raise VideoError(
                f"{self.target}: the encoder has lost {len(self._durations)} of {self.written} "
                "frames. Please report this."
            )
        self._safe = self._packets.sync()

    def _restore(self, safe: int) -> None:
        assert self._packets is not None
        self._packets.cut(safe)
        self._safe = safe

    def _complete(self) -> None:
        self._end_segment()
        self._mux()
        assert self._container is not None
        self._container.close()
        with self._temporary.open("rb") as file:
            os.fsync(file.fileno())

    def _mux(self) -> None:
        """Put all pictures into the container, and the other streams between them."""
        assert self._container is not None
        assert self._packets is not None
        times = self._packets.times()
        if len(times) != self.written:
            raise VideoError(
                f"{self.target}: the encoder returned {len(times)} frames for {self.written}. "
                "Nothing was kept; please report this."
            )
        if self._copy is not None and self._cut:
            self._copy.accept_damage()
        end, base = 0, self._like.time_base
        for picture, dts in zip(self._packets.pictures(), decoding_times(times), strict=True):
            packet = Packet(picture.content)
            packet.stream, packet.time_base = self._video, base
            packet.pts, packet.dts, packet.duration = picture.pts, dts, picture.duration
            packet.is_keyframe = picture.is_key
            end = max(end, picture.pts + picture.duration)
            self._container.mux_one(packet)
            if self._copy is not None:
                self._copy.advance(dts * base)
        if self._copy is not None and self._cut:
            self._copy.advance(end * base)
        elif self._copy is not None:
            self._copy.finish()

    def _publish(self) -> None:
        self._temporary.replace(self.target)

    def _leave(self, place: Path) -> None:
        self._temporary.replace(place)

    def _discard(self) -> None:
        self._encoder = None
        if self._packets is not None:
            self._packets.close()
            if self._workshop is None:
                remove_quietly(self._packets.path)
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
