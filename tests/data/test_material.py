"""Where training clips are cut from."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from training_material import brightening, write_photo, write_video

from videogigagan.data.layouts import ClipFiles
from videogigagan.data.material import FrameFolders, Mixture, PhotoFolder, VideoFolder
from videogigagan.errors import ConfigError, DataError


def levels(clip: torch.Tensor) -> torch.Tensor:
    return 255 * clip.mean(dim=(1, 2, 3))


def test_video_frames_are_consecutive_or_every_second(tmp_path: Path) -> None:
    """Never with a gap that changes."""
    write_video(tmp_path / "a.mkv", brightening(9))
    material, seen = VideoFolder(tmp_path), set()
    for seed in range(12):
        clip, name = material.draw(np.random.default_rng(seed), 3, 32)
        steps = levels(clip).diff().round()
        assert name == "a.mkv"
        assert steps[0] == steps[1]
        seen.add(int(steps[0]))
    assert seen == {10, 20}


def test_a_window_may_be_a_single_frame(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mkv", brightening(1))
    clip, _ = VideoFolder(tmp_path).draw(np.random.default_rng(0), 1, 48)
    assert clip.shape == (1, 3, 48, 48)


def test_files_in_folders_inside_are_found_and_others_left_alone(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    write_photo(tmp_path / "inner" / "b.PNG")
    write_photo(tmp_path / "a.png")
    for name in ("notes.txt", ".hidden.png"):
        (tmp_path / name).write_text("no picture")
    assert PhotoFolder(tmp_path).names == ("a.png", "inner/b.PNG")


@pytest.mark.parametrize("motion", ["plane", "layers"])
def test_photos_move(tmp_path: Path, motion: str) -> None:
    write_photo(tmp_path / "a.png")
    material = PhotoFolder(tmp_path, motion=motion)
    clip, name = material.draw(np.random.default_rng(0), 3, 24)
    assert name == "a.png"
    assert clip.shape == (3, 3, 24, 24)
    assert (clip[1:] - clip[:-1]).abs().amax(dim=(1, 2, 3)).min() > 0


def septuplet(folder: Path) -> ClipFiles:
    folder.mkdir()
    for index, picture in enumerate(brightening(7)):
        Image.fromarray(picture).save(folder / f"im{index}.png")
    return ClipFiles(name="00001_0001", frames=tuple(sorted(folder.iterdir())), length=7)


def test_septuplets_go_on_backwards_where_more_frames_are_wanted(tmp_path: Path) -> None:
    clip = septuplet(tmp_path / "00001")
    seen = set()
    for seed in range(40):
        window, name = FrameFolders((clip,), mirror=True).draw(
            np.random.default_rng(seed), 10, 32
        )
        assert name == "00001_0001"
        seen.add(tuple(int(step) for step in (levels(window).diff() / 10).round()))
    rise, fall = [1] * 6, [-1] * 6
    whole = (*rise, 0, *fall)
    assert seen == {whole[start : start + 9] for start in range(5)}


def test_septuplets_are_not_extended_without_need(tmp_path: Path) -> None:
    clip = septuplet(tmp_path / "00001")
    for seed in range(4):
        window, _ = FrameFolders((clip,), mirror=True).draw(np.random.default_rng(seed), 5, 32)
        assert (levels(window).diff().round() == 10).all()
    with pytest.raises(DataError, match="00001: is too small \\(7 frames of 64x48, need 10"):
        FrameFolders((clip,)).draw(np.random.default_rng(0), 10, 32)


def test_materials_are_drawn_by_weight(tmp_path: Path) -> None:
    parts = []
    for name, weight in (("a", 1.0), ("b", 3.0)):
        (tmp_path / name).mkdir()
        write_photo(tmp_path / name / f"{name}.png", width=12, height=12)
        parts.append((PhotoFolder(tmp_path / name, motion="plane"), weight))
    mixture = Mixture(tuple(parts))
    assert mixture.names == ("a.png", "b.png")
    rng = np.random.default_rng(0)
    counts = Counter(mixture.draw(rng, 1, 8)[1] for _ in range(200))
    assert 0.6 < counts["b.png"] / 200 < 0.9


@pytest.mark.parametrize("weights", [(), (0.0,), (1.0, -1.0)])
def test_a_mixture_needs_weights(tmp_path: Path, weights: tuple[float, ...]) -> None:
    write_photo(tmp_path / "a.png")
    with pytest.raises(ConfigError, match="needs at least one material, each of a weight"):
        Mixture(tuple((PhotoFolder(tmp_path), weight) for weight in weights))


@pytest.mark.parametrize(
    ("kind", "what"), [(VideoFolder, "videos"), (PhotoFolder, "photos")], ids=["video", "photo"]
)
def test_missing_and_empty_folders_are_named(
    tmp_path: Path, kind: type[VideoFolder] | type[PhotoFolder], what: str
) -> None:
    with pytest.raises(DataError, match=r"nowhere: no such folder\. Give a folder"):
        kind(tmp_path / "nowhere")
    with pytest.raises(DataError, match=rf"holds no {what} \(looked for .*Put training"):
        kind(tmp_path)


def test_files_that_are_too_small_are_named(tmp_path: Path) -> None:
    write_photo(tmp_path / "small.png", width=31)
    write_video(tmp_path / "short.mkv", brightening(2))
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match=r"small\.png: is too small \(31x48, need 32\)"):
        PhotoFolder(tmp_path).draw(rng, 3, 32)
    with pytest.raises(
        DataError, match=r"short\.mkv: is too small \(2 frames of 64x48, need 3 of 32x32\)"
    ):
        VideoFolder(tmp_path).draw(rng, 3, 32)
