from dataclasses import dataclass

import av
import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close
from video_clips import FAST, Clip

from videogigagan.video.alpha import fill_hidden, frame_to_alpha
from videogigagan.video.reader import open_source
from videogigagan.video.source import ReadOptions
from videogigagan.video.writer import open_sink

WANTED = ReadOptions(alpha=True)


def opacity(index: int, *, width: int = 64, height: int = 48) -> np.ndarray:
    """A soft edge that moves with `index`, hidden on the left; 8 bits."""
    x = np.mgrid[0:height, 0:width][1]
    return np.clip((x - 20 - index) * 12, 0, 255).astype(np.uint8)


def picture(index: int) -> np.ndarray:
    """Orange, black where nothing is seen."""
    alpha = opacity(index)
    made = np.zeros((*alpha.shape, 4), np.uint8)
    made[alpha > 0, :3] = (220, 120, 40)
    made[..., 3] = alpha
    return made


@dataclass(frozen=True, kw_only=True)
class Sheer(Clip):
    """A clip with transparency."""

    width: int = 64
    height: int = 48

    def _fill(self, container, video, tracks, subtitle):  # noqa: ARG002
        for index in range(self.frames):
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgba")
            frame = frame.reformat(format=self.pixel_format)
            frame.pts, frame.time_base = index, 1 / self.rate
            container.mux(video.encode(frame))
        container.mux(video.encode(None))


VPX = (("auto-alt-ref", "0"), ("crf", "4"), ("b", "0"))
CODINGS = [
    (".mkv", Sheer(codec="ffv1", pixel_format="yuva444p10le"), 1.5 / 255),
    (".mkv", Sheer(codec="ffv1", pixel_format="bgra"), 0),
    (".mov", Sheer(codec="png", pixel_format="rgba"), 0),
    (".mov", Sheer(codec="png", pixel_format="ya8"), 1 / 255),
    (".mov", Sheer(codec="png", pixel_format="rgba64be"), 1e-4),
    (".mov", Sheer(codec="qtrle", pixel_format="argb"), 0),
    (".mov", Sheer(codec="prores_ks", pixel_format="yuva444p10le"), 2 / 255),
    (".avi", Sheer(codec="utvideo", pixel_format="gbrap"), 0),
    (".webm", Sheer(codec="libvpx-vp9", pixel_format="yuva420p", options=VPX), 4 / 255),
    (".webm", Sheer(codec="libvpx", pixel_format="yuva420p", options=VPX), 4 / 255),
]


@pytest.mark.catalogue("T19")
@pytest.mark.parametrize(("suffix", "clip", "tolerance"), CODINGS)
def test_transparency_is_read(tmp_path, caplog, suffix, clip, tolerance):
    source = clip.write(tmp_path / f"in{suffix}")
    with open_source(source, WANTED) as video:
        assert video.info.has_alpha
        frames = list(video.frames())
    assert len(frames) == clip.frames
    for frame in frames:
        exact = torch.from_numpy(opacity(frame.index)) / 255
        assert frame.alpha.dtype == torch.float32
        assert (frame.alpha - exact).abs().max() <= tolerance + 1e-6
    assert caplog.text == ""
    with open_source(source) as video:
        assert video.info.has_alpha
        assert all(frame.alpha is None for frame in video.frames())
    assert caplog.text.count("transparency is dropped") == 1


@pytest.mark.catalogue("T19")
def test_transparency_of_images_is_kept(tmp_path, copy_frames, caplog):
    source = tmp_path / "in"
    source.mkdir()
    for index in range(3):
        Image.fromarray(picture(index)).save(source / f"{index}.png")
    Image.fromarray(picture(0)[..., :3]).save(source / "3.png")
    with open_source(source, WANTED) as video:
        sink = open_sink(
            tmp_path / "out", video.info, width=64, height=48, options=FAST, source=source,
            overwrite=False,
        )  # fmt: skip
        with sink:
            for frame in video.frames():
                pixels = frame.pixels
                if frame.alpha is not None:
                    pixels = torch.cat((pixels, frame.alpha[None]))
                sink.write(pixels, frame)
            sink.expect(4)
    for index in range(3):
        with Image.open(tmp_path / "out" / f"{index}.png") as image:
            assert image.mode == "RGBA"
            made = np.asarray(image)
        assert np.array_equal(made[..., 3], opacity(index))
        seen = opacity(index) > 0
        assert np.array_equal(made[seen], picture(index)[seen])
        assert (made[..., 0] == 220).all()  # also where black was hidden
    with Image.open(tmp_path / "out" / "3.png") as image:
        assert image.mode == "RGB"
    assert caplog.text == ""
    copy_frames(source, tmp_path / "plain")
    with Image.open(tmp_path / "plain" / "0.png") as image:
        assert image.mode == "RGB"
    assert caplog.text.count("transparency is dropped") == 1


@pytest.mark.catalogue("T19")
@pytest.mark.parametrize("mode", ["LA", "P", "RGB"])
def test_other_forms_of_transparent_images_are_read(tmp_path, mode):
    grey = np.repeat(np.arange(0, 200, 50, dtype=np.uint8)[None], 4, 0)
    if mode == "LA":
        Image.fromarray(np.stack((grey, grey), -1)).save(tmp_path / "1.png")
        exact = torch.from_numpy(grey) / 255
    else:
        image = Image.fromarray(grey).convert(mode)
        hidden = image.getpixel((1, 0))
        image.save(tmp_path / "1.png", transparency=hidden)
        exact = torch.tensor([1.0, 0, 1, 1]).expand(4, 4)
    with open_source(tmp_path, WANTED) as video:
        assert_close(next(video.frames()).alpha, exact)


def test_transparency_is_turned_with_its_picture(tmp_path):
    image = Image.fromarray(picture(0))
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned to the right
    image.save(tmp_path / "1.png", exif=exif)
    with open_source(tmp_path, WANTED) as video:
        frame = next(video.frames())
    exact = torch.from_numpy(opacity(0).copy()) / 255
    assert_close(frame.alpha, torch.rot90(exact, -1))


def test_formats_without_transparency_have_none():
    assert frame_to_alpha(av.VideoFrame(4, 4, "yuv420p")) is None


def test_hidden_colours_are_those_around():
    pixels = torch.zeros(3, 7, 9)
    alpha = torch.zeros(7, 9)
    pixels[:, :, 6:] = torch.tensor([0.9, 0.5, 0.1])[:, None, None]
    alpha[:, 6:] = torch.tensor([1 / 65535, 0.5, 1])
    filled = fill_hidden(pixels, alpha)
    assert_close(filled, torch.tensor([0.9, 0.5, 0.1])[:, None, None].expand(3, 7, 9))
    assert torch.equal(filled[:, :, 6:], pixels[:, :, 6:])


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_nothing_or_all_to_be_seen_changes_nothing(value):
    pixels = torch.rand(3, 5, 4)
    assert torch.equal(fill_hidden(pixels, torch.full((5, 4), value)), pixels)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (33, 2)])
def test_pictures_of_any_size_are_filled(size):
    pixels, alpha = torch.full((3, *size), 0.25), torch.zeros(size)
    alpha[0, 0] = 1
    pixels[:, alpha == 0] = 0
    assert_close(fill_hidden(pixels, alpha), torch.full((3, *size), 0.25))
