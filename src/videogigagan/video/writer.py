"""Where writing begins: one function for files and folders."""

from pathlib import Path

from videogigagan.video.encode import EncodeOptions
from videogigagan.video.file_sink import FileSink
from videogigagan.video.folder_sink import ImageFolderSink
from videogigagan.video.info import VideoInfo
from videogigagan.video.paths import check_target, is_folder_target, is_pipe
from videogigagan.video.pipe_sink import NutSink, Y4MSink
from videogigagan.video.sink import VideoSink


def open_sink(
    path: Path,
    like: VideoInfo,
    *,
    width: int,
    height: int,
    options: EncodeOptions,
    source: Path | None,
    overwrite: bool,
) -> VideoSink:
    """Prepare to write a video file, a folder of PNG images if `path` has no suffix, or a pipe.

    Nothing is created before the sink is entered as a context manager.

    Args:
        path: Where the result will appear once it is whole; "-" is standard output.
        like: The source's description.
        width: Columns of the pictures that will be written.
        height: Rows of the pictures that will be written.
        options: How to encode.
        source: What is read: its other streams are copied, and it is never overwritten.
        overwrite: Whether a result that exists may be replaced.

    Raises:
        VideoError: The result cannot go there (see `check_target`).
        ConfigError: The options do not fit the size.
    """
    check_target(source, path, overwrite=overwrite)
    if is_pipe(path):
        kind = NutSink if options.pipe == "nut" else Y4MSink
        return kind(like, width=width, height=height, options=options)
    if is_folder_target(path):
        return ImageFolderSink(path)
    copied = None if source is None or is_pipe(source) or source.is_dir() else source
    return FileSink(path, like, width=width, height=height, options=options, source=copied)
