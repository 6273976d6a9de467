"""Systems that run elsewhere: their frames are read from a folder, or a command makes them."""

import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import ConfigError, DataError
from videogigagan.video.folder_sink import ImageFolderSink
from videogigagan.video.folder_source import SUFFIXES
from videogigagan.video.info import Frame
from videogigagan.video.reader import open_source
from videogigagan.video.source import VideoSource

VIDEOS = (".mkv", ".mp4", ".mov", ".avi", ".y4m", ".webm")
"""Files that count as a video; images are those that every reader of ours takes."""

Upscale: TypeAlias = Callable[[Tensor, str], Iterator[Tensor]]
"""A clip (t, 3, h, w) and its name to large frames (3, H, W), one by one."""

_SCALE = 4


def frames_in(folder: Path) -> Upscale:
    """Take results that lie in a folder: `CLIP/` with images or one video, or `CLIP.mkv`.

    Raises:
        DataError: There is no such folder. When called: a clip is not there, or its frames are
            of another number or size than four times the clip's.
    """
    if not folder.is_dir():
        raise DataError(f"external={folder}: no such folder. Give the folder of all results.")

    def upscale(clip: Float[Tensor, "t 3 h w"], name: str) -> Iterator[Tensor]:
        yield from _checked(_find(folder, name), clip, name)

    return upscale


def frames_by(template: str) -> Upscale:
    """Have a command make results, clip by clip, without a shell.

    Args:
        template: The command; `{input}` becomes a folder of PNG images, `{output}` an empty
            folder, where it must leave images or one video.

    Raises:
        ConfigError: The template lacks a placeholder, or there is no such program.
        DataError: When called: the command failed, or left frames of a wrong number or size.
    """
    words = _words(template)

    def upscale(clip: Float[Tensor, "t 3 h w"], name: str) -> Iterator[Tensor]:
        with tempfile.TemporaryDirectory(prefix="videogigagan-") as scratch:
            source, target = Path(scratch) / "input", Path(scratch) / "output"
            _write(clip, source)
            target.mkdir()
            filled = [
                word.replace("{input}", str(source)).replace("{output}", str(target))
                for word in words
            ]
            _run(filled, name)
            yield from _checked(_content(target, name), clip, name)

    return upscale


def _words(template: str) -> list[str]:
    try:
        words = shlex.split(template)
    except ValueError as error:
        raise ConfigError(
            f"external-command: '{template}' cannot be split into words ({error}). Mend it."
        ) from error
    for placeholder in ("{input}", "{output}"):
        if placeholder not in template:
            raise ConfigError(
                f"external-command: '{template}' has no {placeholder}. Say where it goes."
            )
    if shutil.which(words[0]) is None:
        raise ConfigError(f"external-command: there is no program '{words[0]}'. Install it.")
    return words


def _run(words: list[str], name: str) -> None:
    try:
        outcome = subprocess.run(  # noqa: S603 - the user's own command
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
    except OSError as error:
        raise DataError(
            f"external-command: '{words[0]}' cannot be run on clip '{name}' "
            f"({error.strerror}). Check the program."
        ) from error
    if outcome.returncode:
        said = outcome.stderr.decode(errors="replace").splitlines()
        lines = ["".join(filter(str.isprintable, line)).strip() for line in said]
        last = next((line for line in reversed(lines) if line), "no message")
        raise DataError(
            f"external-command: '{words[0]}' failed on clip '{name}' "
            f"(exit status {outcome.returncode}: {last}). Mend the command."
        )


def _write(clip: Tensor, folder: Path) -> None:
    with ImageFolderSink(folder) as sink:
        for index, pixels in enumerate(clip):
            frame = Frame(
                pixels=pixels, index=index, pts=index, duration=1, time_base=Fraction(1, 25)
            )
            sink.write(pixels, frame)


def _find(folder: Path, name: str) -> Path:
    if (folder / name).is_dir():
        return _content(folder / name, name)
    for suffix in VIDEOS:
        video = folder / f"{name}{suffix}"
        if video.is_file():
            return video
    raise DataError(
        f"external={folder}: has no result for clip '{name}'. "
        f"Put its frames into {folder / name}."
    )


def _content(folder: Path, name: str) -> Path:
    """The folder itself if it holds images, else the one video in it."""
    suffixes = [entry.suffix.lower() for entry in folder.iterdir()]
    if any(suffix in SUFFIXES for suffix in suffixes):
        return folder
    videos = [entry for entry in folder.iterdir() if entry.suffix.lower() in VIDEOS]
    if len(videos) == 1:
        return videos[0]
    raise DataError(
        f"{folder}: has neither images nor one video of clip '{name}' "
        f"({len(videos)} videos found). Put its frames there."
    )


def _checked(path: Path, clip: Tensor, name: str) -> Iterator[Tensor]:
    """Yield every frame of a result, or raise; where it mirrors the clip, half is enough."""
    half = len(clip) // 2 if _is_mirrored(clip) else None
    held: list[Tensor] = []
    count = 0
    with open_source(path) as source:
        _check_size(source, path, clip, name)
        for frame in source.frames():
            count += 1
            if half is not None:
                held.append(frame.pixels)
            if count <= len(clip):
                yield frame.pixels
    if count == half:
        yield from reversed(held)
    elif count != len(clip):
        raise DataError(
            f"{path}: has {count} frames of clip '{name}', which has {len(clip)}. "
            f"Make one for each."
        )


def _check_size(source: VideoSource, path: Path, clip: Tensor, name: str) -> None:
    height, width = (_SCALE * side for side in clip.shape[-2:])
    found = source.info
    if (found.width, found.height) != (width, height):
        raise DataError(
            f"{path}: frames of clip '{name}' are {found.width}x{found.height}, "
            f"not {width}x{height}. Enlarge it {_SCALE} times."
        )


def _is_mirrored(clip: Tensor) -> bool:
    """Whether the second half is the first one backwards, as in Vimeo-90K's protocol."""
    return len(clip) % 2 == 0 and torch.equal(clip, clip.flip(0))
