"""Degraded copies: whole or absent, and what they say they are."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from videogigagan.data.copies import write_degraded
from videogigagan.data.datasets import DATA_SETS, find_clips, read_frames
from videogigagan.data.layouts import ClipFiles
from videogigagan.data.reductions import REDUCTIONS
from videogigagan.errors import DataError, VideoError


def noise(folder: Path, count: int, *, seed: int = 0) -> Path:
    """Write images of 18x9, which is no multiple of four."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for index in range(count):
        picture = rng.integers(256, size=(9, 18, 3), dtype=np.uint8)
        Image.fromarray(picture).save(folder / f"Frame {index:03d}.png")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two clips of two frames."""
    noise(tmp_path / "data" / "a.1", 2)
    noise(tmp_path / "data" / "b", 2, seed=1)
    return tmp_path / "data"


def clips_of(root: Path) -> list[ClipFiles]:
    return find_clips(DATA_SETS["clips"], root)


def write(root: Path, output: Path, *, overwrite: bool = False, name: str = "bi") -> int:
    """Degrade the clips of a folder; return the number of frames that were announced."""
    ticks: list[None] = []
    write_degraded(
        clips_of(root),
        output,
        data_set="clips",
        degradation=name,
        overwrite=overwrite,
        on_frame=lambda: ticks.append(None),
    )
    return len(ticks)


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("name", REDUCTIONS)
def test_copies_are_the_cropped_frames_degraded(root: Path, tmp_path: Path, name: str) -> None:
    output = tmp_path / "deep" / "out"
    assert write(root, output, name=name) == 4
    assert sorted(content(output)) == [
        "a.1/00000000.png",
        "a.1/00000001.png",
        "b/00000000.png",
        "b/00000001.png",
        "degradation.json",
    ]
    written = clips_of(output)
    for clip, small in zip(clips_of(root), written, strict=True):
        large = torch.stack(list(read_frames(clip)))
        expected = torch.stack(list(REDUCTIONS[name](large[..., :8, :16])))
        assert torch.equal(torch.stack(list(read_frames(small))), expected)


def test_the_note_says_what_they_are(root: Path, tmp_path: Path) -> None:
    write(root, tmp_path / "out", name="bd")
    note = json.loads((tmp_path / "out" / "degradation.json").read_text())
    assert note.pop("version")
    assert note == {
        "data_set": "clips",
        "degradation": "bd",
        "factor": 4,
        "frames": {"a.1": 2, "b": 2},
    }


def test_copies_are_replaced_only_if_allowed(root: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    write(root, output)
    before = content(output)
    with pytest.raises(DataError, match="out: holds degraded copies already"):
        write(root, output, name="bd")
    (output / "degradation.json").unlink()
    with pytest.raises(VideoError, match=r"a\.1: exists already and is not empty"):
        write(root, output, name="bd")
    assert content(output).items() <= before.items()
    write(root, output, name="bd", overwrite=True)
    assert content(output) != before
    write(root, output, overwrite=True)
    assert content(output) == before


def test_nothing_else_is_replaced(root: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "out" / "b" / "thesis.txt"
    foreign.parent.mkdir(parents=True)
    foreign.touch()
    with pytest.raises(VideoError, match=r"b: holds more than frames \('thesis\.txt'\)"):
        write(root, tmp_path / "out", overwrite=True)
    assert list(content(tmp_path / "out")) == ["b/thesis.txt"]


def test_originals_are_safe(root: Path) -> None:
    before = content(root)
    with pytest.raises(DataError, match="data: is where the originals lie"):
        write(root, root, overwrite=True)
    assert content(root) == before


def test_a_file_is_no_output(root: Path, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(DataError, match="out: cannot be written to"):
        write(root, tmp_path / "out")


def test_no_half_written_clip_remains(root: Path, tmp_path: Path) -> None:
    (root / "b" / "Frame 001.png").write_bytes(b"no image")
    with pytest.raises(VideoError, match=r"Frame 001\.png: is damaged"):
        write(root, tmp_path / "out")
    assert list(content(tmp_path / "out")) == ["a.1/00000000.png", "a.1/00000001.png"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.1"]
