"""Everything in a video file but its pictures, copied packet by packet."""

import logging
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from fractions import Fraction
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import final

import av
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import AttachmentStream, Stream

from videogigagan.errors import VideoError
from videogigagan.video.labels import Labels, describe, is_timecode
from videogigagan.video.streams import choose_video, open_container, origin_of

logger = logging.getLogger(__name__)

REHEARSED = 300
"""Packets at the start of the source among which the first of each stream is looked for."""


@final
class StreamCopy:
    """Copies all but the pictures of one file into another, its labels included.

    It reads the source a second time, beside the reader of the pictures, and never further than
    it was told to; so memory stays bounded and streams stay interleaved.
    """

    def __init__(self, source: Path, output: OutputContainer, target: Path) -> None:
        self._source = source
        self._target = target
        self._output = output
        self._input = open_container(source)
        self._origin = origin_of(self._input)
        self._video = choose_video(self._input, source)
        self._labels = Labels(self._input, self._video, source)
        self._copies: dict[int, Stream] = {}
        self._pending: Packet | None = None
        self._accepts_damage = False
        self._packets = self._wanted_packets()

    def add_streams(self) -> None:
        """Declare the streams in the output, before its header is written.

        Raises:
            VideoError: The output's container cannot hold one of them.
        """
        firsts = self._first_packets()
        for stream in self._input.streams:
            if stream.type in ("audio", "subtitle"):
                self._copies[stream.index] = self._add(stream, firsts.get(stream.index))
            elif stream.index != self._video.index and not self._add_if_possible(
                stream, firsts.get(stream.index)
            ):
                logger.warning(
                    "%s: stream %d (%s) is not copied.", self._source, stream.index, stream.type
                )
        self._labels.describe_file(self._output)

    def describe_video(self, stream: Stream) -> None:
        """Give the output's video stream the metadata and disposition of the source's."""
        self._labels.describe_video(stream, self._output)

    def advance(self, until: Fraction) -> None:
        """Copy packets up to a time in seconds of the output."""
        while self._pending is not None or self._fetch():
            packet = self._pending
            assert packet is not None
            stamp = packet.dts if packet.dts is not None else packet.pts
            if stamp is not None and stamp * packet.time_base > until:
                return
            self._pending = None
            self._output.mux_one(packet)

    def accept_damage(self) -> None:
        """From now on let damage of the source end what is copied, with a warning."""
        self._accepts_damage = True

    def finish(self) -> None:
        """Copy all packets that are left."""
        while self._pending is not None or self._fetch():
            packet, self._pending = self._pending, None
            assert packet is not None
            self._output.mux_one(packet)

    def close(self) -> None:
        """Release the source."""
        self._packets.close()  # before what it reads from, or FFmpeg crashes
        self._input.close()

    def _fetch(self) -> bool:
        self._pending = next(self._packets, None)
        return self._pending is not None

    def _wanted_packets(self) -> Generator[Packet, None, None]:
        """Yield the packets to copy, moved to their stream in the output and to its start."""
        streams = [self._input.streams[index] for index in self._copies]
        if not streams:
            return
        for packet in self._intact_packets(streams):
            if packet.dts is None and packet.pts is None and packet.size == 0:
                continue  # the demuxer's sign that a stream ends
            shift = round(self._origin / packet.time_base)
            packet.pts = None if packet.pts is None else packet.pts - shift
            packet.dts = None if packet.dts is None else packet.dts - shift
            packet.stream = self._copies[packet.stream.index]
            yield packet

    def _intact_packets(self, streams: list[Stream]) -> Iterator[Packet]:
        """Yield packets as they are read, up to damage if that is accepted."""
        try:
            for packet in self._input.demux(streams):
                if packet.is_corrupt and self._accepts_damage:
                    break
                yield packet
            else:
                return
        except FFmpegError:
            if not self._accepts_damage:
                raise
        logger.warning("%s: sound and other streams end where it is damaged.", self._source)

    def _first_packets(self) -> dict[int, Packet]:
        """Return the first packet of each stream that has one near the start."""
        firsts: dict[int, Packet] = {}
        with open_container(self._source) as opened, suppress(FFmpegError):
            for packet in islice(opened.demux(), REHEARSED):
                if packet.size:
                    firsts.setdefault(packet.stream.index, packet)
        return firsts

    def _add_if_possible(self, stream: Stream, first: Packet | None) -> bool:
        """Copy what no player needs to show the video; return whether nothing of it is lost."""
        if isinstance(stream, AttachmentStream):
            if "matroska" not in self._output.format.name:
                return False
            self._output.add_attachment(
                stream.metadata.get("filename", "attachment"),
                stream.metadata.get("mimetype", "application/octet-stream"),
                stream.data,
            )
            return True
        if stream.type != "data":
            return False
        if is_timecode(stream) or (first is None and self._input.chapters()):
            return True  # which are labels: FFmpeg reads and writes them by itself
        try:
            self._copies[stream.index] = self._add_copy(stream, first)
        except (ValueError, FFmpegError):
            return False
        return True

    def _add(self, stream: Stream, first: Packet | None) -> Stream:
        codec = "unknown" if stream.codec_context is None else stream.codec_context.name
        muxer = self._output.format.name
        try:
            return self._add_copy(stream, first)
        except (ValueError, FFmpegError) as error:
            other = "Convert it first" if muxer == "matroska" else "Write an .mkv file instead"
            raise VideoError(
                f"{self._target}: cannot hold stream {stream.index} of the input "
                f"({stream.type}, {codec}). {other}, or drop other streams."
            ) from error

    def _add_copy(self, stream: Stream, first: Packet | None) -> Stream:
        _rehearse(stream, first, self._output.format.name)
        copy = self._output.add_stream_from_template(stream)
        describe(stream, copy)
        return copy


def _rehearse(stream: Stream, first: Packet | None, muxer: str) -> None:
    """Try in memory whether a container takes a stream: some say so only when they are closed.

    Raises:
        ValueError: It does not take the codec.
        FFmpegError: It takes the codec, but not as it is here.
    """
    with closing(av.open(BytesIO(), "w", format=muxer)) as trial:
        copy = trial.add_stream_from_template(stream)
        trial.start_encoding()
        if first is not None:
            first.stream = copy
            trial.mux_one(first)
