from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from av.sidedata.sidedata import Type as SideDataType
from PIL import Image
from video_clips import Clip

from videogigagan.errors import VideoError
from videogigagan.video.reader import open_source
from videogigagan.video.rotation import side_data_of
from videogigagan.video.source import ReadOptions

needs_rotation = pytest.mark.skipif(
    not hasattr(av.VideoStream, "set_display_rotation"),
    reason="this PyAV cannot write rotated clips",
)


@pytest.mark.catalogue("T11", "T13")
def test_description(tmp_path):
    clip = Clip(rate=Fraction(24000, 1001), aspect=Fraction(8, 9), matrix=1, full_range=1)
    with open_source(clip.write(tmp_path / "in.mkv")) as video:
        info = video.info
    assert (info.width, info.height, info.bit_depth, info.sampling) == (32, 24, 8, "420")
    assert info.rate == pytest.approx(Fraction(24000, 1001), rel=1e-3)
    assert info.pixel_aspect == Fraction(8, 9)
    assert info.frame_count_hint == 6
    assert (info.codec, info.origin, info.rotation) == ("h264", 0, 0)
    assert not info.interlaced
    assert info.colour.matrix_name == "bt709"


def test_frames_are_what_was_encoded(tmp_path):
    clip = Clip(pixel_format="yuv444p")
    with open_source(clip.write(tmp_path / "in.mp4")) as video:
        for frame in video.frames():
            assert frame.pixels.dtype == torch.float32
            exact = torch.from_numpy(clip.picture(frame.index)).permute(2, 0, 1) / 255
            assert (frame.pixels - exact).abs().max() < 3 / 255


@pytest.mark.catalogue("T10")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@needs_rotation
def test_rotated_video_is_upright(tmp_path, copy_frames, suffix, degrees):
    clip = Clip(frames=1, pixel_format="yuv444p", degrees=degrees, aspect=Fraction(4, 3))
    source = clip.write(tmp_path / f"in{suffix}")
    with av.open(str(source)) as container:
        stored = next(container.decode(video=0))
        assert stored.rotation % 360 == degrees % 360
    with open_source(source) as video:
        frame = next(video.frames())
        info = video.info
    exact = torch.from_numpy(clip.picture(0)).permute(2, 0, 1) / 255
    upright = torch.rot90(
        exact, degrees // 90, (1, 2)
    )  # counter-clockwise, like FFmpeg's angle
    assert (info.height, info.width) == upright.shape[1:]
    assert (frame.pixels - upright).abs().max() < 3 / 255
    assert info.rotation == -degrees % 360
    turned = degrees in (90, 270)
    assert info.pixel_aspect == (Fraction(3, 4) if turned else Fraction(4, 3))
    result = copy_frames(source, tmp_path / f"out{suffix}")
    with open_source(result) as video:
        assert (video.info.width, video.info.height) == (info.width, info.height)
        assert video.info.rotation == 0
        assert (next(video.frames()).pixels - upright).abs().max() < 0.1


@pytest.mark.catalogue("T10")
@pytest.mark.parametrize("flips", [(True, False), (False, True)])
@needs_rotation
def test_mirrored_video_is_put_right(tmp_path, flips):
    source = tmp_path / "in.mp4"
    clip = Clip(frames=1, pixel_format="yuv444p")
    with av.open(str(source), "w") as container:
        video = clip._add_video(container)  # noqa: SLF001
        video.set_display_rotation(0, hflip=flips[0], vflip=flips[1])
        clip._fill(container, video, [], None)  # noqa: SLF001
    exact = torch.from_numpy(clip.picture(0)).permute(2, 0, 1) / 255
    axes = [axis for axis, flip in ((2, flips[0]), (1, flips[1])) if flip]
    with open_source(source) as opened:
        frame = next(opened.frames())
    assert (frame.pixels - torch.flip(exact, axes)).abs().max() < 3 / 255


@pytest.mark.catalogue("T10")
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("flips", [(True, False), (False, True)])
@needs_rotation
def test_every_orientation_is_that_of_its_matrix(tmp_path, degrees, flips):
    """Column x, row y is shown at (a x + c y, b x + d y)."""
    source = tmp_path / "in.mp4"
    clip = Clip(frames=1, pixel_format="yuv444p")
    with av.open(str(source), "w") as container:
        video = clip._add_video(container)  # noqa: SLF001
        video.set_display_rotation(degrees, hflip=flips[0], vflip=flips[1])
        clip._fill(container, video, [], None)  # noqa: SLF001
    with av.open(str(source)) as container:
        stored = next(container.decode(video=0))
        content = side_data_of(stored, SideDataType.DISPLAYMATRIX)
    a, b, _, c, d = (np.frombuffer(content, "<i4")[:5] // 65536).tolist()
    y, x = np.mgrid[0:24, 0:32]
    column, row = a * x + c * y, b * x + d * y
    column, row = column - column.min(), row - row.min()
    shown = np.zeros((row.max() + 1, column.max() + 1, 3), np.uint8)
    shown[row, column] = clip.picture(0)
    with open_source(source) as opened:
        pixels = next(opened.frames()).pixels
    assert (pixels - torch.from_numpy(shown).permute(2, 0, 1) / 255).abs().max() < 3 / 255


@pytest.mark.catalogue("T10")
@needs_rotation
def test_slanted_video_is_refused(tmp_path):
    source = Clip(frames=1, degrees=30).write(tmp_path / "in.mp4")
    with pytest.raises(VideoError, match=r"in.mp4: is to be shown at a slant"):
        open_source(source)


@pytest.mark.catalogue("T43", "T44")
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("evil.mp4", "ffconcat version 1.0\nfile 'secret.mp4'\n", "is a playlist or script"),
        ("evil.mkv", "#EXTM3U\n#EXTINF:1,\nsecret.mp4\n", "is a playlist or script"),
        ("evil.mpd", '<?xml version="1.0"?><MPD></MPD>', "is a playlist or script"),
        (
            "words.mp4",
            "nothing to see here\n" * 50,
            "cannot be opened|not in a video container",
        ),
        ("empty.mp4", "", "cannot be opened"),
    ],
)
def test_what_is_no_video_is_refused(tmp_path, name, content, message):
    Clip().write(tmp_path / "secret.mp4")
    (tmp_path / name).write_text(content)
    with pytest.raises(VideoError, match=message):
        open_source(tmp_path / name)


@pytest.mark.catalogue("T43")
def test_script_in_a_thin_disguise_is_refused_by_the_list(tmp_path, monkeypatch):
    monkeypatch.setattr("videogigagan.video.streams.SCRIPTS", (b"never",))
    Clip().write(tmp_path / "secret.mp4")
    (tmp_path / "evil.mp4").write_text("ffconcat version 1.0\nfile 'secret.mp4'\n")
    with pytest.raises(VideoError, match="is not in a video container that is read here"):
        open_source(tmp_path / "evil.mp4")


@pytest.mark.catalogue("T45")
def test_single_picture_is_refused(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "picture.png")
    with pytest.raises(VideoError, match="single pictures are refused"):
        open_source(tmp_path / "picture.png")


@pytest.mark.catalogue("T44")
@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/a.mp4",
        "https://example.com/a.m3u8",
        "concat:a.mp4|b.mp4",
        "lavfi:x",
        "data:video/mp4;base64,AAAA",
        "file:in.mp4",
        "pipe:0",
    ],
)
def test_addresses_are_refused(address):
    with pytest.raises(VideoError, match="is an address, and only local files are read"):
        open_source(Path(address))


@pytest.mark.catalogue("T44", "T45")
@pytest.mark.parametrize(
    "name", ["%d.png", "frames/%03d.png", "frames/*.png", "subfile,,start,0,end,9,,:in.mp4"]
)
def test_names_stand_for_nothing_else(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Clip().write(tmp_path / "in.mp4")
    (tmp_path / "frames").mkdir()
    for path in ("1.png", "frames/001.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / path)
    with pytest.raises(VideoError, match="no such file"):
        open_source(Path(name))


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(VideoError, match=r"none.mp4: no such file. Check the path."):
        open_source(tmp_path / "none.mp4")


def test_unreadable_file_is_refused(tmp_path, monkeypatch):
    def deny(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    source = Clip().write(tmp_path / "in.mp4")
    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(VideoError, match="may not be read"):
        open_source(source)


@pytest.mark.catalogue("T40")
def test_sound_without_video_is_refused(tmp_path):
    path = tmp_path / "sound.mp4"
    clip = Clip(audio=("eng",))
    with av.open(str(path), "w") as container:
        track = clip._add_audio(container, "eng")  # noqa: SLF001
        silence = np.zeros((2, 1024), np.float32)
        frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="stereo")
        frame.sample_rate = 48000
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    with pytest.raises(VideoError, match=r"has no video stream \(it holds audio\)"):
        open_source(path)


@pytest.mark.catalogue("T40")
def test_video_without_frames_is_refused(tmp_path):
    source = Clip(frames=0).write(tmp_path / "in.mp4")
    with pytest.raises(VideoError, match=r"holds no frame|has no video stream|cannot be"):
        open_source(source)


@pytest.mark.catalogue("T46")
def test_large_frames_are_refused_before_decoding(tmp_path):
    source = Clip().write(tmp_path / "in.mp4")
    with pytest.raises(VideoError, match="has frames of 32x24, more than 700 pixels"):
        open_source(source, ReadOptions(max_pixels=700))
    with open_source(source, ReadOptions(max_pixels=32 * 24)) as video:
        assert next(video.frames()).index == 0
    bomb = tmp_path / "bomb.y4m"
    bomb.write_bytes(b"YUV4MPEG2 W9000 H4320 F25:1 Ip A1:1 C420jpeg\nFRAME\n")
    with pytest.raises(VideoError, match="has frames of 9000x4320, more than 35389440 pix"):
        open_source(bomb)


@pytest.mark.catalogue("T38")
@pytest.mark.parametrize(
    "name", ["a b.mp4", 'it\'s "50%d".mp4', "-y.mp4", "é😀.mp4", "a\nb.mp4", "data:x.mp4"]
)
def test_strange_names_are_fine(tmp_path, copy_frames, name):
    source = Clip(frames=2).write(tmp_path / "in.mp4").rename(tmp_path / name)
    copy_frames(source, tmp_path / f"out {name}")
    assert (tmp_path / f"out {name}").stat().st_size


@pytest.mark.catalogue("T38")
def test_long_names_are_fine(tmp_path, copy_frames):
    source = Clip(frames=2).write(tmp_path / "in.mp4")
    copy_frames(source, tmp_path / ("x" * 251 + ".mp4"))


@pytest.mark.catalogue("T09")
def test_two_videos_are_announced(tmp_path, caplog):
    source = tmp_path / "in.mkv"
    clip = Clip(frames=2)
    with av.open(str(source), "w") as container:
        first = clip._add_video(container)  # noqa: SLF001
        Clip(width=64, height=64)._add_video(container)  # noqa: SLF001
        clip._fill(container, first, [], None)  # noqa: SLF001
    with open_source(source) as opened:
        assert opened.info.width == 32
    assert "has 2 videos; the first is used" in caplog.text
