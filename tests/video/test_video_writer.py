import errno
import os
from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch
from av.error import FFmpegError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from video_clips import FAST, Clip, frame_pts, frame_times, packets

from videogigagan.errors import VideoError
from videogigagan.video.file_sink import FileSink
from videogigagan.video.reader import open_source
from videogigagan.video.writer import open_sink


@pytest.mark.parametrize("count", [1, 2, 3, 9])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_as_many_frames_come_out_as_go_in(tmp_path, copy_frames, count, suffix):
    source = Clip(frames=count).write(tmp_path / f"in{suffix}")
    result = copy_frames(source, tmp_path / f"out{suffix}", scale=2)
    assert frame_times(result) == frame_times(source)
    with open_source(result) as video:
        assert (video.info.width, video.info.height) == (64, 48)


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(st.integers(1, 4000), min_size=1, max_size=5),
    start=st.integers(0, 5000),
    ticks=st.sampled_from([1000, 12800, 24000, 90000]),
)
def test_variable_timestamps_are_kept_exactly(tmp_path, copy_frames, steps, start, ticks):
    pts = tuple(start + sum(steps[:index]) for index in range(len(steps)))
    clip = Clip(
        frames=len(pts),
        pts=pts,
        time_base=Fraction(1, ticks),
        muxer=(("video_track_timescale", str(ticks)), ("movie_timescale", str(ticks))),
    )
    source = clip.write(tmp_path / "in.mp4")
    result = copy_frames(source, tmp_path / "out.mp4", overwrite=True)
    assert frame_pts(result) == frame_pts(source) == list(pts)


def test_ntsc_rate_is_exact_after_three_hours(tmp_path, copy_frames):
    last = 3 * 3600 * 24
    pts = tuple(1001 * index for index in (0, 1, 2, last))
    clip = Clip(
        frames=4,
        pts=pts,
        time_base=Fraction(1, 24000),
        rate=Fraction(24000, 1001),
        muxer=(("video_track_timescale", "24000"),),
    )
    source = clip.write(tmp_path / "in.mp4")
    result = copy_frames(source, tmp_path / "out.mp4")
    assert frame_times(result)[-1] == Fraction(1001 * last, 24000)


def test_matroska_rounds_to_milliseconds(tmp_path, copy_frames):
    source = Clip(pts=(0, 3003, 6006, 9009, 12012, 15015), time_base=Fraction(1, 90000)).write(
        tmp_path / "in.mp4"
    )
    result = copy_frames(source, tmp_path / "out.mkv")
    for exact, rounded in zip(frame_times(source), frame_times(result), strict=True):
        assert abs(exact - rounded) <= Fraction(1, 2000)


def test_last_frame_keeps_its_duration(tmp_path, copy_frames):
    source = Clip(frames=3, pts=(0, 100, 900), time_base=Fraction(1, 1000)).write(
        tmp_path / "in.mp4"
    )
    result = copy_frames(source, tmp_path / "out.mp4")
    with av.open(str(source)) as one, av.open(str(result)) as two:
        assert one.duration == two.duration


def test_transport_stream_starts_at_zero_and_stays_in_step(tmp_path, copy_frames):
    clip = Clip(frames=12, pts=tuple(range(250, 262)), audio=("eng",), audio_start=Fraction(10))
    source = clip.write(tmp_path / "in.ts")
    result = copy_frames(source, tmp_path / "out.mkv")
    with av.open(str(source)) as one, av.open(str(result)) as two:
        assert one.start_time > 9_000_000
        assert two.start_time <= 1000
    gap = packets(source, "audio")[0][0][0] - frame_times(source)[0]
    kept = packets(result, "audio")[0][0][0] - frame_times(result)[0]
    assert abs(gap - kept) <= Fraction(1, 1000)
    assert len(frame_times(result)) == 12


def test_pixel_aspect_is_kept(tmp_path, copy_frames):
    for suffix in (".mp4", ".mkv"):
        source = Clip(aspect=Fraction(32, 27)).write(tmp_path / f"in{suffix}")
        result = copy_frames(source, tmp_path / f"out{suffix}")
        with open_source(result) as video:
            assert video.info.pixel_aspect == Fraction(32, 27)


@pytest.mark.parametrize("size", [(33, 17), (7, 5), (1, 1), (32, 17)])
def test_odd_sizes_are_written(tmp_path, size):
    width, height = size
    source = Clip().write(tmp_path / "in.mp4")
    with open_source(source) as video:
        sink = open_sink(
            tmp_path / "out.mp4",
            video.info,
            width=width,
            height=height,
            options=FAST,
            source=source,
            overwrite=False,
        )
        with sink:
            for frame in video.frames():
                sink.write(torch.full((3, height, width), 0.5), frame)
    with open_source(tmp_path / "out.mp4") as result:
        frames = [frame.pixels for frame in result.frames()]
    assert len(frames) == 6
    assert frames[0].shape == (3, height, width)
    assert (frames[0] - 0.5).abs().max() < 0.01


def test_same_input_gives_the_same_bytes(tmp_path, copy_frames):
    for suffix in (".mp4", ".mkv"):
        source = Clip(audio=("eng",)).write(tmp_path / f"in{suffix}")
        one = copy_frames(source, tmp_path / f"one{suffix}").read_bytes()
        two = copy_frames(source, tmp_path / f"two{suffix}").read_bytes()
        assert one == two


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


def test_interruption_while_finishing_leaves_nothing(tmp_path, monkeypatch):
    def stop(_):
        raise KeyboardInterrupt

    source = Clip(audio=("eng",)).write(tmp_path / "in.mp4")
    monkeypatch.setattr("videogigagan.video.copying.StreamCopy.finish", stop)
    with pytest.raises(KeyboardInterrupt):
        write_all(source, tmp_path / "out.mp4")
    assert names(tmp_path) == ["in.mp4"]


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


def test_result_appears_only_when_whole(tmp_path):
    source = Clip().write(tmp_path / "in.mp4")
    target = tmp_path / "out.mp4"
    write_all(source, target, each=lambda _: not target.exists(), expected=6)
    assert names(tmp_path) == ["in.mp4", "out.mp4"]


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


def test_frame_that_the_encoder_loses_is_an_error(tmp_path, monkeypatch):
    source = Clip().write(tmp_path / "in.mp4")
    mux = FileSink._mux  # noqa: SLF001
    monkeypatch.setattr(FileSink, "_mux", lambda self, found: mux(self, found[1:]))
    with pytest.raises(VideoError, match=r"the encoder returned \d frames for 6"):
        write_all(source, tmp_path / "out.mp4")


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


def test_full_disk_while_writing_images(tmp_path, monkeypatch):
    def fail(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    source = Clip().write(tmp_path / "in.mp4")
    monkeypatch.setattr("PIL.Image.Image.save", fail)
    with pytest.raises(VideoError, match="no space left"):
        write_all(source, tmp_path / "frames")
    assert names(tmp_path) == ["in.mp4"]


def test_dying_encoder_is_an_error(tmp_path, monkeypatch):
    def fail(*_args):
        raise FFmpegError(32, "Broken pipe")

    source = Clip().write(tmp_path / "in.mp4")
    monkeypatch.setattr(FileSink, "_mux", fail)
    with pytest.raises(VideoError, match=r"cannot be written after frame 0 \(Broken pipe"):
        write_all(source, tmp_path / "out.mp4")
    assert names(tmp_path) == ["in.mp4"]


@pytest.mark.parametrize(
    "name",
    [
        "carphone_pristine.mp4",
        pytest.param("bikes.mp4", marks=pytest.mark.slow),
        pytest.param("bigbuckbunny.mp4", marks=pytest.mark.slow),
    ],
)
def test_real_clip_keeps_times_and_sound(tmp_path, clips, name):
    source = clips / name
    grey = torch.full((3, 16, 16), 0.5)
    target = tmp_path / name
    with open_source(source) as video:
        sink = open_sink(
            target,
            video.info,
            width=16,
            height=16,
            options=FAST,
            source=source,
            overwrite=False,
        )
        with sink:
            for frame in video.frames():
                sink.write(grey, frame)
            sink.expect(video.info.frame_count_hint or 0)
    assert frame_times(target) == frame_times(source)
    assert packets(target, "audio") == packets(source, "audio")
