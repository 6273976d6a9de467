import logging
import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.stream import Disposition
from video_clips import FAST, Clip, frame_pts, frame_times, joined, packets

from videogigagan.errors import VideoError
from videogigagan.video.encode import EncodeOptions
from videogigagan.video.reader import open_source
from videogigagan.video.writer import open_sink

ASS = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.04,0:00:00.12,Default,,0,0,0,,Hello
"""


@pytest.mark.catalogue("T05")
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_sound_is_copied_byte_for_byte(tmp_path, copy_frames, suffix):
    source = Clip(frames=30, audio=("eng", "deu")).write(tmp_path / f"in{suffix}")
    result = copy_frames(source, tmp_path / f"out{suffix}")
    assert packets(result, "audio") == packets(source, "audio")
    assert frame_pts(result) == frame_pts(source)
    with av.open(str(result)) as container:
        languages = [track.language for track in container.streams.audio]
    with av.open(str(source)) as container:
        assert languages == [track.language for track in container.streams.audio]
    with av.open(str(result)) as container:
        assert container.metadata["title"] == "A test"


@pytest.mark.catalogue("T04")
@pytest.mark.parametrize("start", [Fraction(1, 2), Fraction(-1, 48)])
def test_sound_keeps_its_offset(tmp_path, copy_frames, start):
    source = Clip(audio=("eng",), audio_start=start).write(tmp_path / "in.mp4")
    result = copy_frames(source, tmp_path / "out.mp4")
    assert packets(result, "audio") == packets(source, "audio")
    assert frame_times(result) == frame_times(source)


@pytest.mark.catalogue("T09")
def test_video_need_not_be_the_first_stream(tmp_path, copy_frames):
    source = Clip(audio=("eng",), video_index=1).write(tmp_path / "in.mkv")
    with av.open(str(source)) as container:
        assert container.streams.video[0].index == 1
    result = copy_frames(source, tmp_path / "out.mkv")
    assert packets(result, "audio") == packets(source, "audio")


@pytest.mark.catalogue("T05", "T07", "T08")
def test_subtitles_chapters_and_dispositions_are_kept(tmp_path, copy_frames):
    clip = Clip(frames=12, audio=("eng",), subtitle=True, chapters=True)
    source = clip.write(tmp_path / "in.mkv")
    result = copy_frames(source, tmp_path / "out.mkv")
    assert packets(result, "subtitle") == packets(source, "subtitle")
    with av.open(str(source)) as one, av.open(str(result)) as two:
        assert two.streams.subtitles[0].language == "fra"
        assert two.chapters()[0]["metadata"] == {"title": "One"}
        for left, right in zip(one.streams, two.streams, strict=True):
            assert left.disposition == right.disposition


@pytest.mark.catalogue("T08")
def test_attachments_are_kept(tmp_path, copy_frames):
    source = tmp_path / "in.mkv"
    plain = Clip().write(tmp_path / "plain.mkv")
    with av.open(str(plain)) as one, av.open(str(source), "w") as two:
        video = two.add_stream_from_template(one.streams.video[0], opaque=True)
        two.add_attachment("font.ttf", "application/x-truetype-font", b"letters")
        for packet in one.demux(one.streams.video[0]):
            if packet.size:
                packet.stream = video
                two.mux(packet)
    result = copy_frames(source, tmp_path / "out.mkv")
    with av.open(str(result)) as container:
        (font,) = (stream for stream in container.streams if stream.type == "attachment")
        assert (font.name, font.data) == ("font.ttf", b"letters")


@pytest.mark.catalogue("T07")
def test_stream_that_does_not_fit_is_named(tmp_path, copy_frames):
    source = Clip(subtitle=True).write(tmp_path / "in.mkv")
    with pytest.raises(
        VideoError, match=r"out.mp4: cannot hold stream 1 .*\(subtitle, .*\.mkv"
    ):
        copy_frames(source, tmp_path / "out.mp4")
    assert [entry.name for entry in tmp_path.iterdir()] == ["in.mkv"]
    drop = EncodeOptions(preset="ultrafast", other_streams="drop")
    result = copy_frames(source, tmp_path / "out.mp4", options=drop)
    assert len(frame_pts(result)) == 6


@pytest.mark.catalogue("T09")
def test_cover_art_is_not_the_video(tmp_path, copy_frames, caplog):
    source = tmp_path / "in.mp4"
    plain = Clip().write(tmp_path / "plain.mp4")
    with av.open(str(plain)) as one, av.open(str(source), "w") as two:
        cover = two.add_stream("mjpeg", rate=1)
        cover.width = cover.height = 64
        cover.pix_fmt = "yuvj420p"
        cover.disposition = Disposition.attached_pic.value
        video = two.add_stream_from_template(one.streams.video[0], opaque=True)
        picture = av.VideoFrame(64, 64, "yuvj420p")
        two.mux(cover.encode(picture))
        two.mux(cover.encode(None))
        for packet in one.demux(one.streams.video[0]):
            if packet.size:
                packet.stream = video
                two.mux(packet)
    with av.open(str(source)) as container:
        assert len(container.streams.video) == 2
    with open_source(source) as opened:
        assert opened.info.width == 32
    with caplog.at_level(logging.WARNING):
        result = copy_frames(source, tmp_path / "out.mp4")
    assert "is not copied" in caplog.text
    assert len(frame_pts(result)) == 6


@pytest.mark.catalogue("T09")
def test_missing_sound_is_fine(tmp_path, copy_frames):
    source = Clip().write(tmp_path / "in.mp4")
    result = copy_frames(source, tmp_path / "out.mp4", options=FAST)
    assert packets(result, "audio") == []


@pytest.mark.catalogue("T06")
@pytest.mark.parametrize(
    ("codec", "inside", "outside"),
    [
        ("pcm_s16le", ".mkv", ".mp4"),  # for want of a layout of its channels
        ("flac", ".mkv", ".mov"),
        ("adpcm_ms", ".avi", ".mp4"),
        ("adpcm_ms", ".avi", ".mkv"),
    ],
)
def test_sound_that_does_not_fit_is_named_before_any_frame(tmp_path, codec, inside, outside):
    clip = Clip(frames=60, audio=("eng",), audio_codec=codec)
    source = clip.write(tmp_path / f"in{inside}")
    with open_source(source) as video:
        sink = open_sink(
            tmp_path / f"out{outside}",
            video.info,
            width=32,
            height=24,
            options=FAST,
            source=source,
            overwrite=False,
        )
        advice = "Convert it first" if outside == ".mkv" else "Write an .mkv file"
        message = rf"cannot hold stream 1 of the input \(audio, {codec}\)\. {advice}"
        with pytest.raises(VideoError, match=message):
            sink.__enter__()
    assert [entry.name for entry in tmp_path.iterdir()] == [source.name]


def segment(kind: int, time: int, body: bytes = b"") -> bytes:
    return b"PG" + struct.pack(">IIBH", time, 0, kind, len(body)) + body


def subtitles(folder: Path, form: str) -> Path:
    """Write subtitles of a form, alone in a file."""
    path = folder / f"only.{form}"
    if form == "ass":
        path.write_bytes(ASS)
    if form == "sup":
        shown = struct.pack(">HHBHBBBB", 32, 24, 0x10, 0, 0x80, 0, 0, 0)
        parts = [(0x16, 3600, shown), (0x80, 3600), (0x16, 9000, shown), (0x80, 9000)]
        path.write_bytes(b"".join(segment(*part) for part in parts))
    if form == "mp4":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mov_text")
            stream.codec_context.subtitle_header = ASS
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
            packet = av.Packet(b"\0\5Hello")
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = 40
            packet.duration = 80
            container.mux(packet)
    return path


def said(path: Path) -> list[tuple[Fraction, bytes]]:
    """Return subtitles without the pauses that MP4 and MOV put between them."""
    return [packet for packet in packets(path, "subtitle")[0] if packet[1] != b"\0\0"]


@pytest.mark.catalogue("T07")
@pytest.mark.parametrize(
    ("form", "inside", "outside", "fits"),
    [
        ("ass", ".mkv", ".mkv", True),
        ("sup", ".mkv", ".mkv", True),
        ("mp4", ".mp4", ".mp4", True),
        ("mp4", ".mp4", ".mov", True),
        ("ass", ".mkv", ".mp4", False),
        ("sup", ".mkv", ".mp4", False),
        ("mp4", ".mp4", ".mkv", False),
    ],
)
def test_subtitles_are_kept_or_refused(tmp_path, copy_frames, form, inside, outside, fits):
    plain = Clip(frames=12).write(tmp_path / "plain.mp4")
    source = joined(plain, subtitles(tmp_path, form), tmp_path / f"in{inside}")
    assert said(source)
    if fits:
        result = copy_frames(source, tmp_path / f"out{outside}")
        assert said(result) == said(source)
    else:
        with pytest.raises(VideoError, match=r"cannot hold stream 1 of the input \(subtitle"):
            copy_frames(source, tmp_path / f"out{outside}")
