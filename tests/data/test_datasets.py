"""Benchmark sets: their layouts, their protocols, their frames."""

from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image

from videogigagan.data.datasets import (
    DATA_SETS,
    Protocol,
    data_set,
    find_clips,
    mirrored,
    read_frames,
    read_small,
)
from videogigagan.data.layouts import ClipFiles
from videogigagan.errors import ConfigError, DataError, VideoError


def images(folder: Path, count: int, *, size: tuple[int, int] = (8, 4), start: int = 0) -> Path:
    """Write flat PNG images `im{start}.png` and on, each a level brighter."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Image.new("RGB", size, (index, 2 * index, 255 - index)).save(
            folder / f"im{start + index}.png"
        )
    return folder


def video(path: Path, count: int) -> Path:
    """Write a lossless video of noise."""
    rng = np.random.default_rng(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 8, 4, "bgr0"
        for _ in range(count):
            picture = rng.integers(256, size=(4, 8, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def places(name: str, root: Path) -> dict[str, str]:
    """Where a set's clips are found, under its folder."""
    clips = find_clips(DATA_SETS[name], root)
    return {clip.name: clip.place.relative_to(root).as_posix() for clip in clips}


def test_protocols_are_those_of_the_papers() -> None:
    colour = {name: known.protocol.colour for name, known in DATA_SETS.items()}
    assert {name for name, channel in colour.items() if channel == "rgb"} == {
        "reds4",
        "redsval4",
        "reds-train",
    }
    centre = Protocol(colour="y", border=0, scored="centre", mirrored=True)
    assert DATA_SETS["vimeo-t"].protocol == DATA_SETS["vimeo-train"].protocol == centre
    assert all(DATA_SETS[name].protocol == Protocol() for name in ("vid4", "udm10", "clips"))


def test_reds_is_split_without_overlap(tmp_path: Path) -> None:
    names = {
        name: {clip.name for clip in DATA_SETS[name].listing(tmp_path)}
        for name in ("reds4", "redsval4", "reds-train")
    }
    assert names["reds4"] == {"000", "011", "015", "020"}
    assert names["redsval4"] == {"240", "241", "246", "257"}
    assert len(names["reds-train"]) == 262
    assert len(set.union(*names.values())) == 270


def test_reds_as_unpacked_and_as_regrouped(tmp_path: Path) -> None:
    for number in ("000", "011"):
        (tmp_path / "train_sharp" / number).mkdir(parents=True)
    (tmp_path / "train" / "train_sharp" / "015").mkdir(parents=True)
    (tmp_path / "GT" / "020").mkdir(parents=True)
    (tmp_path / "train_sharp_bicubic" / "X4" / "011").mkdir(parents=True)
    assert places("reds4", tmp_path) == {
        "000": "train_sharp/000",
        "011": "train_sharp/011",
        "015": "train/train_sharp/015",
        "020": "GT/020",
    }
    small = [clip.small for clip in find_clips(DATA_SETS["reds4"], tmp_path)]
    assert small == [None, tmp_path / "train_sharp_bicubic" / "X4" / "011", None, None]


def test_validation_clips_are_found_under_both_numbers(tmp_path: Path) -> None:
    for place in ("val_sharp/000", "val/val_sharp/001", "train_sharp/246", "train_sharp/257"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "val_sharp_bicubic" / "X4" / "000").mkdir(parents=True)
    assert places("redsval4", tmp_path) == {
        "240": "val_sharp/000",
        "241": "val/val_sharp/001",
        "246": "train_sharp/246",
        "257": "train_sharp/257",
    }
    first = find_clips(DATA_SETS["redsval4"], tmp_path)[0]
    assert first.small == tmp_path / "val_sharp_bicubic" / "X4" / "000"


@pytest.mark.parametrize("form", ["GT/{}", "{}", "{}.mkv", "GT/{}.mp4"])
def test_vid4_is_found_as_folders_or_videos(tmp_path: Path, form: str) -> None:
    for name in ("calendar", "city", "foliage", "walk"):
        path = tmp_path / form.format(name)
        path.parent.mkdir(exist_ok=True)
        path.touch() if path.suffix else path.mkdir()
    assert list(places("vid4", tmp_path).values()) == [
        form.format(name) for name in ("calendar", "city", "foliage", "walk")
    ]
    lengths = [clip.length for clip in find_clips(DATA_SETS["vid4"], tmp_path)]
    assert lengths == [41, 34, 49, 47]


def test_a_part_of_a_set_is_not_the_set(tmp_path: Path) -> None:
    (tmp_path / "city").mkdir()
    with pytest.raises(DataError, match=r"lacks 3 of 4 clips of Vid4 \(.*calendar is the"):
        find_clips(DATA_SETS["vid4"], tmp_path)


@pytest.mark.parametrize("inside", ["GT/{}", "{}", "{}/truth"])
def test_udm10_is_ten_clips_of_any_name(tmp_path: Path, inside: str) -> None:
    for index in range(9):
        (tmp_path / inside.format(f"{index:03d}")).mkdir(parents=True)
    with pytest.raises(DataError, match="holds 9 clips, but the set has 10"):
        find_clips(DATA_SETS["udm10"], tmp_path)
    (tmp_path / inside.format("auditorium")).mkdir(parents=True)
    found = places("udm10", tmp_path)
    assert found["003"] == inside.format("003")
    assert list(found)[-1] == "auditorium"
    assert {clip.length for clip in find_clips(DATA_SETS["udm10"], tmp_path)} == {32}


def test_vimeo_follows_its_lists(tmp_path: Path) -> None:
    images(tmp_path / "sequences" / "00001" / "0266", 7, size=(448, 256), start=1)
    images(tmp_path / "sequences" / "00002" / "0001", 7, size=(448, 256), start=1)
    (tmp_path / "sep_testlist.txt").write_text("00001/0266\n\n")
    (tmp_path / "sep_trainlist.txt").write_text("00002/0001\n")
    assert places("vimeo-t", tmp_path) == {"00001_0266": "sequences/00001/0266"}
    assert places("vimeo-train", tmp_path) == {"00002_0001": "sequences/00002/0001"}
    frames = list(read_frames(find_clips(DATA_SETS["vimeo-t"], tmp_path)[0]))
    assert [round(frame[1, 0, 0].item() * 255) for frame in frames] == [0, 2, 4, 6, 8, 10, 12]


@pytest.mark.parametrize("content", [None, "", "00001/0266\n../escape\n"])
def test_vimeo_needs_its_list(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "sequences").mkdir()
    if content is not None:
        (tmp_path / "sep_testlist.txt").write_text(content)
    with pytest.raises(DataError, match=r"sep_testlist\.txt: (no such file|is not a list of)"):
        find_clips(DATA_SETS["vimeo-t"], tmp_path)


def test_vimeo_may_be_flat(tmp_path: Path) -> None:
    images(tmp_path / "00001_0001", 7)
    video(tmp_path / "00001_0002.mkv", 6)
    first, second = find_clips(DATA_SETS["vimeo-t"], tmp_path)
    assert len(list(read_frames(first))) == 7
    with pytest.raises(DataError, match=r"0002\.mkv: has 6 frames \(7 expected\)"):
        list(read_frames(second))


def test_any_folder_of_clips(tmp_path: Path) -> None:
    for name in ("2", "10", ".hidden"):
        images(tmp_path / name, 1)
    video(tmp_path / "a.mkv", 1)
    (tmp_path / "notes.txt").touch()
    assert list(places("clips", tmp_path)) == ["2", "10", "a"]
    images(tmp_path / "a", 1)
    with pytest.raises(DataError, match="holds two clips called a"):
        find_clips(DATA_SETS["clips"], tmp_path)


def test_an_empty_folder_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no clips"):
        find_clips(DATA_SETS["clips"], tmp_path)


def test_a_set_and_its_folder_are_understood(tmp_path: Path) -> None:
    (tmp_path / "a=b").mkdir()
    assert data_set(f"vid4={tmp_path}/a=b") == (DATA_SETS["vid4"], tmp_path / "a=b")


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("vid4", ConfigError, "'vid4': names no folder"),
        ("vid4=", ConfigError, "names no folder"),
        ("vid5=.", ConfigError, "'vid5': is not known. Name one of reds4, .*clips takes"),
        ("vid4=nowhere", DataError, "nowhere: no such folder. Put Vid4 there: GT/calendar"),
    ],
)
def test_mistakes_are_named(text: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        data_set(text)
    assert "\n" not in str(caught.value)


def test_frames_are_read_exactly(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = list(read_frames(ClipFiles(name="a", frames=video(tmp_path / "a.mkv", 3))))
    assert len(frames) == 3
    for frame in frames:
        levels = torch.from_numpy(rng.integers(256, size=(4, 8, 3), dtype=np.uint8))
        assert torch.equal(frame, levels.permute(2, 0, 1).float() / 255)


def test_frames_are_read_one_at_a_time(tmp_path: Path) -> None:
    folder = images(tmp_path / "a", 2)
    (folder / "im2.png").write_bytes(b"no image")
    frames = read_frames(ClipFiles(name="a", frames=folder))
    next(frames)
    next(frames)
    with pytest.raises(VideoError, match=r"im2\.png: is damaged"):
        next(frames)


def test_named_images_must_be_there_and_whole(tmp_path: Path) -> None:
    folder = images(tmp_path, 2)
    clip = ClipFiles(name="a", frames=(folder / "im0.png", folder / "im7.png"))
    with pytest.raises(DataError, match=r"im7\.png: no such file"):
        list(read_frames(clip))
    (folder / "im7.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"im7\.png: cannot be read as an image"):
        list(read_frames(clip))
    Image.new("RGB", (8, 8)).save(folder / "im7.png")
    with pytest.raises(DataError, match=r"frame 1 is 8x8 \(8x4 expected\)"):
        list(read_frames(clip))


def test_the_sets_own_small_frames_are_checked(tmp_path: Path) -> None:
    small = images(tmp_path / "small", 2, size=(4, 2))
    clip = ClipFiles(name="a", frames=tmp_path, small=small, length=2, size=(16, 8))
    assert [frame.shape for frame in read_small(clip)] == [(3, 2, 4)] * 2
    images(tmp_path / "small", 3, size=(4, 2))
    with pytest.raises(DataError, match=r"small: has 3 frames \(2 expected\)"):
        list(read_small(clip))
    images(tmp_path / "small", 3, size=(8, 4))
    with pytest.raises(DataError, match=r"frame 0 is 8x4 \(4x2 expected\)"):
        list(read_small(clip))


def test_a_mirrored_clip_reads_the_same_backwards() -> None:
    clip = torch.rand(7, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    both = mirrored(clip)
    assert both.shape == (14, 3, 2, 2)
    assert torch.equal(both[:7], clip)
    assert torch.equal(both, both.flip(0))


def test_shared_sets_are_found(shared_data: Path) -> None:
    vid4 = find_clips(DATA_SETS["vid4"], shared_data / "test" / "vid4")
    assert [clip.name for clip in vid4] == ["calendar", "city", "foliage", "walk"]
    assert next(read_frames(vid4[1])).shape == (3, 576, 704)
    vimeo = find_clips(DATA_SETS["vimeo-t"], shared_data / "test" / "vimeo_sample")
    assert len(vimeo) == 16
    frames = list(read_frames(vimeo[0]))
    assert [frame.shape for frame in frames] == [(3, 256, 448)] * 7
    assert torch.equal(frames[0], (frames[0] * 255).round() / 255)
