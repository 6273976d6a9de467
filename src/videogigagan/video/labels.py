"""What a file says of itself and of its streams: titles, languages, timecode and the like."""

import logging
import re
from fractions import Fraction
from pathlib import Path
from typing import final

from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

logger = logging.getLogger(__name__)

CONTAINER_KEYS = ("encoder", "major_brand", "minor_version", "compatible_brands", "duration")
"""Metadata that describes the old file rather than what it shows."""

MATROSKA_STATISTICS = ("DURATION", "BPS", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES")
"""Metadata that a muxer computed and would be wrong for a copy."""

TIMECODE_KEYS = ("timecode", "reel_name")

_TIMECODE = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}([:;.])[0-9]{2,3}")
_DROPPING = 30  # only multiples of this rate, almost, leave numbers out


@final
class Labels:
    """The labels of one file, for another that shows the same.

    Args:
        source: The file that has them.
        video: Its video.
        path: Its name, for messages.
    """

    def __init__(self, source: InputContainer, video: VideoStream, path: Path) -> None:
        self._source = source
        self._video = video
        self._path = path

    def describe_file(self, output: OutputContainer) -> None:
        """Copy chapters, and metadata of the file."""
        metadata = _kept(self._source.metadata, CONTAINER_KEYS)
        output.metadata.update(metadata)
        if _is_mov(output) and any("." in key for key in metadata):
            # Names such as "com.apple.quicktime.make" have one place, which is not the usual.
            output.container_options["movflags"] = "use_metadata_tags"
        if self._source.chapters():
            output.set_chapters(self._source.chapters())

    def describe_video(self, video: Stream, output: OutputContainer) -> None:
        """Copy metadata, timecode and disposition of the video."""
        describe(self._video, video)
        # MP4 and MOV make a track of it, where it is a stream that belongs to the video.
        for stream in filter(is_timecode, self._source.streams):
            for key in TIMECODE_KEYS:
                if key in stream.metadata:
                    video.metadata.setdefault(key, stream.metadata[key])
        found = _found("timecode", video.metadata) or _found("timecode", self._source.metadata)
        if found and _is_mov(output) and not self._can_be_track(found):
            logger.warning("%s: its timecode (%s) is not kept.", self._path, found)

    def _can_be_track(self, timecode: str) -> bool:
        """Return whether FFmpeg makes a track of a timecode, which it does not tell."""
        match = _TIMECODE.fullmatch(timecode)
        rate = self._video.average_rate or Fraction(25)
        return bool(match) and (match[1] == ":" or round(rate) % _DROPPING == 0)


def describe(source: Stream, target: Stream) -> None:
    """Copy metadata and disposition of a stream."""
    metadata = _kept(source.metadata, MATROSKA_STATISTICS)
    if "name" in metadata:  # what MP4 and MOV call a title when they are read
        metadata.setdefault("title", metadata.pop("name"))
    target.metadata.update(metadata)
    # PyAV 16 takes only the number; the stubs of 18 want the flags.
    target.disposition = source.disposition.value  # pyright: ignore[reportAttributeAccessIssue]


def is_timecode(stream: Stream) -> bool:
    """Return whether a stream is nothing but a timecode."""
    return stream.type == "data" and "timecode" in stream.metadata


def _found(key: str, metadata: dict[str, str]) -> str | None:
    """Return a value by a key that may be in capitals."""
    return next((value for name, value in metadata.items() if name.lower() == key), None)


def _is_mov(output: OutputContainer) -> bool:
    return output.format.name in ("mp4", "mov")


def _kept(metadata: dict[str, str], dropped: tuple[str, ...]) -> dict[str, str]:
    return {
        key: value
        for key, value in metadata.items()
        if key.split("-")[0] not in dropped and not key.startswith("_STATISTICS")
    }
