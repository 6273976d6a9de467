import os
from pathlib import Path

import pytest
from video_clips import Clip

from videogigagan.errors import VideoError
from videogigagan.video.paths import check_target, default_output, temporary_for


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("a/clip.mp4", "a/clip_x4.mp4"),
        ("clip.MKV", "clip_x4.MKV"),
        ("clip.mov", "clip_x4.mov"),
        ("clip.webm", "clip_x4.mkv"),
        ("clip.ts", "clip_x4.mkv"),
        ("clip", "clip_x4.mkv"),
        ("a.b.avi", "a.b_x4.mkv"),
    ],
)
def test_default_output(source, result):
    assert default_output(Path(source), "x4") == Path(result)


def test_default_output_of_a_folder(tmp_path):
    assert default_output(tmp_path / ".", "x2") == tmp_path.with_name(f"{tmp_path.name}_x2")


def test_good_targets_pass(tmp_path):
    source = Clip(frames=1).write(tmp_path / "in.mp4")
    check_target(source, tmp_path / "out.mp4", overwrite=False)
    check_target(source, tmp_path / "frames", overwrite=False)
    (tmp_path / "empty").mkdir()
    check_target(source, tmp_path / "empty", overwrite=False)
    (tmp_path / "old.mkv").touch()
    check_target(source, tmp_path / "old.mkv", overwrite=True)


@pytest.mark.catalogue("T36")
def test_output_that_is_the_input_is_refused(tmp_path):
    source = Clip(frames=1).write(tmp_path / "in.mp4")
    (tmp_path / "link.mp4").symlink_to(source)
    os.link(source, tmp_path / "hard.mp4")
    for target in ("in.mp4", "link.mp4", "hard.mp4", "../" + tmp_path.name + "/in.mp4"):
        with pytest.raises(VideoError, match=r"is the input. Choose another output"):
            check_target(source, tmp_path / target, overwrite=True)


@pytest.mark.catalogue("T36")
def test_existing_output_is_refused(tmp_path):
    (tmp_path / "out.mp4").touch()
    with pytest.raises(VideoError, match=r"exists already. .*--overwrite"):
        check_target(None, tmp_path / "out.mp4", overwrite=False)


def test_special_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "out.mp4")
    with pytest.raises(VideoError, match="is not a regular file"):
        check_target(None, tmp_path / "out.mp4", overwrite=True)


def test_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(VideoError, match=r"its suffix is not known \(.webm\)"):
        check_target(None, tmp_path / "out.webm", overwrite=False)


@pytest.mark.catalogue("T38")
def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(VideoError, match=r"its folder does not exist .*Create it first"):
        check_target(None, tmp_path / "none" / "out.mp4", overwrite=False)


@pytest.mark.catalogue("T38")
def test_read_only_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(VideoError, match="its folder is read-only"):
        check_target(None, tmp_path / "out.mp4", overwrite=False)


@pytest.mark.catalogue("T38")
def test_temporary_names_are_hidden_short_and_different(tmp_path):
    target = tmp_path / ("é" * 120 + ".mp4")
    one, two = temporary_for(target), temporary_for(target)
    assert one != two
    assert one.parent == tmp_path
    assert one.name.startswith(".")
    assert one.suffix == ".mp4"
    assert len(os.fsencode(one.name)) < 120
