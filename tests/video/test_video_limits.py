from fractions import Fraction

import av
import pytest
from PIL import Image
from video_clips import Clip

from videogigagan.errors import VideoError
from videogigagan.video.limits import MAX_STREAMS
from videogigagan.video.reader import open_source
from videogigagan.video.source import ReadOptions


def read(path, **limits) -> int:
    with open_source(path, ReadOptions(**limits)) as video:
        return sum(1 for _ in video.frames())


@pytest.mark.catalogue("T46")
@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_many_frames_are_refused_by_the_header(tmp_path, suffix):
    source = Clip(frames=20).write(tmp_path / f"in{suffix}")
    with pytest.raises(VideoError, match=r"has more than 19 frames \(20 or more\)\. Cut it"):
        open_source(source, ReadOptions(max_frames=19))
    assert read(source, max_frames=20) == 20


@pytest.mark.catalogue("T46")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_long_videos_are_refused_by_the_header(tmp_path, suffix):
    source = Clip(frames=20, rate=Fraction(10)).write(tmp_path / f"in{suffix}")
    with pytest.raises(VideoError, match=r"is longer than 1\.5 s \(.* s or more\)"):
        open_source(source, ReadOptions(max_seconds=1.5))
    assert read(source, max_seconds=2.05) == 20


@pytest.mark.catalogue("T46")
@pytest.mark.parametrize("limit", [{"max_frames": 7}, {"max_seconds": 0.25}])
def test_what_no_header_tells_is_counted(tmp_path, limit):
    live = (("live", "1"),)
    source = Clip(frames=20, muxer=live).write(tmp_path / "in.mkv")
    with open_source(source, ReadOptions(**limit)) as video:
        frames = video.frames()
        assert [next(frames).index for _ in range(7)] == list(range(7))
        with pytest.raises(VideoError, match=r"has more than 7 frames|is longer than 0\.25 s"):
            next(frames)


@pytest.mark.catalogue("T47")
@pytest.mark.parametrize("suffix", [".gif", ".png"])
@pytest.mark.parametrize("limit", [{"max_frames": 5}, {"max_seconds": 0.45}])
def test_long_animations_are_refused(tmp_path, suffix, limit):
    first, *others = (Image.new("RGB", (16, 16), (10 * n, 0, 0)) for n in range(20))
    source = tmp_path / f"in{suffix}"
    first.save(source, save_all=True, append_images=others, duration=100)
    with pytest.raises(VideoError, match=r"has more than 5 frames|is longer than 0\.45 s"):
        read(source, **limit)
    assert read(source, max_frames=20) == 20


@pytest.mark.catalogue("T46")
def test_many_images_are_refused(tmp_path):
    for index in range(3):
        Image.new("RGB", (4, 4)).save(tmp_path / f"{index}.png")
    for limit in ({"max_frames": 2}, {"max_seconds": 0.1}):
        with pytest.raises(VideoError, match=r"has more than 2 frames|is longer than 0\.1 s"):
            open_source(tmp_path, ReadOptions(**limit))
    assert read(tmp_path, max_frames=3, max_seconds=0.12) == 3


@pytest.mark.catalogue("T46")
def test_many_streams_are_refused(tmp_path):
    plain = Clip().write(tmp_path / "plain.mkv")
    for count in (MAX_STREAMS - 1, MAX_STREAMS):
        source = tmp_path / f"{count}.mkv"
        with av.open(str(plain)) as one, av.open(str(source), "w") as two:
            video = two.add_stream_from_template(one.streams.video[0])
            for _ in range(count):
                two.add_stream_from_template(one.streams.video[0])
            for index in range(150):  # fonts, of which there may be many
                two.add_attachment(f"{index}.ttf", "application/x-truetype-font", b"letters")
            for packet in one.demux(video=0):
                if packet.size:
                    packet.stream = video
                    two.mux(packet)
    assert read(tmp_path / f"{MAX_STREAMS - 1}.mkv") == 6
    message = f"has {MAX_STREAMS + 1} streams, more than {MAX_STREAMS}"
    with pytest.raises(VideoError, match=message):
        open_source(source)
