from fractions import Fraction

import av
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from video_clips import FAST, Clip, frame_pts, frame_times, packets

from videogigagan.video.reader import open_source
from videogigagan.video.writer import open_sink


@pytest.mark.catalogue("T01")
@pytest.mark.parametrize("count", [1, 2, 3, 9])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_as_many_frames_come_out_as_go_in(tmp_path, copy_frames, count, suffix):
    source = Clip(frames=count).write(tmp_path / f"in{suffix}")
    result = copy_frames(source, tmp_path / f"out{suffix}", scale=2)
    assert frame_times(result) == frame_times(source)
    with open_source(result) as video:
        assert (video.info.width, video.info.height) == (64, 48)


@pytest.mark.catalogue("T02", "T14")
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


@pytest.mark.catalogue("T03")
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


@pytest.mark.catalogue("T02")
def test_matroska_rounds_to_milliseconds(tmp_path, copy_frames):
    source = Clip(pts=(0, 3003, 6006, 9009, 12012, 15015), time_base=Fraction(1, 90000)).write(
        tmp_path / "in.mp4"
    )
    result = copy_frames(source, tmp_path / "out.mkv")
    for exact, rounded in zip(frame_times(source), frame_times(result), strict=True):
        assert abs(exact - rounded) <= Fraction(1, 2000)


@pytest.mark.catalogue("T02")
def test_last_frame_keeps_its_duration(tmp_path, copy_frames):
    source = Clip(frames=3, pts=(0, 100, 900), time_base=Fraction(1, 1000)).write(
        tmp_path / "in.mp4"
    )
    result = copy_frames(source, tmp_path / "out.mp4")
    with av.open(str(source)) as one, av.open(str(result)) as two:
        assert one.duration == two.duration


@pytest.mark.catalogue("T04", "T14")
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


OPEN_GOP = "open-gop=1:keyint=4:min-keyint=4:bframes=2:b-adapt=0:scenecut=0"


@pytest.mark.catalogue("T14")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
@pytest.mark.parametrize("start", [0, 250, -3])
def test_edit_lists_and_open_groups_of_pictures_are_followed(
    tmp_path, copy_frames, suffix, start
):
    """Reordered frames and a start other than 0 need an edit list in MP4 and MOV."""
    clip = Clip(
        frames=12,
        pts=tuple(range(start, start + 12)),
        options=(("preset", "medium"), ("x264-params", OPEN_GOP)),
    )
    source = clip.write(tmp_path / f"in{suffix}")
    result = copy_frames(source, tmp_path / f"out{suffix}")
    assert frame_times(result) == frame_times(source)
    assert len(frame_times(result)) == 12 or (start < 0 and suffix != ".mkv")


@pytest.mark.catalogue("T11")
def test_pixel_aspect_is_kept(tmp_path, copy_frames):
    for suffix in (".mp4", ".mkv"):
        source = Clip(aspect=Fraction(32, 27)).write(tmp_path / f"in{suffix}")
        result = copy_frames(source, tmp_path / f"out{suffix}")
        with open_source(result) as video:
            assert video.info.pixel_aspect == Fraction(32, 27)


@pytest.mark.catalogue("T12", "T31")
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


@pytest.mark.catalogue("T12", "T31")
@pytest.mark.parametrize("size", [(33, 17), (7, 5), (1, 1)])
def test_odd_sources_go_through(tmp_path, copy_frames, size):
    width, height = size
    source = Clip(width=width, height=height, codec="ffv1").write(tmp_path / "in.mkv")
    result = copy_frames(source, tmp_path / "out.mp4")
    with open_source(result) as video, open_source(source) as original:
        assert (video.info.width, video.info.height, video.info.sampling) == (*size, "444")
        for one, two in zip(video.frames(), original.frames(), strict=True):
            assert (one.pixels - two.pixels).abs().mean() < 0.05


@pytest.mark.catalogue("T26")
def test_same_input_gives_the_same_bytes(tmp_path, copy_frames):
    for suffix in (".mp4", ".mkv"):
        source = Clip(audio=("eng",)).write(tmp_path / f"in{suffix}")
        one = copy_frames(source, tmp_path / f"one{suffix}").read_bytes()
        two = copy_frames(source, tmp_path / f"two{suffix}").read_bytes()
        assert one == two


@pytest.mark.catalogue("T02", "T05")
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
