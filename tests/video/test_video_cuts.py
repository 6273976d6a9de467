"""Where shots begin: cuts and fades, and what is neither."""

import pytest
import torch
from torch import Tensor

from videogigagan.video.cuts import find_cuts


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


@pytest.mark.parametrize("frames", [0, 1, 2, 4])
def test_short_streams_are_told_whole(frames: int) -> None:
    assert len(list(find_cuts(scene(0, 5)[:frames]))) == frames
