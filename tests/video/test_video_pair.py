"""Two videos compared: frame by frame, in one size, whole or not at all."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from video_clips import FAST, LOSSLESS, Clip, frame_times, packets

from videogigagan.errors import ConfigError, VideoError
from videogigagan.ops.resize import resize
from videogigagan.video.info import Frame
from videogigagan.video.pair import CompareOptions, compare_videos, slice_paths
from videogigagan.video.reader import open_source
from videogigagan.video.slice_sink import SliceSink

SMALL, LARGE = Clip(audio=("eng",)), Clip(width=64, height=48)


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pair")
    return SMALL.write(folder / "small.mp4"), LARGE.write(folder / "large.mp4")


def compare(pair, target: Path, **options: object):
    encode = options.pop("encode", FAST)
    return compare_videos(*pair, target, options=CompareOptions(encode=encode, **options))


def pictures(path: Path) -> list[torch.Tensor]:
    with open_source(path) as video:
        return [frame.pixels for frame in video.frames()]


@pytest.mark.parametrize(
    ("mode", "size"), [("side", (128, 48)), ("wipe", (64, 48)), ("difference", (64, 48))]
)
def test_a_comparison_has_the_size_of_the_larger_and_the_time_of_the_first(
    pair, tmp_path, mode, size
):
    made = compare(pair, tmp_path / "out.mp4", mode=mode)
    assert (made.frames, made.size, made.slices) == (6, (64, 48), ())
    assert frame_times(made.output) == frame_times(pair[0])
    assert packets(made.output, "audio") == packets(pair[0], "audio")
    with open_source(made.output) as video:
        assert (video.info.width, video.info.height) == size


def test_the_order_says_what_is_where(pair, tmp_path):
    for one, other in (pair, pair[::-1]):
        made = compare((one, other), tmp_path / f"{one.stem}.mp4")
        left = resize(pictures(one)[0], (48, 64)).clamp(0, 1)
        right = resize(pictures(other)[0], (48, 64)).clamp(0, 1)
        found = pictures(made.output)[0]
        assert (found[..., :62] - left[..., :62]).abs().mean() < 0.03
        assert (found[..., 66:] - right[..., 2:]).abs().mean() < 0.03


def test_a_video_does_not_differ_from_itself(pair, tmp_path):
    same = (pair[0], pair[0])
    made = compare(same, tmp_path / "out.mp4", mode="difference", gain=255.0)
    assert max(picture.max() for picture in pictures(made.output)) < 0.01
    black = compare((pair[0], made.output), tmp_path / "two.mp4", mode="difference")
    assert np.mean([picture.mean() for picture in pictures(black.output)]) > 0.2


def test_pixels_are_shaped_as_in_the_larger(tmp_path):
    tall = Clip(width=64, height=96, aspect=Fraction(2)).write(tmp_path / "tall.mp4")
    small = Clip().write(tmp_path / "small.mp4")
    made = compare((small, tall), tmp_path / "out.mp4", mode="wipe")
    with open_source(made.output) as video:
        assert video.info.pixel_aspect == 2


def test_different_shapes_are_announced(tmp_path, pair, caplog):
    square = Clip(width=48, height=48).write(tmp_path / "square.mp4")
    compare((square, pair[1]), tmp_path / "out.mp4", frames=1)
    assert "are displayed in different shapes; the smaller one is stretched" in caplog.text
    caplog.clear()
    compare(pair, tmp_path / "alike.mp4", frames=1)
    assert not caplog.text


def test_slices_are_a_row_over_time(pair, tmp_path):
    made = compare(pair, tmp_path / "out.mp4", slices=True, row=10)
    assert made.slices == slice_paths(made.output)
    for source, path in zip(pair, made.slices, strict=True):
        expected = torch.stack(
            [resize(picture, (48, 64))[:, 10] for picture in pictures(source)], dim=1
        )
        with Image.open(path) as image:
            found = torch.from_numpy(np.array(image)).permute(2, 0, 1) / 255
        assert found.shape == (3, 6, 64)
        assert (found - expected.clamp(0, 1)).abs().max() <= 0.5 / 255 + 1e-6


def test_names_of_slices():
    assert [path.name for path in slice_paths(Path("x/out.mp4"))] == [
        "out_slice_a.png",
        "out_slice_b.png",
    ]
    assert slice_paths(Path("x/frames"))[1] == Path("x/frames_slice_b.png")


def test_images_go_in_and_out(pair, tmp_path):
    made = compare(pair, tmp_path / "frames", slices=True, encode=LOSSLESS)
    assert len(list(made.output.glob("*.png"))) == 6
    again = compare((made.output, pair[0]), tmp_path / "again.mp4", mode="wipe")
    assert frame_times(again.output) == frame_times(pair[0])
    assert packets(again.output, "audio") == packets(pair[0], "audio")


@pytest.mark.catalogue("T64")
@pytest.mark.parametrize(("one", "other"), [(6, 8), (8, 6)])
def test_different_numbers_of_frames_are_refused_with_both(tmp_path, one, other):
    first = Clip(frames=one).write(tmp_path / "first.mp4")
    second = Clip(frames=other).write(tmp_path / "second.mkv")
    message = rf"numbers of frames \({one} and {other}\)\. Compare .* with --frames 6\.$"
    with pytest.raises(VideoError, match=message):
        compare((first, second), tmp_path / "out.mp4", slices=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.mp4", "second.mkv"]
    assert compare((first, second), tmp_path / "out.mp4", frames=6).frames == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gain": 0.0}, r"^gain must be above 0 and at most 255, not 0\.$"),
        ({"frames": 0}, r"^frames must be at least 1, not 0\.$"),
        ({"row": 3}, r"^row 3: only slices have a row\. Add --slice\.$"),
        ({"slices": True, "row": 48}, r"^row 48: is not in the pictures\. Give 0 to 47\.$"),
        ({"slices": True, "row": -1}, r"^row -1: is not in the pictures\. Give 0 to 47\.$"),
    ],
)
def test_options_that_make_no_sense_are_refused(pair, tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        compare(pair, tmp_path / "out.mp4", **options)
    assert list(tmp_path.iterdir()) == []


def test_outputs_do_not_replace_anything_unasked(pair, tmp_path):
    for path in pair:
        with pytest.raises(VideoError, match="is the input"):
            compare(pair, path)
    old = slice_paths(tmp_path / "out.mp4")[1]
    old.write_bytes(b"old")
    with pytest.raises(VideoError, match=r"out_slice_b\.png: exists already"):
        compare(pair, tmp_path / "out.mp4", slices=True)
    assert old.read_bytes() == b"old"
    compare(pair, tmp_path / "out.mp4", slices=True, overwrite=True)
    assert old.read_bytes() != b"old"


def test_a_slice_appears_whole_or_not_at_all(tmp_path):
    picture = torch.rand(3, 4, 5)
    frame = Frame(pixels=picture, index=0, pts=0, duration=1, time_base=Fraction(1))

    def one_of_two() -> None:
        with SliceSink(tmp_path / "x.png", 1) as sink:
            sink.write(picture, frame)
            sink.expect(2)

    with pytest.raises(VideoError, match="1 frames were written for 2 read"):
        one_of_two()
    assert list(tmp_path.iterdir()) == []
