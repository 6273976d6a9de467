"""Whether a video file is all there: what its header declares, against what is found.

FFmpeg ends a shortened file without an error as often as not.
"""

import re
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, final

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

EXACT_DURATION = ("mov", "matroska")
"""Containers whose header states how far the longest stream reaches."""

TOLERANCE = Fraction(1, 10)
"""Seconds, or two frames if longer, by which an intact file may end before its stated end: the
duration of a last frame is often a guess."""

DURATION_TAG = re.compile(r"([0-9]{1,9}):([0-9]{1,9}):([0-9]{1,9}(?:\.[0-9]{1,18})?)")
"""How Matroska writes a duration; numbers of no end would take forever."""

EBML_HEADER, EBML_SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


@final
class Extent:
    """How far the packets of a file reach, against how far its header says."""

    def __init__(self, container: InputContainer, video: VideoStream) -> None:
        self._video = video.index
        self._tolerance = max(TOLERANCE, 2 / (video.average_rate or Fraction(25)))
        self._ends: dict[int, Fraction] = {}
        self._last_byte: int | None = 0 if container.format.name == "yuv4mpegpipe" else None
        exact = any(name in EXACT_DURATION for name in container.format.name.split(","))
        stated = container.duration if exact else None
        self._stated = None if stated is None else Fraction(stated, av.time_base)
        self._start = Fraction(container.start_time or 0, av.time_base)
        self._video_stated = _tagged_duration(video) if exact else None
        if container.format.name == "avi" and video.time_base is not None:
            self._video_stated = video.frames * video.time_base

    def watch(self, packet: Packet) -> None:
        """Take note of one packet of any stream."""
        if self._last_byte is not None and packet.pos is not None:
            self._last_byte = max(self._last_byte, packet.pos + packet.size)
        if packet.pts is not None:
            end = (packet.pts + (packet.duration or 0)) * packet.time_base
            index = packet.stream.index
            self._ends[index] = max(end, self._ends.get(index, end))

    def leftover(self, size: int) -> int:
        """Return how many of `size` bytes lie behind the last whole frame, in Y4M; else 0.

        Of its last frame, FFmpeg says nothing if it is not whole.
        """
        return 0 if self._last_byte is None else size - self._last_byte

    def missing(self) -> Fraction:
        """Return the seconds that are certainly missing at the end."""
        gaps: list[Fraction] = []
        if self._stated is not None:
            reached = max(self._ends.values(), default=Fraction(0))
            gaps.append(min(self._stated, self._stated + self._start) - reached)
        if self._video_stated is not None:
            gaps.append(self._video_stated - self._ends.get(self._video, Fraction(0)))
        worst = max(gaps, default=Fraction(0))
        return worst if worst > self._tolerance else Fraction(0)


def _tagged_duration(stream: VideoStream) -> Fraction | None:
    """Return the end of a Matroska track as its DURATION tag ("00:01:02.345") states it."""
    tag = DURATION_TAG.fullmatch(stream.metadata.get("DURATION", ""))
    if tag is None:
        return None
    hours, minutes, seconds = map(Fraction, tag.groups())
    return hours * 3600 + minutes * 60 + seconds


def missing_bytes(path: Path, container: str) -> int:
    """Return how many bytes a file lacks of what its outermost elements declare, 0 if unknown.

    Args:
        path: The file.
        container: FFmpeg's name of its container; MP4 and MOV, Matroska and AVI declare sizes.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if "mov" in container.split(","):
            declared = _end_of_boxes(file, size)
        elif "matroska" in container.split(","):
            declared = _end_of_segment(file)
        elif container == "avi":
            declared = _end_of_riff(file)
        else:
            declared = 0
    return max(0, declared - size)


def _end_of_boxes(file: BinaryIO, size: int) -> int:
    """Return where the last top-level box of an MP4 or MOV file ends."""
    end = 0
    while end + 8 <= size:
        file.seek(end)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length < 8 or not header[4:8].isalnum():
            return end  # the last box reaches to the end, or what follows is no box
        end += length
    return end


def _end_of_segment(file: BinaryIO) -> int:
    """Return where the segment of a Matroska file ends, 0 if it was written live."""
    if file.read(4) != EBML_HEADER:
        return 0
    file.seek(_variable_length(file) or 0, 1)
    if file.read(4) != EBML_SEGMENT:
        return 0
    length = _variable_length(file)
    return 0 if length is None else file.tell() + length


def _variable_length(file: BinaryIO) -> int | None:
    """Return the next EBML length, None if it says unknown."""
    first = int.from_bytes(file.read(1), "big")
    if first == 0:
        return None
    extra = 8 - first.bit_length()
    bits = 7 * (extra + 1)
    value = int.from_bytes(bytes([first]) + file.read(extra), "big") & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else value


def _end_of_riff(file: BinaryIO) -> int:
    """Return where the first RIFF chunk of an AVI file ends, 0 if it does not say."""
    header = file.read(8)
    length = int.from_bytes(header[4:8], "little")
    return 8 + length if header[:4] == b"RIFF" and length else 0
