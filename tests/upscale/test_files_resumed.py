"""A run that was stopped or failed goes on, and loses nothing."""

import shutil
from dataclasses import replace
from pathlib import Path

import av
import pytest
import torch
from PIL import Image

from videogigagan import UpscaleOptions, VideoUpscaler
from videogigagan.errors import StoppedError, VideoError
from videogigagan.upscale.files import identity, upscale_file
from videogigagan.video.encode import EncodeOptions

FAST = UpscaleOptions(encode=EncodeOptions(preset="ultrafast"))


@pytest.fixture(scope="module")
def upscaler(tiny_weights: Path) -> VideoUpscaler:
    return VideoUpscaler.from_pretrained(tiny_weights, device="cpu")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sixty images."""
    folder = tmp_path_factory.mktemp("images") / "in"
    folder.mkdir()
    noise = torch.randint(256, (16, 80, 3), generator=torch.manual_seed(0), dtype=torch.uint8)
    for index in range(60):
        picture = noise[:, index // 4 : index // 4 + 16].contiguous()
        Image.fromarray(picture.numpy()).save(folder / f"{index:03d}.png")
    return folder


def stopped_once(upscaler: VideoUpscaler, source: Path, target: Path, **settings) -> None:
    """Stop as soon as may be, then go on."""
    options = UpscaleOptions(resume="auto", **settings)
    with pytest.raises(StoppedError, match=r"stopped behind frame 50 of 60\. So far it can be"):
        upscale_file(upscaler, source, target, options=options, stop=lambda: True)
    assert not target.exists()
    result = upscale_file(upscaler, source, target, options=options)
    assert (result.frames, result.resumed) == (60, 50)


@pytest.mark.catalogue("T33")
def test_images_and_their_comparison_go_on_together(upscaler, images, tmp_path) -> None:
    stopped_once(upscaler, images, tmp_path / "out", compare="side")
    names = sorted(path.name for path in images.iterdir())
    for folder in ("out", "out_compare"):
        assert sorted(path.name for path in (tmp_path / folder).iterdir()) == names
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out_compare"]


def test_images_that_have_gone_are_missed(upscaler, images, tmp_path) -> None:
    options = UpscaleOptions(resume="auto")
    target = tmp_path / "out"
    with pytest.raises(StoppedError):
        upscale_file(upscaler, images, target, options=options, stop=lambda: True)
    next(tmp_path.glob(".out.unfinished-*/out/*.png")).unlink()
    message = r"has lost images \(49 of 50 are there\)\. Begin anew with --resume fresh\."
    with pytest.raises(VideoError, match=message):
        upscale_file(upscaler, images, target, options=options)


def test_limits_may_change_before_a_run_goes_on(upscaler, small_video) -> None:
    options = (UpscaleOptions(), UpscaleOptions(damaged="keep", max_frames=9, overwrite=True))
    one, other = (identity(upscaler, small_video, each) for each in options)
    assert one == other
    changed = identity(upscaler, small_video, UpscaleOptions(interlaced="keep"))
    assert changed != one


@pytest.mark.catalogue("T33", "T40")
def test_a_run_that_damage_ended_goes_on_where_it_is_accepted(upscaler, tmp_path) -> None:
    whole = tmp_path / "whole.mkv"
    clusters = {"cluster_time_limit": "200"}
    with av.open(str(whole), "w", container_options=clusters) as container:
        video = container.add_stream("libx264", rate=25, options={"bf": "0"})
        video.width, video.height, video.pix_fmt = 16, 16, "yuv420p"
        for _ in range(90):
            picture = torch.randint(255, (16, 16, 3), dtype=torch.uint8).numpy()
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
    source = tmp_path / "short.mkv"
    source.write_bytes(whole.read_bytes()[: whole.stat().st_size * 4 // 5])
    strict = UpscaleOptions(encode=FAST.encode, resume="auto")
    with pytest.raises(VideoError, match=r"is cut short after frame \d+"):
        upscale_file(upscaler, source, tmp_path / "one.mp4", options=strict)
    kept = replace(strict, damaged="keep")
    one = upscale_file(upscaler, source, tmp_path / "one.mp4", options=kept)
    other = upscale_file(upscaler, source, tmp_path / "other.mp4", options=kept)
    assert (one.resumed, other.resumed) == (50, 0)
    assert one.is_cut
    assert 50 < one.frames == other.frames < 90
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "other.mp4").read_bytes()


def test_a_stop_without_a_journal_keeps_nothing(upscaler, images, tmp_path) -> None:
    with pytest.raises(StoppedError, match=r"stopped behind frame 1 of 60\. Nothing is kept"):
        upscale_file(upscaler, images, tmp_path / "x.mp4", options=FAST, stop=lambda: True)
    assert list(tmp_path.iterdir()) == []


def test_a_short_video_is_finished_rather_than_stopped(upscaler, small_video, tmp_path) -> None:
    options = UpscaleOptions(resume="auto", encode=FAST.encode)
    target = tmp_path / "large.mp4"
    assert upscale_file(upscaler, small_video, target, options=options, stop=lambda: True)
    assert [path.name for path in tmp_path.iterdir()] == ["large.mp4"]


@pytest.mark.catalogue("T37")
def test_an_error_behind_a_segment_loses_nothing(upscaler, images, tmp_path) -> None:
    """Such as a disk that is full: here the last image cannot be read."""
    folder = tmp_path / "in"
    shutil.copytree(images, folder)
    whole = (folder / "059.png").read_bytes()
    (folder / "059.png").write_bytes(whole[: len(whole) // 2])
    options = UpscaleOptions(resume="auto")
    with pytest.raises(VideoError, match="059"):
        upscale_file(upscaler, folder, tmp_path / "out", options=options)
    assert len(list(tmp_path.glob(".out.unfinished-*/out/*.png"))) >= 50
