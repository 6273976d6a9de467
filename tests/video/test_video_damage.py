import shutil

import av
import pytest
import torch
from video_clips import Clip, packets

from videogigagan.errors import VideoError
from videogigagan.video.clock import Clock
from videogigagan.video.encode import EncodeOptions
from videogigagan.video.extent import Extent, missing_bytes
from videogigagan.video.info import Frame
from videogigagan.video.reader import open_source
from videogigagan.video.source import ReadOptions
from videogigagan.video.writer import open_sink

CODECS = {
    ".mp4": "libx264",
    ".mov": "libx264",
    ".mkv": "libx264",
    ".webm": "libvpx-vp9",
    ".avi": "mpeg4",
    ".ts": "libx264",
    ".flv": "libx264",
    ".nut": "ffv1",
    ".ogv": "libtheora",
    ".gif": "gif",
}
PIXELS = {".gif": "rgb8"}


def read(path) -> list[Frame]:
    with open_source(path) as video:
        return list(video.frames())


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """One intact clip with B-frames and sound per container."""
    folder = tmp_path_factory.mktemp("clips")
    made = {}
    for suffix, codec in CODECS.items():
        if codec not in av.codecs_available:
            continue
        front = (("movflags", "faststart"),) if suffix in (".mp4", ".mov") else ()
        clip = Clip(
            frames=20,
            width=64,
            height=48,
            codec=codec,
            pixel_format=PIXELS.get(suffix, "yuv420p"),
            audio=("eng",) if suffix in (".mp4", ".mkv", ".ts") else (),
            muxer=front,
            noise=codec == "libx264",
        )
        made[suffix] = clip.write(folder / f"clip{suffix}")
    return made


@pytest.mark.catalogue("T40")
@pytest.mark.parametrize("suffix", CODECS)
def test_intact_files_raise_no_alarm(clips, suffix, caplog):
    if suffix not in clips:
        pytest.skip(f"this FFmpeg cannot write {suffix}")
    frames = read(clips[suffix])
    assert len(frames) == 20
    assert [frame.index for frame in frames] == list(range(20))
    times = [frame.pts for frame in frames]
    assert sorted(set(times)) == times
    assert "timestamps" not in caplog.text


@pytest.mark.catalogue("T40")
def test_live_recording_without_duration_raises_no_alarm(tmp_path):
    clip = Clip(frames=20, audio=("eng",), muxer=(("live", "1"),)).write(tmp_path / "in.mkv")
    assert len(read(clip)) == 20


def test_fragmented_mp4_raises_no_alarm(tmp_path):
    flags = (("movflags", "frag_keyframe+empty_moov"),)
    clip = Clip(frames=20, audio=("eng",), muxer=flags).write(tmp_path / "in.mp4")
    assert len(read(clip)) == 20


@pytest.mark.catalogue("T40")
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm", ".avi"])
@pytest.mark.parametrize("percent", [30, 60, 80, 90, 95, 99])
def test_short_files_are_refused(clips, tmp_path, suffix, percent):
    whole = clips[suffix].read_bytes()
    short = tmp_path / f"short{suffix}"
    short.write_bytes(whole[: len(whole) * percent // 100])
    with pytest.raises(VideoError, match=r"after frame \d+|cannot be opened|holds no frame"):
        read(short)


@pytest.mark.catalogue("T40")
def test_short_file_delivers_its_whole_frames_first(clips, tmp_path):
    whole = clips[".mp4"].read_bytes()
    short = tmp_path / "short.mp4"
    short.write_bytes(whole[: len(whole) * 9 // 10])
    delivered = []
    with open_source(short) as video:
        with pytest.raises(VideoError, match="after frame") as caught:
            delivered.extend(video.frames())
        delivered = delivered or []
    assert "\n" not in str(caught.value)


@pytest.mark.catalogue("T41")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("percent", [30, 50, 70])
def test_damage_in_the_middle_is_refused(clips, tmp_path, suffix, percent):
    content = bytearray(clips[suffix].read_bytes())
    middle = len(content) * percent // 100
    content[middle : middle + 3000] = bytes(3000)
    damaged = tmp_path / f"damaged{suffix}"
    damaged.write_bytes(content)
    with pytest.raises(VideoError, match=r"after frame \d+|cannot be opened"):
        read(damaged)


KEEP = ReadOptions(damaged="keep")


@pytest.mark.catalogue("T40")
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm", ".avi"])
@pytest.mark.parametrize("percent", [60, 80, 99])
def test_what_comes_before_damage_can_be_kept(clips, tmp_path, caplog, suffix, percent):
    whole = read(clips[suffix])
    content = clips[suffix].read_bytes()
    short = tmp_path / f"short{suffix}"
    short.write_bytes(content[: len(content) * percent // 100])
    try:
        with open_source(short, KEEP) as video:
            assert not video.is_cut
            frames = list(video.frames())
            assert video.is_cut
    except VideoError:
        frames = []  # nothing comes before it
    assert frames or percent < 99
    for one, other in zip(frames, whole, strict=False):
        assert (one.pts, one.index) == (other.pts, other.index)
        assert torch.equal(one.pixels, other.pixels)
    told = [text for text in caplog.messages if "is all that is used" in text]
    assert len(told) == bool(frames)
    assert all(f"{short}: is " in text and f" frame {len(frames)}" in text for text in told)


@pytest.mark.catalogue("T40")
def test_intact_files_are_whole_also_where_damage_is_accepted(clips, caplog):
    with open_source(clips[".mp4"], KEEP) as video:
        assert len(list(video.frames())) == 20
        assert not video.is_cut
    assert caplog.messages == []


@pytest.mark.catalogue("T40")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize("target", ["out.mp4", "out.mkv"])
def test_the_sound_of_a_damaged_file_ends_with_its_frames(clips, tmp_path, suffix, target):
    content = bytearray(clips[suffix].read_bytes())
    if suffix == ".ts":  # nothing tells how long it should be
        first, last = len(content) // 2, len(content) * 55 // 100
        content[first:last] = bytes(last - first)
    short = tmp_path / f"short{suffix}"
    short.write_bytes(content[: len(content) * 9 // 10])
    with open_source(short, KEEP) as video:
        sink = open_sink(
            tmp_path / target,
            video.info,
            width=64,
            height=48,
            options=EncodeOptions(preset="ultrafast"),
            source=short,
            overwrite=False,
        )
        with sink:
            for frame in video.frames():
                sink.write(frame.pixels, frame)
            sink.expect(sink.written, cut=video.is_cut)
        assert video.is_cut
    assert 0 < sink.written < 20
    assert len(read(tmp_path / target)) == sink.written  # which is whole in itself
    (sound,) = packets(tmp_path / target, "audio")
    (exact,) = packets(clips[suffix], "audio")
    assert 0 < len(sound) < len(exact)
    for (_, found), (_, whole) in zip(sound, exact, strict=False):
        assert whole.endswith(found)  # in .ts it has a header


@pytest.mark.catalogue("T40")
def test_missing_index_at_the_end_is_refused(tmp_path):
    whole = Clip(frames=20).write(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "short.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(VideoError, match=r"cannot be opened as a video .*cut short"):
        read(tmp_path / "short.mp4")


@pytest.mark.catalogue("T14", "T41")
def test_broadcast_may_begin_in_the_middle(tmp_path):
    clip = Clip(frames=20, width=64, height=48, noise=True, options=(("g", "8"), ("bf", "0")))
    content = clip.write(tmp_path / "whole.ts").read_bytes()
    start = len(content) // 188 // 5 * 188
    (tmp_path / "late.ts").write_bytes(content[: 188 * 3] + content[start:])
    assert 8 <= len(read(tmp_path / "late.ts")) < 20


def test_broadcast_without_a_beginning_is_refused(clips, tmp_path, caplog):
    content = clips[".ts"].read_bytes()
    start = len(content) // 188 // 3 * 188
    (tmp_path / "late.ts").write_bytes(content[: 188 * 3] + content[start:])
    with pytest.raises(VideoError, match="holds no frame that can be decoded"):
        read(tmp_path / "late.ts")
    assert caplog.text.count("before the first frame") == 1


def test_declared_sizes(clips, tmp_path):
    names = {".mp4": "mov,mp4", ".mkv": "matroska,webm", ".avi": "avi", ".ts": "mpegts"}
    for suffix, container in names.items():
        copy = tmp_path / f"copy{suffix}"
        shutil.copy(clips[suffix], copy)
        assert missing_bytes(copy, container) == 0
        copy.write_bytes(copy.read_bytes()[:-10])
        assert missing_bytes(copy, container) == (0 if suffix == ".ts" else 10)


def test_size_change_is_refused(tmp_path):
    one = Clip().write(tmp_path / "one.h264").read_bytes()
    two = Clip(width=64, height=48).write(tmp_path / "two.h264").read_bytes()
    (tmp_path / "both.h264").write_bytes(one + two)
    with pytest.raises(VideoError, match=r"changes size after frame 6 \(32x24 to 64x48"):
        read(tmp_path / "both.h264")


@pytest.mark.catalogue("T40")
def test_a_change_of_the_colour_model_is_refused(tmp_path):
    one = Clip().write(tmp_path / "one.h264").read_bytes()
    clip = Clip(codec="libx264rgb", pixel_format="rgb24", options=(("qp", "0"),))
    two = clip.write(tmp_path / "two.h264").read_bytes()
    for name, content in (("a.h264", one + two), ("b.h264", two + one)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(
            VideoError, match=r"changes its colour model after frame 6 \((yuv|gb)"
        ):
            read(tmp_path / name)


@pytest.mark.catalogue("T61")
@pytest.mark.parametrize("tag", ["1/0:0:0", "9e999999999:0:0", "a:b:c", "0:0", "", "-1:0:0"])
def test_durations_that_make_no_sense_are_ignored(tmp_path, tag):
    source = Clip().write(tmp_path / "in.mkv")
    with av.open(str(source)) as one, av.open(str(tmp_path / "out.nut"), "w") as two:
        video = two.add_stream_from_template(one.streams.video[0])
        video.metadata["DURATION"] = tag
        extent = Extent(one, video)
        for packet in one.demux():
            extent.watch(packet)
        assert extent.missing() == 0


@pytest.mark.catalogue("T14")
def test_time_that_jumps_back_is_refused(tmp_path):
    with open_source(Clip().write(tmp_path / "in.mp4")) as video:
        clock = Clock(video.info, tmp_path)
    frame = av.VideoFrame(2, 2, "yuv420p")
    frame.pts = 1_000_000
    clock.place(frame)
    frame.pts = 0
    with pytest.raises(VideoError, match=r"timestamps jump backwards after frame 1 \(1000000"):
        clock.place(frame)
