"""Opening containers safely, and which of their streams is the video."""

import errno
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from videogigagan.errors import VideoError

logger = logging.getLogger(__name__)

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,flv,live_flv,ogg,gif,"
    "apng,asf,asf_o,yuv4mpegpipe,nut,h264,hevc,vvc,av1,obu,ivf,mxf,dv,rm,wtv,vc1,avs2,avs3,mjpeg"
)
"""FFmpeg's names of the containers that may be opened; none can name other files or hosts."""

FLOATING_START = ("mpegts", "mpeg", "wtv", "asf")
"""Containers whose first timestamp means nothing."""

SCRIPTS = (b"ffconcat version", b"#EXTM3U", b"<?xml", b"<MPD", b"[playlist]")
"""How playlists and scripts begin."""

_FIRST_PACKETS = 3  # so many never share a time, not even the fields of interlaced pictures


def open_container(path: Path) -> InputContainer:
    """Open a local video file, and nothing that it may point at.

    Raises:
        VideoError: The file is missing, unreadable, not a video, or a playlist.
    """
    if not path.exists() and re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", str(path)):
        raise VideoError(
            f"{path}: is an address, and only local files are read. Download it first."
        )
    with _explained(path):
        with path.open("rb") as file:
            head = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
        if head.startswith(SCRIPTS):
            raise VideoError(
                f"{path}: is a playlist or script, not a video "
                f"({head[:16].decode(errors='replace')!r}...). Give the video itself."
            )
        # An absolute path is never taken for a protocol; the lists are for what it contains.
        return av.open(
            str(path.resolve()),
            metadata_errors="replace",
            container_options={"format_whitelist": CONTAINERS, "protocol_whitelist": "file"},
        )


def choose_video(container: InputContainer, path: Path) -> VideoStream:
    """Return the first stream of moving pictures; cover art does not count.

    Raises:
        VideoError: There is none, or FFmpeg has no decoder for it.
    """
    for stream in container.streams.video:
        if not is_picture(stream):
            if stream.codec_context is None:
                raise VideoError(
                    f"{path}: has a video stream that this FFmpeg cannot decode. "
                    "Convert it to H.264 first."
                )
            return stream
    kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
    raise VideoError(f"{path}: has no video stream (it holds {kinds}). Give a video file.")


def is_picture(stream: VideoStream) -> bool:
    """Return whether a video stream is cover art or a thumbnail."""
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    return bool(stream.disposition & still)


def lacks_timestamps(path: Path) -> bool:
    """Return whether the first packets of a file's video have no time, or all the same.

    Raises:
        VideoError: As in `open_container` and `choose_video`.
    """
    with open_container(path) as container, suppress(FFmpegError):
        packets = container.demux(choose_video(container, path))
        stamps = [packet.pts for packet in islice(packets, _FIRST_PACKETS) if packet.size]
        return len(stamps) > 1 and len(set(stamps)) == 1
    return False


def has_floating_start(container: InputContainer) -> bool:
    """Return whether the container is one for broadcasts, which begin anywhere."""
    return any(name in FLOATING_START for name in container.format.name.split(","))


def origin_of(container: InputContainer) -> Fraction:
    """Return the seconds to subtract from every timestamp when the container changes."""
    if not has_floating_start(container) or container.start_time is None:
        return Fraction(0)
    return Fraction(container.start_time, av.time_base)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the errors of opening a file into one clear line."""
    try:
        yield
    except FileNotFoundError as error:
        raise VideoError(f"{path}: no such file. Check the path.") from error
    except PermissionError as error:
        raise VideoError(f"{path}: may not be read. Check its permissions.") from error
    except (FFmpegError, OSError) as error:
        if error.errno == errno.EINVAL:  # what FFmpeg says of a format that is not on the list
            raise VideoError(
                f"{path}: is not in a video container that is read here (playlists, scripts, "
                "devices and single pictures are refused). Give a video such as MP4 or MKV, "
                "or a folder of images."
            ) from error
        raise VideoError(
            f"{path}: cannot be opened as a video ({_reason(error)}). "
            "It may be cut short or not a video; check that it plays."
        ) from error


def _reason(error: FFmpegError | OSError) -> str:
    """Return FFmpeg's words without its file name and numbers."""
    return error.strerror or type(error).__name__
