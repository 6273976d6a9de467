import itertools

import av
import numpy as np
import pytest
import torch
from torch.testing import assert_close
from video_clips import FAST, LOSSLESS, Clip

from videogigagan.errors import VideoError
from videogigagan.video.colour import (
    Colour,
    colour_for_writing,
    guess_matrix,
    luma_to_rgb,
    rgb_to_yuv,
    yuv_to_rgb,
)
from videogigagan.video.encode import EncodeOptions
from videogigagan.video.planes import colour_of, frame_to_rgb, rgb_to_frame
from videogigagan.video.reader import open_source

OLD_PYAV = int(av.__version__.split(".")[0]) < 18


def colour(matrix: int, *, full_range: bool) -> Colour:
    return Colour(matrix=matrix, full_range=full_range, primaries=2, transfer=2, guessed=False)


def ramp(height: int = 24, width: int = 32) -> torch.Tensor:
    y, x = torch.meshgrid(
        torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij"
    )
    return torch.stack((x, y, (x + y) / 2))


EVERY = list(itertools.product((1, 4, 5, 6, 7, 9), (False, True), (8, 10, 12)))


@pytest.mark.catalogue("T15")
@pytest.mark.parametrize(("matrix", "full_range", "depth"), EVERY)
def test_rgb_survives_yuv_at_full_resolution(matrix, full_range, depth):
    rgb = ramp()
    tags = colour(matrix, full_range=full_range)
    luma, chroma = rgb_to_yuv(rgb, colour=tags, bit_depth=depth, sampling="444")
    back = yuv_to_rgb(luma, chroma, colour=tags, bit_depth=depth)
    assert (back - rgb).abs().max() < 2 / ((1 << depth) - 1)


@pytest.mark.catalogue("T15")
@pytest.mark.parametrize(("matrix", "full_range", "depth"), EVERY)
def test_samples_survive_rgb_exactly(matrix, full_range, depth):
    tags = colour(matrix, full_range=full_range)
    luma, chroma = rgb_to_yuv(ramp() * 0.9, colour=tags, bit_depth=depth, sampling="444")
    rgb = yuv_to_rgb(luma, chroma, colour=tags, bit_depth=depth)
    inside = (rgb > 0).all(0) & (rgb < 1).all(0)
    again, chroma_again = rgb_to_yuv(rgb, colour=tags, bit_depth=depth, sampling="444")
    assert torch.equal(again[inside], luma[inside])
    assert torch.equal(chroma_again[:, inside], chroma[:, inside])


@pytest.mark.catalogue("T15")
def test_known_colours_have_known_codes():
    bt709 = colour(1, full_range=False)
    red = torch.tensor([1.0, 0, 0])[:, None, None]
    luma, chroma = rgb_to_yuv(red, colour=bt709, bit_depth=8, sampling="444")
    assert (luma.item(), *chroma.flatten().tolist()) == (63, 102, 240)
    bt601 = colour(6, full_range=False)
    luma, chroma = rgb_to_yuv(red, colour=bt601, bit_depth=10, sampling="444")
    assert (luma.item(), *chroma.flatten().tolist()) == (326, 361, 960)
    white = luma_to_rgb(torch.tensor([[235.0]]), colour=bt601, bit_depth=8)
    assert_close(white, torch.ones(3, 1, 1))


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le"])
@pytest.mark.parametrize(("matrix", "swscale"), [(1, "ITU709"), (6, "ITU601"), (9, "BT2020")])
@pytest.mark.skipif(OLD_PYAV, reason="PyAV 16 does not tell swscale the range")
def test_swscale_agrees_on_smooth_pictures(pixel_format, matrix, swscale):
    for full_range in (False, True):
        tags = colour(matrix, full_range=full_range)
        frame = rgb_to_frame(ramp(192, 256), pixel_format, tags)
        theirs = frame.reformat(
            format="rgb24",
            src_colorspace=swscale,
            dst_colorspace=swscale,
            src_color_range="JPEG" if full_range else "MPEG",
            dst_color_range="JPEG",
        ).to_ndarray()
        ours = frame_to_rgb(frame, tags).permute(1, 2, 0).numpy() * 255
        assert np.abs(ours - theirs)[2:-2, 2:-2].max() < 6


@pytest.mark.catalogue("T15", "T18")
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p"])
@pytest.mark.parametrize("full_range", [1, 2])
@pytest.mark.parametrize("tags", [(1, 1, 1), (6, 6, 6), (5, 5, 4), (9, 9, 14)])
def test_identity_keeps_pixels_and_tags(tmp_path, copy_frames, pixel_format, full_range, tags):
    matrix, primaries, transfer = tags
    source = Clip(
        frames=2,
        width=128,
        height=96,
        pixel_format=pixel_format,
        matrix=matrix,
        primaries=primaries,
        transfer=transfer,
        full_range=full_range,
    ).write(tmp_path / "in.mp4")
    result = copy_frames(source, tmp_path / "out.mp4", options=LOSSLESS)
    with open_source(source) as one, open_source(result) as two:
        assert one.info.colour == two.info.colour
        assert one.info.sampling == two.info.sampling
        assert two.info.colour == Colour(
            matrix=matrix,
            full_range=full_range == 2,
            primaries=primaries,
            transfer=transfer,
            guessed=False,
        )
        for left, right in zip(one.frames(), two.frames(), strict=True):
            error = (left.pixels - right.pixels).abs()
            assert error[:, 2:-2, 2:-2].max() <= 2 / 255
            assert error.max() <= 3 / 255


BARS = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0)]


class Still(Clip):
    """Grey above, colour bars below."""

    def picture(self, index: int) -> np.ndarray:  # noqa: ARG002 - it is still
        bars = np.repeat(0.75 * np.array(BARS), self.width // 8, 0)
        rows = [np.full_like(bars, 0.5), bars]
        return (np.repeat(rows, self.height // 2, 0) * 255).astype(np.uint8)


@pytest.mark.catalogue("T20")
def test_nothing_drifts_over_300_frames(tmp_path, copy_frames):
    source = Still(frames=300).write(tmp_path / "in.mp4")
    result = copy_frames(source, tmp_path / "out.mp4")
    with open_source(source) as one, open_source(result) as two:
        exact = next(one.frames()).pixels.mean((1, 2))
        means = torch.stack([frame.pixels.mean((1, 2)) for frame in two.frames()])
    assert len(means) == 300
    assert (means - exact).abs().max() < 0.5 / 255


@pytest.mark.catalogue("T20")
def test_mean_does_not_drift():
    tags = colour(6, full_range=False)
    picture = torch.full((3, 16, 16), 0.437) + torch.tensor([0.1, 0.0, -0.1])[:, None, None]
    for _ in range(300):
        frame = rgb_to_frame(picture, "yuv420p", tags)
        picture = frame_to_rgb(frame, tags)
    drift = picture.mean((1, 2)) - torch.tensor([0.537, 0.437, 0.337])
    assert drift.abs().max() < 1.5 / 255


@pytest.mark.catalogue("T12")
@pytest.mark.parametrize("size", [(17, 9), (1, 1), (2, 1), (33, 16)])
def test_odd_sizes_are_read(size):
    width, height = size
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, value in zip(frame.planes, (126, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    rgb = frame_to_rgb(frame, colour(1, full_range=False))
    assert_close(rgb, torch.full((3, height, width), 110 / 219))


PACKED = [
    "nv12",
    "p010le",
    "yuyv422",
    "yuv411p",
    "yuv440p",
    "gray",
    "gray10le",
    "rgb24",
    "bgra",
    "gbrp",
    "gbrp10le",
    "rgb48be",
    "yuva420p",
    "yuv444p12le",
]


@pytest.mark.parametrize("pixel_format", PACKED)
def test_every_layout_is_read(pixel_format):
    y, x = np.mgrid[0:16, 0:32]
    grey = np.repeat((x * 7 + y)[..., None], 3, -1).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format=pixel_format)
    tags = colour_of(frame, av.CodecContext.create("rawvideo", "r"))
    found = frame_to_rgb(frame, tags)
    assert (found - torch.from_numpy(grey).permute(2, 0, 1) / 255).abs().max() < 0.02


@pytest.mark.catalogue("T17")
def test_untagged_video_is_guessed_by_size_and_tagged(tmp_path, copy_frames):
    assert [guess_matrix(*size) for size in ((640, 480), (720, 576), (1280, 720), (640, 720))]
    assert guess_matrix(720, 576) == 6
    assert guess_matrix(1280, 720) == guess_matrix(960, 720) == 1
    source = Clip(frames=1).write(tmp_path / "in.mp4")
    result = copy_frames(source, tmp_path / "out.mp4", scale=2)
    with open_source(source) as one, open_source(result) as two:
        assert (one.info.colour.matrix, one.info.colour.guessed) == (6, True)
        assert (two.info.colour.matrix, two.info.colour.guessed) == (6, False)


def test_rgb_is_written_as_bt709():
    rgb = Colour(matrix=0, full_range=True, primaries=2, transfer=2, guessed=False)
    written = colour_for_writing(rgb)
    assert (written.matrix, written.full_range, written.primaries) == (1, False, 1)


@pytest.mark.catalogue("T18")
@pytest.mark.parametrize(
    ("suffix", "codec", "pixel_format", "depth"),
    [
        (".avi", "utvideo", "gbrp", 8),
        (".mkv", "ffv1", "gbrp12le", 10),
        (".mp4", "libx264rgb", "rgb24", 8),
        (".mkv", "ffv1", "bgr0", 8),
        (".mov", "qtrle", "rgb24", 8),
    ],
)
def test_rgb_keeps_its_chroma(tmp_path, copy_frames, suffix, codec, pixel_format, depth):
    options = (("qp", "0"),) if codec == "libx264rgb" else ()
    clip = Clip(frames=2, codec=codec, pixel_format=pixel_format, options=options)
    source = clip.write(tmp_path / f"in{suffix}")
    fine = EncodeOptions(preset="ultrafast", crf=1)
    result = copy_frames(source, tmp_path / "out.mp4", options=fine)
    with open_source(source) as one, open_source(result) as two:
        assert (one.info.sampling, two.info.sampling) == ("rgb", "444")
        assert (two.info.bit_depth, two.info.colour.matrix_name) == (depth, "bt709")
        for left, right in zip(one.frames(), two.frames(), strict=True):
            assert (left.pixels - right.pixels).abs().max() < 8 / 255


@pytest.mark.catalogue("T18")
def test_animations_and_images_play_everywhere(tmp_path, copy_frames):
    source = Clip(codec="gif", pixel_format="rgb8").write(tmp_path / "in.gif")
    images = copy_frames(source, tmp_path / "images")
    for path in (source, images):
        with open_source(path) as video:
            assert video.info.sampling == "rgb"
        with open_source(copy_frames(path, tmp_path / f"{path.name}.mp4")) as video:
            assert video.info.sampling == "420"


def test_pixel_format_can_be_chosen(tmp_path, copy_frames):
    source = Clip(frames=1).write(tmp_path / "in.mp4")
    options = EncodeOptions(preset="ultrafast", codec="h264", pixel_format="yuv444p10le")
    result = copy_frames(source, tmp_path / "out.mp4", options=options)
    with open_source(result) as video:
        assert (video.info.sampling, video.info.bit_depth) == ("444", 10)


@pytest.mark.catalogue("T15")
def test_unsupported_matrix_is_refused(tmp_path):
    source = Clip(frames=1, matrix=8).write(tmp_path / "in.mp4")
    with pytest.raises(VideoError, match="has the colour matrix 'ycgco', which is not"):
        open_source(source)


@pytest.mark.catalogue("T19")
def test_transparency_is_dropped_with_a_warning(tmp_path, caplog):
    source = Clip(frames=1, codec="ffv1", pixel_format="yuva420p").write(tmp_path / "in.mkv")
    with open_source(source) as video:
        assert video.info.has_alpha
        assert next(video.frames()).pixels.shape == (3, 24, 32)
    assert "transparency is dropped" in caplog.text


def test_default_options_are_used_elsewhere():
    assert FAST.codec == "auto"
