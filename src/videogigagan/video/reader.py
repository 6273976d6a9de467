"""Where reading begins: one function for files and folders."""

from pathlib import Path

from videogigagan.video.file_source import VideoFile
from videogigagan.video.folder_source import ImageFolder
from videogigagan.video.paths import is_pipe
from videogigagan.video.source import DEFAULT_MAX_PIXELS, VideoSource


def open_source(path: Path, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> VideoSource:
    """Open a video file, a folder of images, or standard input.

    Args:
        path: A local video file in any common container, a folder with images of one size, or
            "-" for Y4M or NUT from standard input.
        max_pixels: Width times height above which frames are refused before they are decoded.

    Raises:
        VideoError: It cannot be opened or holds no video.
    """
    if not is_pipe(path) and path.is_dir():
        return ImageFolder(path, max_pixels=max_pixels)
    return VideoFile(path, max_pixels=max_pixels)
