"""A run that is killed or stopped goes on, and its result is as if nothing had happened."""

import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

PROGRAM = Path(sys.executable).with_name("videogigagan")
FRAMES = 170  # two windows, with segments that end inside both


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A texture that drifts, with sound."""
    path = tmp_path_factory.mktemp("long") / "in.mp4"
    texture = np.random.default_rng(0).integers(0, 255, (64, 300, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 32, 24, "yuv420p"
        audio = container.add_stream("aac", rate=8000, layout="mono")
        for index in range(FRAMES):
            picture = np.ascontiguousarray(texture[:24, index // 2 : index // 2 + 32])
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 320), np.float32), "fltp", "mono")
            sound.rate = 8000
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path


@pytest.fixture(scope="module")
def unbroken(long_video: Path, tiny_weights: Path) -> bytes:
    """The result of a run that nothing happens to, and that keeps nothing.

    It has a process of its own, as the others have: the number of threads rounds sums.
    """
    target = long_video.with_name("unbroken.mp4")
    command = [PROGRAM, "upscale", long_video, "-o", target, "-d", "cpu", "--resume", "off"]
    subprocess.run([*command, "--weights", tiny_weights], check=True, capture_output=True)
    return target.read_bytes()


@pytest.fixture
def start(long_video: Path, tiny_weights: Path, tmp_path: Path):
    """Start the program on the clip."""

    def started(*arguments: str) -> subprocess.Popen[str]:
        command = [PROGRAM, "upscale", long_video, "-o", tmp_path / "out.mp4", "-d", "cpu"]
        return subprocess.Popen(
            [*command, "--weights", tiny_weights, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return started


def safe_segments(folder: Path) -> int:
    """Segments that a journal in a folder tells of."""
    journals = list(folder.glob(".out.unfinished-*/journal.jsonl"))
    lines = journals[0].read_text().splitlines() if journals else []
    return sum(line.startswith('{"frames"') for line in lines)


def wait_for(process: subprocess.Popen[str], folder: Path, segments: int) -> None:
    """Wait until so many segments are safe, or the process has ended."""
    while process.poll() is None and safe_segments(folder) < segments:
        time.sleep(0.01)


@pytest.mark.catalogue("T33")
def test_t33_a_killed_run_goes_on(start, unbroken: bytes, tmp_path: Path) -> None:
    process = start()
    wait_for(process, tmp_path, 2)
    process.kill()
    process.communicate()
    assert not (tmp_path / "out.mp4").exists()
    again = start()
    out, err = again.communicate(timeout=100)
    assert again.returncode == 0
    assert re.search(r"out\.mp4: goes on behind frame (100|150)\.", err)
    assert " of them by an earlier run, " in out
    assert (tmp_path / "out.mp4").read_bytes() == unbroken
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.catalogue("T33")
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_t33_killed_at_ten_random_moments(start, unbroken: bytes, tmp_path: Path) -> None:
    """Each time in a fresh run's or a resumed run's life, from its first second on."""
    moments = random.Random(0)  # noqa: S311 - moments, no secrets
    for _ in range(10):
        process = start()
        try:
            process.communicate(timeout=moments.uniform(1, 12))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        if (tmp_path / "out.mp4").exists():
            assert (tmp_path / "out.mp4").read_bytes() == unbroken
            (tmp_path / "out.mp4").unlink()
    out, _ = start().communicate(timeout=200)
    assert "170 frames" in out
    assert (tmp_path / "out.mp4").read_bytes() == unbroken


@pytest.mark.catalogue("T35")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_t35_ctrl_c_leaves_what_can_be_seen(start, unbroken: bytes, tmp_path: Path) -> None:
    process = start()
    wait_for(process, tmp_path, 1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=100)
    assert process.returncode == 130
    assert "stops within 50 frames, to go on from there later; Ctrl-C again stops at " in err
    assert "So far it can be seen in " in err.splitlines()[-1]
    with av.open(str(tmp_path / "out_unfinished.mp4")) as seen:
        count = sum(1 for _ in seen.decode(video=0))
    assert count % 50 == 0
    assert 50 <= count < FRAMES
    start().communicate(timeout=100)
    assert (tmp_path / "out.mp4").read_bytes() == unbroken
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.catalogue("T34")
def test_t34_another_run_is_refused(start, tmp_path: Path) -> None:
    process = start()
    wait_for(process, tmp_path, 1)
    process.kill()
    process.communicate()
    other = start("-crf", "30")
    _, err = other.communicate(timeout=100)
    assert other.returncode == 1
    assert "but of another encoder's crf. Give that run's command to go on, or --resume" in err
    assert safe_segments(tmp_path) >= 1
