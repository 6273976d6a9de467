import logging
from fractions import Fraction

import av
import pytest
from av.stream import Disposition
from video_clips import Clip, packets

from videogigagan.video.labels import CONTAINER_KEYS, MATROSKA_STATISTICS

TIMECODED = (".mp4", ".mov", ".m4v")


def made(path, *, tags=(), muxer=()):
    """A file with labels of every kind."""
    with av.open(str(path), "w", container_options=dict(muxer)) as container:
        clip = Clip(frames=50, audio=("eng", "ger"))
        video = clip._add_video(container)  # noqa: SLF001
        tracks = [clip._add_audio(container, name) for name in clip.audio]  # noqa: SLF001
        video.metadata.update(title="Picture", language="jpn", timecode="01:00:00:00")
        tracks[0].metadata["title"] = "English"
        tracks[0].disposition = Disposition.default.value
        tracks[1].metadata.update(title="Kommentar", handler_name="Somebody")
        tracks[1].disposition = (Disposition.comment | Disposition.original).value
        base = Fraction(1, 1000)
        container.set_chapters(
            [
                {"id": n, "start": 800 * n, "end": 800 * n + 800, "time_base": base,
                 "metadata": {"title": title}}
                for n, title in enumerate(("Öffnung", "End"))
            ]
        )  # fmt: skip
        container.metadata.update(
            title="A test", artist="Somebody", comment="words", date="2020",
            creation_time="2020-01-02T03:04:05.000000Z", location="+48.1000+011.5000/",
        )  # fmt: skip
        container.metadata.update(dict(tags))
        if path.suffix == ".mkv":
            container.add_attachment("font.ttf", "application/x-truetype-font", b"letters")
        container.start_encoding()
        clip._fill(container, video, tracks, None)  # noqa: SLF001
    return path


def labels(path):
    """All that a file says of itself, that its muxer has not made up."""
    dropped = {*CONTAINER_KEYS, *MATROSKA_STATISTICS}
    with av.open(str(path)) as container:
        chapters = [
            (c["start"] * c["time_base"], c["end"] * c["time_base"], c["metadata"])
            for c in container.chapters()
        ]
        streams = [
            (
                stream.type,
                stream.disposition,
                # A timecode's track has the name of the video's.
                {
                    key: value
                    for key, value in stream.metadata.items()
                    if key not in dropped and (key, stream.type) != ("handler_name", "data")
                },
                stream.data if stream.type == "attachment" else None,
            )
            for stream in container.streams
        ]
        kept = {k: v for k, v in container.metadata.items() if k.lower() not in dropped}
        return kept, chapters, streams


@pytest.mark.catalogue("T08", "T05")
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_every_label_survives(tmp_path, copy_frames, caplog, suffix):
    source = made(tmp_path / f"in{suffix}")
    kept, chapters, streams = found = labels(source)
    assert (kept["title"], len(chapters), len(streams)) == (
        "A test",
        2,
        4 if suffix == ".mkv" else 5,  # an attachment; or a track of chapters and a timecode
    )
    with caplog.at_level(logging.WARNING):
        result = copy_frames(source, tmp_path / f"out{suffix}")
    assert labels(result) == found
    assert caplog.messages == []


@pytest.mark.catalogue("T08")
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_what_telephones_write_survives(tmp_path, copy_frames, suffix):
    tags = {
        "com.apple.quicktime.make": "Somebody",
        "com.apple.quicktime.location.ISO6709": "+48.1000+011.5000+500.000/",
    }
    muxer = {"movflags": "use_metadata_tags"}
    source = made(tmp_path / f"in{suffix}", tags=tags.items(), muxer=muxer.items())
    assert tags.items() <= labels(source)[0].items()
    assert labels(copy_frames(source, tmp_path / f"out{suffix}")) == labels(source)


def timed(path, timecode, *, rate=Fraction(25), of_file=False, reel=None):
    """A clip with a timecode, of its video or of the file."""
    with av.open(str(path), "w") as container:
        clip = Clip(rate=rate)
        video = clip._add_video(container)  # noqa: SLF001
        (container if of_file else video).metadata["timecode"] = timecode
        if reel:
            video.metadata["reel_name"] = reel
        clip._fill(container, video, [], None)  # noqa: SLF001
    return path


def timecodes(path) -> list[tuple[str, str]]:
    with av.open(str(path)) as container:
        found = [(s.type, s.metadata) for s in container.streams]
        found.append(("file", container.metadata))
        return [
            (kind, value)
            for kind, metadata in found
            for key, value in metadata.items()
            if key.lower() == "timecode"
        ]


NTSC = Fraction(30000, 1001)


@pytest.mark.catalogue("T08")
@pytest.mark.parametrize(
    ("inside", "outside", "timecode", "rate", "of_file"),
    [
        (".mov", ".mov", "01:00:00:00", Fraction(25), False),
        (".mp4", ".mp4", "23:59:58:12", Fraction(25), False),
        (".mp4", ".m4v", "10:00:00:00", Fraction(24000, 1001), False),
        (".mov", ".mp4", "00:10:00;02", NTSC, False),
        (".mkv", ".mov", "01:00:00:00", Fraction(50), False),
        (".mkv", ".mp4", "01:00:00:00", Fraction(25), True),
        (".mov", ".mkv", "01:00:00:00", Fraction(25), False),
        (".mkv", ".mkv", "01:00:00:00", Fraction(25), True),
    ],
)
def test_timecode_is_kept(
    tmp_path, copy_frames, caplog, inside, outside, timecode, rate, of_file
):
    source = timed(tmp_path / f"in{inside}", timecode, rate=rate, of_file=of_file)
    found = timecodes(copy_frames(source, tmp_path / f"out{outside}"))
    assert {value for _, value in found} == {timecode}
    if outside in TIMECODED:
        assert {"data", "video"} <= {kind for kind, _ in found}
    assert caplog.messages == []


@pytest.mark.catalogue("T08")
def test_timecode_of_a_track_of_its_own_is_kept(tmp_path, copy_frames):
    source = timed(tmp_path / "in.mov", "01:00:00:00", reel="A001")
    source.write_bytes(source.read_bytes().replace(b"tref", b"free"))  # it belongs to nothing
    assert [kind for kind, _ in timecodes(source)] == ["data", "file"]
    result = copy_frames(source, tmp_path / "out.mov")
    assert timecodes(result) == [("video", "01:00:00:00"), ("data", "01:00:00:00")]
    with av.open(str(result)) as container:
        assert container.streams[1].metadata["reel_name"] == "A001"


@pytest.mark.catalogue("T08")
@pytest.mark.parametrize("timecode", ["soon", "01:00:00;00", ""])
def test_a_lost_timecode_is_told(tmp_path, copy_frames, caplog, timecode):
    source = timed(tmp_path / "in.mkv", timecode)
    assert [value for _, value in timecodes(source)] == [timecode]
    assert timecodes(copy_frames(source, tmp_path / "out.mp4")) == []
    told = [f"{source}: its timecode ({timecode}) is not kept."] if timecode else []
    assert caplog.messages == told


def with_telemetry(path):
    """A file with what action cameras record: of a subtitle track, made by renaming it."""
    with av.open(str(path), "w") as container:
        clip = Clip(frames=50)
        video = clip._add_video(container)  # noqa: SLF001
        text = container.add_stream("mov_text")
        text.codec_context.subtitle_header = (
            b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name\nStyle: Default\n"
        )
        text.time_base = text.codec_context.time_base = Fraction(1, 1000)
        for second in range(2):
            packet = av.Packet(b"DEVC" + bytes([second] * 12))
            packet.stream, packet.time_base = text, Fraction(1, 1000)
            packet.pts = packet.dts = 1000 * second
            packet.duration = 1000
            container.mux(packet)
        clip._fill(container, video, [], None)  # noqa: SLF001
    content = path.read_bytes().replace(b"sbtl", b"meta").replace(b"tx3g", b"gpmd")
    path.write_bytes(content)
    return path


@pytest.mark.catalogue("T08")
def test_telemetry_is_copied_where_it_fits(tmp_path, copy_frames, caplog):
    source = with_telemetry(tmp_path / "in.mp4")
    (exact,) = packets(source, "data")
    assert exact[0][1].startswith(b"DEVC")
    for suffix in (".mp4", ".mov"):
        (found,) = packets(copy_frames(source, tmp_path / f"out{suffix}"), "data")
        assert found == exact
    assert caplog.messages == []
    assert packets(copy_frames(source, tmp_path / "out.mkv"), "data") == []
    assert caplog.messages == [f"{source}: stream 1 (data) is not copied."]


@pytest.mark.catalogue("T08")
@pytest.mark.skipif(
    not hasattr(av.container.OutputContainer, "add_mux_stream"),
    reason="this PyAV cannot write data of other kinds",
)
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_data_that_does_not_fit_is_told(tmp_path, copy_frames, caplog, suffix):
    plain = Clip(frames=25).write(tmp_path / "plain.mp4")
    source = tmp_path / "in.ts"
    with av.open(str(plain)) as one, av.open(str(source), "w") as two:
        video = two.add_stream_from_template(one.streams.video[0])
        data = two.add_mux_stream("klv")
        for packet in one.demux(video=0):
            if packet.size:
                packet.stream = video
                two.mux(packet)
        packet = av.Packet(bytes(range(20)))
        packet.stream, packet.time_base = data, Fraction(1, 90000)
        packet.pts = packet.dts = 90000
        two.mux(packet)
    copy_frames(source, tmp_path / f"out{suffix}")
    assert f"{source}: stream 1 (data) is not copied." in caplog.messages
