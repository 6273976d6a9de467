"""Where reading begins: one function for files and folders."""

from pathlib import Path

from videogigagan.video.file_source import VideoFile
from videogigagan.video.folder_source import ImageFolder
from videogigagan.video.paths import is_pipe
from videogigagan.video.source import DEFAULT_READING, ReadOptions, VideoSource


def open_source(path: Path, options: ReadOptions = DEFAULT_READING) -> VideoSource:
    """Open a video file, a folder of images, or standard input.

    Args:
        path: A local video file in any common container, a folder with images of one size, or
            "-" for Y4M or NUT from standard input.
        options: How to read it, and what to refuse.

    Raises:
        VideoError: It cannot be opened or holds no video.
    """
    if not is_pipe(path) and path.is_dir():
        return ImageFolder(path, options)
    return VideoFile(path, options)
