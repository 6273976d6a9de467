"""The program between two others."""

import array
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import av
import numpy as np
import pytest

fcntl = pytest.importorskip("fcntl", reason="pipes are counted as on Unix")
termios = pytest.importorskip("termios", reason="pipes are counted as on Unix")

PROGRAM = Path(sys.executable).with_name("videogigagan")


@pytest.fixture(scope="module")
def y4m() -> bytes:
    """Three grey frames of 32x24."""
    frame = b"FRAME\n" + bytes([128]) * (32 * 24 * 3 // 2)
    return b"YUV4MPEG2 W32 H24 F25:1 Ip A1:1 C420mpeg2\n" + 3 * frame


@pytest.fixture
def upscale(tiny_weights, tmp_path):
    def start(content: bytes, *arguments: str) -> tuple[int, bytes, str]:
        outcome = subprocess.run(
            [PROGRAM, "upscale", *arguments, "--weights", tiny_weights, "-d", "cpu"],
            input=content,
            capture_output=True,
            cwd=tmp_path,
            check=False,
        )
        return outcome.returncode, outcome.stdout, outcome.stderr.decode()

    return start


def decoded(content: bytes, path: Path) -> list[np.ndarray]:
    path.write_bytes(content)
    with av.open(str(path)) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]


@pytest.mark.parametrize("kind", ["y4m", "nut"])
def test_only_video_goes_to_standard_output(upscale, y4m, tmp_path, kind) -> None:
    status, out, err = upscale(y4m, "-", "-o", "-", "--scale", "2", "--pipe-format", kind)
    assert status == 0
    frames = decoded(out, tmp_path / f"out.{kind}")
    assert len(frames) == 3
    assert frames[0].shape == (48 * 3 // 2, 64)
    assert "result      -" in err
    assert "3 frames of 64x48" in err


def test_a_pipe_becomes_a_file(upscale, y4m, tmp_path) -> None:
    status, out, _ = upscale(y4m, "-", "-o", "out.mp4")
    assert (status, out.splitlines()[0]) == (0, b"result      out.mp4")
    assert (tmp_path / "out.mp4").is_file()


def test_nothing_is_kept_of_a_pipe_that_was_cut(upscale, y4m, tmp_path) -> None:
    status, _, err = upscale(y4m[:-9], "-", "-o", "out.mp4")
    assert status == 1
    assert "standard input: is cut short in the middle of frame 2" in err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def unread(pipe: IO[bytes]) -> int:
    """Return the bytes that wait in a pipe."""
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("given", [20, 2500])
def test_ctrl_c_ends_waiting_for_a_program_that_says_nothing(
    y4m, tiny_weights, tmp_path, given
) -> None:
    """In the middle of the header, and of the third frame."""
    process = subprocess.Popen(
        [PROGRAM, "upscale", "-", "-o", tmp_path / "x.mp4", "--weights", tiny_weights],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdin.write(y4m[:given])
    process.stdin.flush()
    while process.poll() is None and unread(process.stdin):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    error = process.stderr.read().decode()
    assert process.wait(timeout=60) == 130
    assert error.splitlines()[-1] == "videogigagan: stopped; nothing half-written is left."
    assert list(tmp_path.iterdir()) == []
    process.stdin.close()
    process.stderr.close()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["-"], 2, "standard input: has no name for its result"),
        (["-", "a.mp4", "-o", "out"], 2, "standard input: comes alone"),
        (["a.mp4", "b.mp4", "-o", "-"], 2, "standard output: takes one video"),
        (["-", "-o", "-", "--compare", "side"], 2, "compare: standard output takes one"),
        (["-", "-o", "out.mp4"], 1, "standard input: is empty"),
    ],
)
def test_a_mistake_is_one_clear_line(upscale, arguments, status, message) -> None:
    found, out, err = upscale(b"", *arguments)
    assert (found, out, len(err.splitlines())) == (status, b"", 1)
    assert err.startswith(f"videogigagan: {message}")
