"""VMAF (Netflix) of two files, by the `ffmpeg` program that `imageio-ffmpeg` brings.

Optional, and apart from the other metrics: VMAF follows motion through a file by itself, so it
is no function of a moment. It judges luma only, and was trained on compression.
"""

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from videogigagan.errors import ConfigError, DataError
from videogigagan.video.reader import open_source

_INSTALL = 'Install it with `pip install "videogigagan[vmaf]"`.'
_GRAPH = (
    "[0:v]settb=1/25,setpts=N,format=yuv420p[result];"
    "[1:v]settb=1/25,setpts=N,format=yuv420p[truth];"
    "[result][truth]libvmaf=log_fmt=json:log_path=vmaf.json"
)  # pairs frames by number, whatever their timestamps say


def vmaf(result: Path, truth: Path) -> list[float]:
    """Score every frame of a video file, 0 to about 100, with the model `vmaf_v0.6.1`.

    Args:
        result: Video to judge, best lossless.
        truth: Video that it should be, of the same size and number of frames.

    Raises:
        ConfigError: `imageio-ffmpeg` is missing, or its `ffmpeg` cannot do VMAF.
        DataError: The files do not match, or `ffmpeg` fails on them.
        VideoError: A file cannot be read.
    """
    program = _program()
    _check_alike(result, truth)
    with TemporaryDirectory() as folder:
        command = [program, "-nostdin", "-v", "error"]
        command += ["-i", result.resolve(), "-i", truth.resolve()]
        command += ["-lavfi", _GRAPH, "-f", "null", "-"]
        outcome = subprocess.run(  # noqa: S603 - our own command
            command, cwd=folder, capture_output=True, text=True, check=False
        )
        log = Path(folder) / "vmaf.json"
        if outcome.returncode or not log.is_file():
            reason = " ".join(outcome.stderr.split()[-20:]) or f"status {outcome.returncode}"
            raise DataError(f"{result}: VMAF failed ({reason}). Check both files.")
        frames = json.loads(log.read_text())["frames"]
    return [frame["metrics"]["vmaf"] for frame in frames]


def _program() -> str:
    try:
        # Optional, hence neither at the top nor known to every type checker.
        import imageio_ffmpeg  # noqa: PLC0415 # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ConfigError(f"vmaf: needs the package imageio-ffmpeg. {_INSTALL}") from error
    try:
        program = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise ConfigError(
            f"vmaf: imageio-ffmpeg has no program for this machine ({_one_line(error)}). "
            f"Point IMAGEIO_FFMPEG_EXE at an ffmpeg with libvmaf."
        ) from error
    asked = [program, "-hide_banner", "-h", "filter=libvmaf"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if "AVOptions" not in answer.stdout:
        raise ConfigError(
            f"{program}: has no filter libvmaf. Point IMAGEIO_FFMPEG_EXE at an ffmpeg with it."
        )
    return program


def _check_alike(result: Path, truth: Path) -> None:
    extents = [_extent(path) for path in (result, truth)]
    if extents[0] != extents[1]:
        raise DataError(
            f"{result}: does not match the truth ({extents[0]} against {extents[1]}). "
            f"Give files of the same size and number of frames."
        )


def _extent(path: Path) -> str:
    if path.is_dir():
        raise DataError(f"{path}: is a folder, and VMAF compares two files. Give a video.")
    with open_source(path) as source:
        count = sum(1 for _ in source.frames())
        return f"{count} frames of {source.info.width}x{source.info.height}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
