"""Where shots begin: cuts and fades, and what is neither."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from videogigagan.errors import VideoError
from videogigagan.video.cuts import cuts_at, find_cuts, one_shot, read_cuts


def scene(seed: int, frames: int, *, speed: int = 2, size: int = 64) -> Tensor:
    """A camera that moves over coloured blocks."""
    generator = torch.Generator().manual_seed(seed)
    blocks = torch.rand(3, 16, 64, generator=generator)
    picture = blocks.repeat_interleave(8, dim=1).repeat_interleave(8, dim=2)
    return torch.stack([picture[:, :size, speed * t : speed * t + size] for t in range(frames)])


def starts(frames: Tensor) -> list[int]:
    told = list(find_cuts(frames))
    assert all(torch.equal(a, b) for (a, _), b in zip(told, frames, strict=True))
    return [index for index, (_, first) in enumerate(told) if first]


@pytest.mark.catalogue("T24")
def test_hard_cuts_are_found_to_the_frame() -> None:
    joined = torch.cat([scene(0, 12), scene(1, 7), scene(2, 20)])
    assert starts(joined) == [0, 12, 19]


@pytest.mark.parametrize("speed", [0, 1, 4, 8])
def test_motion_is_no_cut(speed: int) -> None:
    assert starts(scene(0, 30, speed=speed)) == [0]


def test_a_fade_through_black_begins_a_shot_when_the_picture_comes_back() -> None:
    out = torch.linspace(1, 0, 20)[:, None, None, None]
    faded = torch.cat([scene(0, 20) * out, scene(1, 20) * out.flip(0)])
    found = starts(faded)
    assert found[0] == 0
    assert all(18 <= place <= 24 for place in found[1:])
    assert len(found) == 2


def test_large_frames_are_looked_at_small() -> None:
    joined = torch.cat([scene(0, 8), scene(1, 8)])
    large = joined.repeat_interleave(5, dim=2).repeat_interleave(9, dim=3)
    assert starts(large) == [0, 8]


def test_cuts_can_be_told(tmp_path: Path) -> None:
    path = tmp_path / "shots.txt"
    path.write_text("0\n2 # the station\n\n4\n")
    told = cuts_at(read_cuts(path))(scene(0, 6))
    assert [first for _, first in told] == [True, False, True, False, True, False]
    assert [first for _, first in one_shot(scene(0, 3))] == [True, False, False]


@pytest.mark.parametrize("line", ["-3", "1.5", "00:01", "x"])
def test_a_line_that_is_no_frame_number_is_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "shots.txt"
    path.write_text(f"0\n{line}\n")
    with pytest.raises(VideoError, match=r"shots\.txt: line 2 is no frame number \('"):
        read_cuts(path)


def test_a_list_of_shots_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(VideoError, match="cannot be read as a list of shots"):
            read_cuts(path)


@pytest.mark.parametrize("frames", [0, 1, 2, 4])
def test_short_streams_are_told_whole(frames: int) -> None:
    assert len(list(find_cuts(scene(0, 5)[:frames]))) == frames
