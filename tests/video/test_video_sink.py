"""A result appears whole or not at all, whatever happens on the way."""

import errno
import os
from pathlib import Path

import pytest
from av.error import FFmpegError
from video_clips import FAST, Clip

from videogigagan.errors import VideoError
from videogigagan.video.file_sink import FileSink
from videogigagan.video.packets import PacketFile
from videogigagan.video.reader import open_source
from videogigagan.video.writer import open_sink


def write_all(source: Path, target: Path, *, overwrite=False, each=None, expected=None):
    """Write a clip's frames as they are; `each` says by index whether to write one."""
    with open_source(source) as video:
        sink = open_sink(
            target,
            video.info,
            width=video.info.width,
            height=video.info.height,
            options=FAST,
            source=source,
            overwrite=overwrite,
        )
        with sink:
            for frame in video.frames():
                if each is None or each(frame.index):
                    sink.write(frame.pixels, frame)
            if expected is not None:
                sink.expect(expected)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.catalogue("T36")
@pytest.mark.parametrize("target", ["out.mp4", "frames"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, VideoError, ZeroDivisionError])
def test_interruption_leaves_nothing(tmp_path, target, error):
    def stop(index):
        if index == 3:
            raise error
        return True

    source = Clip(audio=("eng",)).write(tmp_path / "in.mp4")
    with pytest.raises(error):
        write_all(source, tmp_path / target, each=stop)
    assert names(tmp_path) == ["in.mp4"]


@pytest.mark.catalogue("T36")
def test_interruption_while_finishing_leaves_nothing(tmp_path, monkeypatch):
    def stop(_):
        raise KeyboardInterrupt

    source = Clip(audio=("eng",)).write(tmp_path / "in.mp4")
    monkeypatch.setattr("videogigagan.video.copying.StreamCopy.finish", stop)
    with pytest.raises(KeyboardInterrupt):
        write_all(source, tmp_path / "out.mp4")
    assert names(tmp_path) == ["in.mp4"]


@pytest.mark.catalogue("T36")
def test_interruption_leaves_the_old_result(tmp_path):
    def stop(index):
        if index == 3:
            raise KeyboardInterrupt
        return True

    source = Clip().write(tmp_path / "in.mp4")
    old = tmp_path / "out.mp4"
    old.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write_all(source, old, overwrite=True, each=stop)
    assert old.read_bytes() == b"old"
    assert names(tmp_path) == ["in.mp4", "out.mp4"]


@pytest.mark.catalogue("T36")
def test_result_appears_only_when_whole(tmp_path):
    source = Clip().write(tmp_path / "in.mp4")
    target = tmp_path / "out.mp4"
    write_all(source, target, each=lambda _: not target.exists(), expected=6)
    assert names(tmp_path) == ["in.mp4", "out.mp4"]


@pytest.mark.catalogue("T01")
def test_wrong_number_of_frames_is_an_error(tmp_path):
    source = Clip().write(tmp_path / "in.mp4")
    with pytest.raises(VideoError, match="5 frames were written for 6 read"):
        write_all(source, tmp_path / "out.mp4", each=bool, expected=6)
    assert names(tmp_path) == ["in.mp4"]


def test_no_frame_at_all_is_an_error(tmp_path):
    source = Clip().write(tmp_path / "in.mp4")
    with pytest.raises(VideoError, match="no frame was written"):
        write_all(source, tmp_path / "out.mp4", each=lambda _: False)
    assert names(tmp_path) == ["in.mp4"]


@pytest.mark.catalogue("T01")
def test_frame_that_the_encoder_loses_is_an_error(tmp_path, monkeypatch):
    source = Clip().write(tmp_path / "in.mp4")
    keep = FileSink._keep  # noqa: SLF001
    monkeypatch.setattr(FileSink, "_keep", lambda self, found: keep(self, found[1:]))
    with pytest.raises(VideoError, match=r"the encoder has lost \d of 6 frames\. Please"):
        write_all(source, tmp_path / "out.mp4")


def test_frame_that_is_lost_on_the_disk_is_an_error(tmp_path, monkeypatch):
    source = Clip().write(tmp_path / "in.mp4")
    times = PacketFile.times
    monkeypatch.setattr(PacketFile, "times", lambda self: times(self)[1:])
    with pytest.raises(VideoError, match=r"the encoder returned 5 frames for 6"):
        write_all(source, tmp_path / "out.mp4")
    assert names(tmp_path) == ["in.mp4"]


@pytest.mark.catalogue("T37")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_full_disk_is_one_clear_line(tmp_path, monkeypatch, suffix):
    source = Clip(frames=8, width=256, height=256, noise=True).write(tmp_path / "in.mp4")
    full = tmp_path / f".full{suffix}"
    full.symlink_to("/dev/full")
    monkeypatch.setattr("videogigagan.video.sink.temporary_for", lambda _: full)
    with pytest.raises(VideoError, match=r"no space left on the disk after frame \d"):
        write_all(source, tmp_path / f"out{suffix}")
    assert names(tmp_path) == ["in.mp4"]
    assert Path("/dev/full").exists()


@pytest.mark.catalogue("T37")
def test_full_disk_while_writing_images(tmp_path, monkeypatch):
    def fail(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    source = Clip().write(tmp_path / "in.mp4")
    monkeypatch.setattr("PIL.Image.Image.save", fail)
    with pytest.raises(VideoError, match="no space left"):
        write_all(source, tmp_path / "frames")
    assert names(tmp_path) == ["in.mp4"]


@pytest.mark.catalogue("T39")
def test_dying_encoder_is_an_error(tmp_path, monkeypatch):
    def fail(*_args):
        raise FFmpegError(32, "Broken pipe")

    source = Clip().write(tmp_path / "in.mp4")
    monkeypatch.setattr(FileSink, "_keep", fail)
    with pytest.raises(VideoError, match=r"cannot be written after frame 0 \(Broken pipe"):
        write_all(source, tmp_path / "out.mp4")
    assert names(tmp_path) == ["in.mp4"]
