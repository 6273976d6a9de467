"""Copies that stay copies have no unrest; what changes between them is told in steps."""

import pytest
import torch
from torch import Tensor

from videogigagan.errors import DataError
from videogigagan.evaluate.stillness import ENDS, unrest


def copies(count: int) -> list[Tensor]:
    frame = torch.rand(3, 8, 9, generator=torch.Generator().manual_seed(0))
    return [frame / 2 + 0.25 for _ in range(count)]


def test_copies_are_still() -> None:
    found = unrest(copies(30))
    assert (found.mean, found.highest) == (0, 0)


def test_flicker_is_told_in_steps() -> None:
    frames = [frame + (index % 2) * 2 / 255 for index, frame in enumerate(copies(30))]
    found = unrest(frames)
    assert found.mean == pytest.approx(2, abs=1e-4)
    assert found.highest == pytest.approx(2, abs=1e-4)


def test_less_than_a_step_is_told_too() -> None:
    frames = [frame + (index % 2) * 0.2 / 255 for index, frame in enumerate(copies(30))]
    assert unrest(frames).mean == pytest.approx(0.2, abs=1e-3)


def test_a_jump_in_the_middle_is_the_highest() -> None:
    frames = [frame + (index >= 20) * 4 / 255 for index, frame in enumerate(copies(30))]
    found = unrest(frames)
    assert found.highest == pytest.approx(4, abs=1e-4)
    assert found.mean == pytest.approx(4 / (29 - 2 * ENDS), abs=1e-4)


@pytest.mark.parametrize("place", [0, 1, 2, 27, 28, 29])
def test_the_ends_do_not_count(place: int) -> None:
    frames = copies(30)
    frames[place] = frames[place] + 0.1
    assert unrest(frames).highest == 0


@pytest.mark.parametrize("place", [3, 26])
def test_what_lies_beside_the_ends_counts(place: int) -> None:
    frames = copies(30)
    frames[place] = frames[place] + 0.1
    assert unrest(frames).highest > 1


def test_what_cannot_be_shown_does_not_count() -> None:
    frames = [frame + 2 + index for index, frame in enumerate(copies(10))]
    assert unrest(frames).mean == 0


@pytest.mark.parametrize("count", [0, 1, 7])
def test_too_few_frames_are_one_line(count: int) -> None:
    with pytest.raises(DataError, match=rf"too few frames \({count}\)\. Give 8 at least"):
        unrest(copies(count))
