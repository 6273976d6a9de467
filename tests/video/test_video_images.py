import struct
from pathlib import Path
from zlib import compress, crc32

import numpy as np
import pytest
import torch
from PIL import Image
from video_clips import FAST, Clip

from videogigagan.errors import VideoError
from videogigagan.video.folder_source import natural_key
from videogigagan.video.reader import open_source
from videogigagan.video.source import ReadOptions
from videogigagan.video.writer import open_sink


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "images"
    path.mkdir()
    for number in (10, 2, 1):
        Image.new("RGB", (6, 5), (number, 2 * number, 3 * number)).save(path / f"f{number}.png")
    (path / "notes.txt").write_text("not a frame")
    return path


def test_images_are_read_in_natural_order(folder):
    with open_source(folder) as video:
        frames = list(video.frames())
    assert [frame.name for frame in frames] == ["f1", "f2", "f10"]
    assert [round(frame.pixels[0, 0, 0].item() * 255) for frame in frames] == [1, 2, 10]
    assert [frame.pts for frame in frames] == [0, 1, 2]
    assert (video.info.width, video.info.height, video.info.rate) == (6, 5, 25)


def test_natural_order_survives_strange_names():
    names = ["b", "a10", "a2", "10", "9", "a", "²", "a2b"]
    assert sorted(names, key=natural_key) == ["9", "10", "a", "a2", "a2b", "a10", "b", "²"]


def test_images_to_images_is_the_identity(folder, tmp_path, copy_frames):
    result = copy_frames(folder, tmp_path / "out")
    assert sorted(file.name for file in result.iterdir()) == ["f1.png", "f10.png", "f2.png"]
    for file in result.iterdir():
        assert np.array_equal(
            np.array(Image.open(file)), np.array(Image.open(folder / file.name))
        )


def test_video_to_images_and_back(tmp_path, copy_frames):
    source = Clip().write(tmp_path / "in.mp4")
    images = copy_frames(source, tmp_path / "out")
    assert (images / "00000000.png").exists()
    assert len(list(images.iterdir())) == 6
    back = copy_frames(images, tmp_path / "back.mp4")
    with open_source(back) as one, open_source(source) as two:
        assert one.info.colour.matrix_name == "bt709"
        for left, right in zip(one.frames(), two.frames(), strict=True):
            assert (left.pixels - right.pixels).abs().mean() < 0.03


def test_existing_frames_are_replaced_whole(folder, tmp_path, copy_frames):
    target = tmp_path / "out"
    target.mkdir()
    copy_frames(folder, target)
    Image.new("RGB", (2, 2)).save(target / "old.png")
    with pytest.raises(VideoError, match="exists already and is not empty"):
        copy_frames(folder, target)
    copy_frames(folder, target, overwrite=True)
    assert sorted(file.name for file in target.iterdir()) == ["f1.png", "f10.png", "f2.png"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["images", "out"]


def test_folder_with_other_things_is_never_replaced(folder, tmp_path, copy_frames):
    target = tmp_path / "out"
    target.mkdir()
    (target / "thesis.doc").write_text("years of work")
    with pytest.raises(VideoError, match=r"holds more than frames \('thesis.doc'\)"):
        copy_frames(folder, target, overwrite=True)
    with pytest.raises(VideoError, match="is the input"):
        copy_frames(folder, folder, overwrite=True)


def test_same_stems_are_numbered(folder, tmp_path, copy_frames):
    Image.new("RGB", (6, 5)).save(folder / "f1.bmp")
    result = copy_frames(folder, tmp_path / "out")
    assert len(list(result.iterdir())) == 4


def test_folder_without_images_is_refused(tmp_path):
    with pytest.raises(VideoError, match="holds no images"):
        open_source(tmp_path)


def test_folder_that_cannot_be_listed_is_refused(tmp_path, monkeypatch):
    def deny(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", deny)
    with pytest.raises(VideoError, match=r"cannot be listed \(Permission denied"):
        open_source(tmp_path)


def test_images_of_two_sizes_are_refused(folder):
    Image.new("RGB", (7, 5)).save(folder / "f11.png")
    with open_source(folder) as video, pytest.raises(VideoError, match="is 7x5, but the first"):
        list(video.frames())


@pytest.mark.catalogue("T40")
@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"words"])
def test_damaged_image_is_refused(folder, content):
    (folder / "f3.png").write_bytes(content)
    with (
        open_source(folder) as video,
        pytest.raises(VideoError, match=r"f3.png: is damaged or not an image"),
    ):
        list(video.frames())


@pytest.mark.catalogue("T40")
def test_short_image_is_refused(folder):
    noise = np.random.default_rng(0).integers(0, 255, (5, 6, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "f3.png")
    content = (folder / "f3.png").read_bytes()
    (folder / "f3.png").write_bytes(content[: len(content) * 2 // 3])
    with open_source(folder) as video, pytest.raises(VideoError, match=r"f3.png: is damaged"):
        list(video.frames())


@pytest.mark.catalogue("T46")
def test_large_images_are_refused(folder, monkeypatch):
    with pytest.raises(VideoError, match="is 6x5, more than 29 pixels"):
        open_source(folder, ReadOptions(max_pixels=29))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(VideoError, match="is too large to be safe"):
        open_source(folder)


@pytest.mark.catalogue("T19")
def test_transparency_is_dropped_with_a_warning(tmp_path, caplog):
    Image.new("RGBA", (4, 4), (255, 0, 0, 10)).save(tmp_path / "1.png")
    with open_source(tmp_path) as video:
        assert video.info.has_alpha
        assert torch.equal(next(video.frames()).pixels[:, 0, 0], torch.tensor([1.0, 0, 0]))
    assert "transparency is dropped" in caplog.text


def test_camera_orientation_is_applied(tmp_path):
    picture = Image.new("RGB", (16, 8))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "1.jpg", exif=exif)
    with open_source(tmp_path) as video:
        assert (video.info.width, video.info.height) == (8, 16)


def test_deep_grey_keeps_its_depth(tmp_path):
    ramp = np.linspace(0, 65535, 400).astype(np.uint16).reshape(1, 400)
    Image.fromarray(ramp).save(tmp_path / "1.png")
    with open_source(tmp_path) as video:
        assert len(next(video.frames()).pixels[0, 0].unique()) == 400


def test_samples_without_a_range_are_refused(tmp_path):
    Image.fromarray(np.ones((2, 2), np.float32)).save(tmp_path / "1.tiff")
    with pytest.raises(VideoError, match="mode F, which has no fixed range"):
        open_source(tmp_path)


@pytest.mark.catalogue("T46")
def test_a_bomb_is_refused_by_its_header(tmp_path):
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
    content = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", compress(bytes(1000)))
    (tmp_path / "1.png").write_bytes(content)
    with pytest.raises(VideoError, match=r"1.png: is too large to be safe"):
        open_source(tmp_path)


@pytest.mark.catalogue("T47")
@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_an_animation_in_a_folder_is_one_picture(tmp_path, suffix):
    first, *others = (Image.new("RGB", (4, 4), (40 * n, 0, 0)) for n in range(5))
    first.save(tmp_path / f"1{suffix}", save_all=True, append_images=others)
    with open_source(tmp_path) as video:
        assert len(list(video.frames())) == 1


def test_entering_twice_fails_cleanly(folder, tmp_path):
    with open_source(folder) as video:
        sink = open_sink(
            tmp_path / "out",
            video.info,
            width=6,
            height=5,
            options=FAST,
            source=folder,
            overwrite=False,
        )
        with pytest.raises(VideoError, match="no frame was written"), sink:
            pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["images"]
