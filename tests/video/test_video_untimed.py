"""Files without timestamps, or with the same one for all: their frames are counted."""

from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from video_clips import Clip, frame_times

from videogigagan.errors import VideoError
from videogigagan.video.clock import Clock
from videogigagan.video.reader import open_source

RATES = [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60)]


def without_times(path: Path, target: Path) -> Path:
    """Copy the packets of a raw stream into a file, all at time 0."""
    with av.open(str(path)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux():
            if packet.size:
                packet.stream, packet.pts, packet.dts = stream, 0, 0
                new.mux(packet)
    return target


def read(path: Path) -> tuple[list[Fraction], list[Fraction], Fraction]:
    """Return when frames begin, when they end, and the frame rate."""
    with open_source(path) as video:
        frames = list(video.frames())
        starts = [frame.pts * frame.time_base for frame in frames]
        ends = [(frame.pts + frame.duration) * frame.time_base for frame in frames]
        return starts, ends, video.info.rate


@pytest.mark.catalogue("T14")
@settings(
    max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    rate=st.sampled_from(RATES),
    frames=st.integers(2, 9),
    b_frames=st.sampled_from(["0", "2"]),
    suffix=st.sampled_from([".h264", ".mp4", ".mov"]),
)
def test_frames_without_times_are_numbered_by_the_frame_rate(
    tmp_path, caplog, rate, frames, b_frames, suffix
):
    caplog.clear()
    clip = Clip(frames=frames, rate=rate, options=(("bf", b_frames),))
    source = clip.write(tmp_path / "raw.h264")
    if suffix != ".h264":
        source = without_times(source, tmp_path / f"zero{suffix}")
    starts, ends, found = read(source)
    assert found == pytest.approx(rate, rel=1e-4)
    assert len(starts) == frames
    assert max(abs(start - index / rate) for index, start in enumerate(starts)) < 1e-4
    assert starts[1:] == ends[:-1]
    assert caplog.messages == [
        f"{source}: has no timestamps; frames are numbered at {float(rate):.5g} "
        "frames per second."
    ]


@pytest.mark.catalogue("T03", "T14")
def test_rounding_does_not_add_up(tmp_path):
    """Milliseconds cannot say 1/30 s, but they can say 100 s."""
    with open_source(Clip(rate=Fraction(30)).write(tmp_path / "in.mkv")) as video:
        assert video.info.time_base == Fraction(1, 1000)
        clock = Clock(video.info, tmp_path, counts=True)
    frame = av.VideoFrame(2, 2, "yuv420p")
    frame.pts = 7
    places = [clock.place(frame) for _ in range(3001)]
    assert places[3000][0] == 100_007
    assert {duration for _, duration in places} == {33, 34}


def test_times_that_come_late_are_believed(tmp_path):
    with open_source(Clip(rate=Fraction(25)).write(tmp_path / "in.mkv")) as video:
        clock = Clock(video.info, tmp_path, counts=True)
    frame = av.VideoFrame(2, 2, "yuv420p")
    places = []
    for pts in (0, 0, 0, 500, 0):
        frame.pts = pts
        places.append(clock.place(frame)[0])
    assert places == [0, 40, 80, 500, 540]
    frame.pts = 100
    with pytest.raises(VideoError, match=r"jump backwards after frame 5 \(540 to 100\)"):
        clock.place(frame)


def test_the_result_plays_at_the_right_pace(tmp_path, copy_frames):
    rate = Fraction(30000, 1001)
    source = without_times(Clip(rate=rate).write(tmp_path / "raw.h264"), tmp_path / "zero.mp4")
    result = copy_frames(source, tmp_path / "out.mp4")
    assert frame_times(result)[-1] == pytest.approx(5 / rate, abs=1e-4)
    with open_source(result) as video:
        assert video.info.rate == pytest.approx(rate, rel=1e-4)


@pytest.mark.catalogue("T14")
def test_missing_and_disordered_times_are_completed(tmp_path):
    with open_source(Clip().write(tmp_path / "in.mp4")) as video:
        clock = Clock(video.info, tmp_path)
        step = round(1 / video.info.rate / video.info.time_base)
    frame = av.VideoFrame(2, 2, "yuv420p")
    places = []
    for pts in (None, None, 2 * step, 2 * step, None):
        frame.pts = pts
        places.append(clock.place(frame)[0])
    assert places == [0, step, 2 * step, 2 * step + 1, 3 * step + 1]


@pytest.mark.catalogue("T14")
def test_slight_disorder_is_told_once(tmp_path, caplog):
    source = Clip(frames=9).write(tmp_path / "in.mp4")
    with open_source(source) as video:
        clock = Clock(video.info, source)
    frame = av.VideoFrame(2, 2, "yuv420p")
    for pts in (0, 0, 1000, 1000, 2000, 2000):
        frame.pts = pts
        clock.place(frame)
    assert caplog.messages == [f"{source}: has disordered timestamps, first at frame 1."]
