"""VMAF of two files."""

import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from videogigagan.errors import ConfigError, DataError, VideoError
from videogigagan.evaluate.vmaf import vmaf


def write(
    path: Path, frames: int = 3, size: tuple[int, int] = (64, 48), noise: int = 0
) -> Path:
    """A soft moving texture, lossless; with noise it is spoiled."""
    width, height = size
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        across, down = np.meshgrid(np.arange(width), np.arange(height))
        for index in range(frames):
            grey = 128 + 60 * np.sin((across + 2 * index) / 5) * np.cos(down / 4)
            picture = np.repeat(grey[..., None], 3, axis=2)
            picture = picture + noise * rng.standard_normal(picture.shape)
            picture = picture.clip(0, 255).astype(np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
    return path


@pytest.fixture
def with_vmaf() -> None:
    """Skip where the optional package, or the filter in its program, is missing."""
    package = pytest.importorskip("imageio_ffmpeg")
    asked = [package.get_ffmpeg_exe(), "-hide_banner", "-h", "filter=libvmaf"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    if "AVOptions" not in answer.stdout:
        pytest.skip("this ffmpeg has no libvmaf")


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    return write(tmp_path / "truth.mkv")


@pytest.mark.usefixtures("with_vmaf")
def test_every_frame_is_scored_and_noise_is_worse(truth: Path, tmp_path: Path) -> None:
    same = vmaf(truth, truth)
    noisy = vmaf(write(tmp_path / "noisy.mkv", noise=40), truth)
    assert len(same) == len(noisy) == 3
    assert min(same) > 90
    assert max(noisy) < min(same) - 10


@pytest.mark.usefixtures("with_vmaf")
def test_files_that_do_not_match_are_refused(truth: Path, tmp_path: Path) -> None:
    longer = write(tmp_path / "longer.mkv", frames=4)
    with pytest.raises(DataError, match="4 frames of 64x48 against 3 frames of 64x48"):
        vmaf(longer, truth)
    wider = write(tmp_path / "wider.mkv", size=(80, 48))
    with pytest.raises(DataError, match="3 frames of 80x48 against 3 frames of 64x48"):
        vmaf(wider, truth)


@pytest.mark.usefixtures("with_vmaf")
def test_files_that_are_none_are_refused(truth: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        vmaf(tmp_path, truth)
    with pytest.raises(VideoError, match="no such file"):
        vmaf(tmp_path / "missing.mkv", truth)


def test_the_package_is_optional(truth: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ConfigError, match="needs the package imageio-ffmpeg"):
        vmaf(truth, truth)


def program(path: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program in ffmpeg's place."""
    pytest.importorskip("imageio_ffmpeg")
    if os.name == "nt":
        pytest.skip("the stand-in is a shell script")
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", lambda: str(path))
    return path


def test_an_ffmpeg_without_the_filter_is_refused(
    truth: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "ffmpeg", "echo unknown filter", monkeypatch)
    with pytest.raises(ConfigError, match="ffmpeg: has no filter libvmaf"):
        vmaf(truth, truth)


def test_a_failing_ffmpeg_is_one_line(
    truth: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "ffmpeg", "echo AVOptions; echo 'out of\nluck' >&2; exit 1", monkeypatch)
    with pytest.raises(DataError, match=r"VMAF failed \(out of luck\)"):
        vmaf(truth, truth)


def test_a_package_without_a_program_is_one_line(
    truth: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("imageio_ffmpeg")

    def missing() -> str:
        raise RuntimeError("No ffmpeg exe\ncould be found.")

    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", missing)
    with pytest.raises(ConfigError, match=r"machine \(No ffmpeg exe could be found"):
        vmaf(truth, truth)
