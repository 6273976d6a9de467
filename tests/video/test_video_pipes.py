"""Standard input and output: what goes in comes out, and what is cut short is refused."""

import os
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from video_clips import FAST, Clip

from videogigagan.errors import ConfigError, VideoError
from videogigagan.video.encode import EncodeOptions
from videogigagan.video.info import Frame, VideoInfo
from videogigagan.video.pair import CompareOptions, compare_videos
from videogigagan.video.paths import default_output
from videogigagan.video.pipe_sink import NutSink, Y4MSink
from videogigagan.video.reader import open_source
from videogigagan.video.writer import open_sink

PIPE = Path("-")


@pytest.fixture
def feed(tmp_path, monkeypatch):
    """Put bytes into standard input."""
    with ExitStack() as opened:

        def start(content: bytes) -> Path:
            (tmp_path / "stdin").write_bytes(content)
            stream = opened.enter_context((tmp_path / "stdin").open())
            monkeypatch.setattr("sys.stdin", stream)
            return PIPE

        yield start


@pytest.fixture
def caught(tmp_path, monkeypatch):
    """Catch what a source's frames become on standard output."""

    def start(source: Path, options: EncodeOptions = FAST) -> bytes:
        with (tmp_path / "stdout").open("w") as stream, open_source(source) as video:
            monkeypatch.setattr("sys.stdout", stream)
            width, height = video.info.width, video.info.height
            with open_sink(
                PIPE,
                video.info,
                width=width,
                height=height,
                options=options,
                source=source,
                overwrite=False,
            ) as sink:
                for frame in video.frames():
                    sink.write(frame.pixels, frame)
        return (tmp_path / "stdout").read_bytes()

    return start


def read(path: Path) -> tuple[VideoInfo, list[Frame]]:
    with open_source(path) as video:
        return video.info, list(video.frames())


def times(frames: list[Frame]) -> list[Fraction]:
    return [frame.pts * frame.time_base for frame in frames]


def piped(kind: str, **options: object) -> EncodeOptions:
    return EncodeOptions(pipe=kind, **options)


@pytest.mark.parametrize("kind", ["y4m", "nut"])
@pytest.mark.parametrize("form", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le"])
def test_what_goes_out_comes_in(tmp_path, feed, caught, kind, form) -> None:
    source = Clip(pixel_format=form, rate=Fraction(30000, 1001)).write(tmp_path / "in.mkv")
    info, frames = read(source)
    again, back = read(feed(caught(source, piped(kind))))
    assert (again.sampling, again.bit_depth) == (info.sampling, info.bit_depth)
    assert again.rate == pytest.approx(Fraction(30000, 1001), rel=1e-3)
    assert len(back) == len(frames) == 6
    for before, after in zip(frames, back, strict=True):
        assert (before.pixels - after.pixels).abs().mean() < 0.01


@pytest.mark.catalogue("T11")
def test_y4m_keeps_the_shape_of_pixels(tmp_path, feed, caught) -> None:
    source = Clip(aspect=Fraction(64, 45)).write(tmp_path / "in.mp4")
    assert read(feed(caught(source)))[0].pixel_aspect == Fraction(64, 45)


@pytest.mark.catalogue("T02")
def test_nut_keeps_times(tmp_path, feed, caught) -> None:
    clip = Clip(pts=(0, 5, 6, 20, 21, 40), time_base=Fraction(1, 90000))
    source = clip.write(tmp_path / "in.mp4")
    expected = times(read(source)[1])
    assert times(read(feed(caught(source, piped("nut"))))[1]) == expected


@pytest.mark.parametrize(
    ("clip", "kind", "message"),
    [
        (Clip(pts=(0, 2, 3, 10, 11, 12)), "y4m", "knows one frame rate"),
        (Clip(aspect=Fraction(2)), "nut", "without the shape of pixels (2)"),
    ],
)
def test_what_a_format_cannot_say_is_told_once(tmp_path, caught, caplog, clip, kind, message):
    source = clip.write(tmp_path / "in.mkv")
    caught(source, piped(kind))
    assert len(caplog.messages) == 1
    assert message in caplog.text


def test_steady_times_raise_no_alarm(tmp_path, caught, caplog) -> None:
    caught(Clip(rate=Fraction(24000, 1001)).write(tmp_path / "in.mkv"))
    assert not caplog.messages


@pytest.mark.parametrize("kind", ["y4m", "nut"])
@pytest.mark.parametrize(("width", "height"), [(64, 48), (1280, 64)])
def test_colours_are_right_without_tags(tmp_path, feed, caught, kind, width, height) -> None:
    """Whatever the source's matrix, readers assume one by size."""
    clip = Clip(frames=1, width=width, height=height, matrix=6, pixel_format="yuv444p")
    source = clip.write(tmp_path / "in.mkv")
    before = read(source)[1][0].pixels
    after = read(feed(caught(source, piped(kind))))[1][0].pixels
    assert (before - after).abs().mean() < 0.01


@pytest.mark.catalogue("T40")
@pytest.mark.parametrize("from_file", [True, False])
@pytest.mark.parametrize("lost", [1, 700, 1500])
def test_y4m_that_ends_within_a_frame_is_refused(
    tmp_path, feed, caught, from_file, lost
) -> None:
    """One frame is 6 + 1152 bytes."""
    whole = caught(Clip().write(tmp_path / "in.mkv"))
    source = tmp_path / "cut.y4m"
    source.write_bytes(whole[:-lost])
    with pytest.raises(VideoError, match=r"is cut short in the middle of frame [45]\. Check"):
        read(source if from_file else feed(whole[:-lost]))
    source.write_bytes(whole)
    assert len(read(source)[1]) == 6


def test_nut_that_ends_within_a_frame_is_refused(tmp_path, feed, caught) -> None:
    whole = caught(Clip().write(tmp_path / "in.mkv"), piped("nut"))
    with pytest.raises(VideoError, match=r"^standard input: cannot be decoded after frame"):
        read(feed(whole[: len(whole) * 3 // 4]))


def test_other_streams_of_a_pipe_are_announced(tmp_path, feed, caplog) -> None:
    clip = Clip(codec="ffv1", audio=("eng",), audio_codec="pcm_s16le")
    frames = read(feed(clip.write(tmp_path / "in.nut").read_bytes()))[1]
    assert len(frames) == 6
    assert "standard input: only its pictures are used" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"^standard input: is empty\. Look at what the program before says\.$"),
        (b"nothing to see here\n" * 50, r"^standard input: is neither Y4M nor NUT \("),
    ],
)
def test_what_is_no_video_is_refused(feed, content, message) -> None:
    with pytest.raises(VideoError, match=message):
        open_source(feed(content))


def test_formats_that_need_seeking_are_refused(tmp_path, feed) -> None:
    content = Clip().write(tmp_path / "in.mp4").read_bytes()
    with pytest.raises(VideoError, match="is neither Y4M nor NUT"):
        open_source(feed(content))


class Terminal:
    def isatty(self) -> bool:
        return True


def test_terminals_are_refused(tmp_path, monkeypatch) -> None:
    with open_source(Clip().write(tmp_path / "in.mkv")) as video:
        info = video.info
    monkeypatch.setattr("sys.stdin", Terminal())
    with pytest.raises(ConfigError, match=r"^standard input: is a terminal\. Pipe a video"):
        open_source(PIPE)
    monkeypatch.setattr("sys.stdout", Terminal())
    for kind in (Y4MSink, NutSink):
        with pytest.raises(ConfigError, match=r"^standard output: is a terminal\. Pipe it"):
            kind(info, width=4, height=4, options=FAST)


@pytest.mark.catalogue("T39")
@pytest.mark.parametrize("kind", ["y4m", "nut"])
def test_a_reader_that_goes_away_is_one_line(tmp_path, monkeypatch, kind) -> None:
    source = Clip(frames=40, width=256, height=256).write(tmp_path / "in.mkv")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream, open_source(source) as video:
        monkeypatch.setattr("sys.stdout", stream)
        sink = open_sink(PIPE, video.info, width=256, height=256, options=piped(kind),
            source=source, overwrite=False)  # fmt: skip
        frame = next(video.frames())

        def write() -> None:
            with sink:
                for _ in range(40):
                    sink.write(torch.rand(3, 256, 256), frame)

        with pytest.raises(VideoError, match=r"is not read any further after frame \d"):
            write()


def test_a_pipe_has_no_name_for_a_result() -> None:
    with pytest.raises(ConfigError, match=r"^standard input: has no name for its result"):
        default_output(PIPE, "x4")


def test_comparing_takes_files() -> None:
    for paths in ((PIPE, Path("b.mp4"), Path("c.mp4")), (Path("a.mp4"), Path("b.mp4"), PIPE)):
        with pytest.raises(ConfigError, match="compare: takes no standard input or output"):
            compare_videos(*paths, options=CompareOptions())


def test_the_header_is_that_of_the_format(tmp_path, caught) -> None:
    source = Clip(rate=Fraction(24000, 1001), aspect=Fraction(8, 9)).write(tmp_path / "in.mp4")
    content = caught(source)
    header, _, rest = content.partition(b"\n")
    assert header == (b"YUV4MPEG2 W32 H24 F24000:1001 Ip A8:9 C420mpeg2 XCOLORRANGE=LIMITED")
    assert len(rest) == 6 * (6 + 32 * 24 * 3 // 2)
    with av.open(str(source)) as container:
        luma = next(container.decode(video=0)).to_ndarray()[:24]
    frame = np.frombuffer(rest[6 : 6 + 32 * 24], np.uint8).reshape(24, 32)
    assert np.abs(frame.astype(int) - luma.astype(int)).max() <= 2
