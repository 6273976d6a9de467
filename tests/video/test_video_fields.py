from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from av.filter import Graph
from video_clips import Clip

from videogigagan.errors import VideoError
from videogigagan.video.fields import Fields
from videogigagan.video.planes import colour_of, frame_to_rgb
from videogigagan.video.reader import open_source
from videogigagan.video.source import ReadOptions

TOP = (("flags", "+ilme+ildct"), ("x264-params", "tff=1"))
BOTTOM = (("flags", "+ilme+ildct"), ("x264-params", "bff=1"))
MPEG2 = (("flags", "+ilme+ildct"), ("q", "2"))


@dataclass(frozen=True, kw_only=True)
class Moving(Clip):
    """A bar that goes to the right, the second field of a picture half a picture later."""

    width: int = 64
    height: int = 48
    top_first: bool = True

    def picture(self, index: int) -> np.ndarray:
        made = np.full((self.height, self.width, 3), 30, np.uint8)
        for field in (0, 1):
            left = 8 + 4 * index + 2 * (field if self.top_first else 1 - field)
            made[field::2, left : left + 16] = 220
        return made


def combing(pixels: torch.Tensor) -> float:
    """How much rows differ from the rows around them."""
    return (pixels[:, 1:-1] - (pixels[:, :-2] + pixels[:, 2:]) / 2).abs().mean().item()


def read(path, interlaced="deinterlace"):
    with open_source(path, ReadOptions(interlaced=interlaced)) as video:
        return list(video.frames())


CODINGS = [
    (".mp4", Moving(options=TOP)),
    (".mkv", Moving(options=BOTTOM, top_first=False, pixel_format="yuv422p10le")),
    (".mkv", Moving(options=TOP, pixel_format="yuv444p", rate=Fraction(30000, 1001))),
    (".mpg", Moving(codec="mpeg2video", options=MPEG2)),
    (".ts", Moving(codec="mpeg2video", options=MPEG2, pixel_format="yuv422p")),
    (".mov", Moving(codec="prores_ks", options=(TOP[0],), pixel_format="yuv422p10le")),
]


@pytest.mark.catalogue("T13")
@pytest.mark.parametrize(("suffix", "clip"), CODINGS)
def test_fields_become_one_picture_each(tmp_path, copy_frames, caplog, suffix, clip):
    source = clip.write(tmp_path / f"in{suffix}")
    stored, made = read(source, "keep"), read(source)
    assert [(f.index, f.pts, f.duration) for f in made] == [
        (f.index, f.pts, f.duration) for f in stored
    ]
    assert len(made) == clip.frames
    before = sum(combing(frame.pixels) for frame in stored)
    assert sum(combing(frame.pixels) for frame in made) < before / 10
    for one, other in zip(stored, made, strict=True):
        assert (one.pixels.mean() - other.pixels.mean()).abs() < 0.01
    assert caplog.text.count("is interlaced, and is deinterlaced") == 1
    result = copy_frames(source, tmp_path / "out.mkv")
    with av.open(str(result)) as container:
        assert not any(picture.interlaced_frame for picture in container.decode(video=0))


@pytest.mark.catalogue("T13")
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le"])
def test_progressive_pictures_are_not_touched(tmp_path, caplog, pixel_format):
    source = Clip(pixel_format=pixel_format).write(tmp_path / "in.mp4")
    with av.open(str(source)) as container:
        pictures = list(container.decode(video=0))
        context = container.streams.video[0].codec_context
        exact = [frame_to_rgb(picture, colour_of(picture, context)) for picture in pictures]
    found = read(source)
    assert all(torch.equal(f.pixels, pixels) for f, pixels in zip(found, exact, strict=True))
    assert "interlaced" not in caplog.text


@pytest.mark.catalogue("T13")
def test_only_the_pictures_that_are_flagged_change(tmp_path, caplog):
    first = Clip(width=64, height=48).write(tmp_path / "one.h264").read_bytes()
    second = Moving(options=TOP).write(tmp_path / "two.h264").read_bytes()
    source = tmp_path / "both.h264"
    source.write_bytes(first + second + first)
    stored, made = read(source, "keep"), read(source)
    assert len(made) == len(stored) == 18
    equal = [torch.equal(a.pixels, b.pixels) for a, b in zip(stored, made, strict=True)]
    assert equal == [True] * 6 + [False] * 6 + [True] * 6
    assert [frame.pts for frame in made] == [frame.pts for frame in stored]
    assert "has no timestamps" in caplog.text


@pytest.mark.catalogue("T13")
def test_one_interlaced_picture_is_enough(tmp_path):
    source = Moving(frames=1, options=TOP).write(tmp_path / "in.mp4")
    assert len(read(source)) == 1


@pytest.mark.catalogue("T13")
def test_interlaced_video_can_be_refused(tmp_path):
    source = Moving(options=TOP).write(tmp_path / "in.mp4")
    message = r"in.mp4: is interlaced \(frame 0\). Deinterlace it first, or allow"
    with pytest.raises(VideoError, match=message):
        read(source, "refuse")
    assert len(read(Clip().write(tmp_path / "progressive.mp4"), "refuse")) == 6


@pytest.mark.catalogue("T13")
def test_interlaced_video_can_be_kept(tmp_path, caplog):
    clip = Moving(options=TOP, pixel_format="yuv444p")
    source = clip.write(tmp_path / "in.mp4")
    with open_source(source, ReadOptions(interlaced="keep")) as video:
        assert video.info.interlaced
        for frame in video.frames():
            exact = torch.from_numpy(clip.picture(frame.index)).permute(2, 0, 1) / 255
            assert (frame.pixels - exact).abs().max() < 3 / 255
    assert "is interlaced, and stays so" in caplog.text


def test_a_change_of_size_is_told_all_the_same(tmp_path):
    one = Moving(options=TOP).write(tmp_path / "one.h264").read_bytes()
    two = Moving(options=TOP, width=80).write(tmp_path / "two.h264").read_bytes()
    (tmp_path / "both.h264").write_bytes(one + two)
    with pytest.raises(VideoError, match=r"changes size after frame 6 \(64x48 to 80x48"):
        read(tmp_path / "both.h264")


@pytest.mark.catalogue("T41")
@pytest.mark.parametrize(
    ("suffix", "muxer"),
    [(".mkv", ("cluster_time_limit", "100")), (".mp4", ("movflags", "faststart"))],
)
def test_all_pictures_before_damage_are_delivered(tmp_path, suffix, muxer):
    source = Moving(frames=40, options=TOP, muxer=(muxer,)).write(tmp_path / f"whole{suffix}")
    short = tmp_path / f"short{suffix}"
    short.write_bytes(source.read_bytes()[: source.stat().st_size * 9 // 10])
    delivered = []
    with open_source(short) as video, pytest.raises(VideoError) as caught:  # noqa: PT012
        for frame in video.frames():
            delivered.append(frame)  # noqa: PERF402 - what came before the error counts
    assert len(delivered) > 2
    assert f"after frame {len(delivered)}" in str(caught.value)


def flagged(pixel_format: str, *, size: tuple[int, int] = (32, 16)) -> av.VideoFrame:
    """A picture that is flagged as interlaced, of any format."""
    width, height = size
    grey = np.repeat((np.mgrid[0:height, 0:width][1] * 7)[..., None], 3, -1).astype(np.uint8)
    picture = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format=pixel_format)
    picture.pts, picture.time_base = 0, Fraction(1, 25)
    picture.colorspace, picture.color_range = 1, 1
    graph = Graph()
    source = graph.add_buffer(
        width=width, height=height, format=picture.format, time_base=picture.time_base
    )
    graph.link_nodes(source, graph.add("setfield", "tff"), graph.add("buffersink")).configure()
    graph.push(picture)
    return graph.vpull()


def treated(pictures, path):
    return list(Fields(path, "deinterlace").treat(p for p in pictures))


@pytest.mark.parametrize(
    "pixel_format",
    ["yuv411p", "nv12", "uyvy422", "p010le", "yuva444p12le", "gbrp10le", "bgra", "gray", "ya8"],
)
def test_layouts_that_the_filter_does_not_take_are_repacked(tmp_path, pixel_format):
    stored = flagged(pixel_format)
    assert stored.interlaced_frame
    made = treated([stored] * 3, tmp_path)
    assert [picture.pts for picture in made] == [0, 0, 0]
    colour = colour_of(stored, av.CodecContext.create("rawvideo", "r"))
    assert colour == colour_of(made[1], av.CodecContext.create("rawvideo", "r"))
    exact = frame_to_rgb(stored, colour)  # all rows are equal
    assert (frame_to_rgb(made[1], colour) - exact).abs().max() < 0.01


@pytest.mark.parametrize(
    ("pixel_format", "size", "found"),
    [("gray10le", (32, 16), "pixel format gray10le"), ("yuv420p", (2, 2), "2x2, ")],
)
def test_what_cannot_be_mended_is_told(tmp_path, pixel_format, size, found):
    with pytest.raises(VideoError, match=rf"cannot be deinterlaced \({found}"):
        treated([flagged(pixel_format, size=size)] * 3, tmp_path)


def test_closing_early_is_safe(tmp_path):
    source = Moving(frames=20, options=TOP).write(tmp_path / "in.mp4")
    video = open_source(source)
    next(video.frames())
    video.close()
    video.close()
