"""Which frames propagation passes (E52)."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from videogigagan.model.course import Span, along, course, learning, mirrored


@pytest.mark.parametrize(
    ("length", "before", "behind", "expected"),
    [
        (4, 0, 0, [0, 1, 2, 3]),
        (4, 2, 1, [2, 1, 0, 1, 2, 3, 2]),
        (3, 5, 0, [1, 0, 1, 2, 1, 0, 1, 2]),
        (2, 2, 3, [0, 1, 0, 1, 0, 1, 0]),
        (1, 5, 5, [0]),
    ],
)
def test_frames_are_mirrored_as_often_as_need_be(
    length: int, before: int, behind: int, expected: list[int]
) -> None:
    assert mirrored(length, before, behind) == expected


@pytest.mark.parametrize("begins", [True, False])
@pytest.mark.parametrize(
    "span", [Span(end=9), Span(end=4, onward=2), Span(begin=3, end=5), Span(begin=8, end=9)]
)
def test_a_window_has_its_run_up_on_both_sides_and_stays_what_it_is(
    span: Span, *, begins: bool
) -> None:
    path, moved = course(9, span, run_up=4, begins=begins)
    assert path[moved.begin : moved.end] == list(range(span.begin, span.end))
    assert path[moved.next_window - 1] == span.next_window - 1
    assert len(path) - moved.end >= 4
    assert moved.begin == (max(4, span.begin) if begins else span.begin)


def test_without_a_run_up_the_clip_is_all() -> None:
    span = Span(begin=2, end=4)
    path, moved = course(6, span, run_up=0, begins=True)
    assert path == list(range(6))
    assert (moved.begin, moved.end, moved.next_window) == (2, 4, 4)


def test_a_path_goes_along_what_leads_through_the_clip() -> None:
    ways = [[(a, b) for a, b in pairwise(order)] for order in ([0, 1, 2, 3], [3, 2, 1, 0])]
    path = mirrored(4, 5, 4)
    assert along(path, ways[0], ways[1][::-1]) == list(pairwise(path))


def test_a_recurrence_learns_where_it_is_told_to() -> None:
    weight = torch.ones((), requires_grad=True)

    def states() -> list[Tensor]:
        made = (weight * number for number in range(4))
        return list(learning(made, (False, True, False)))

    assert [state.requires_grad for state in states()] == [False, True, False]
    with torch.no_grad():
        assert not any(state.requires_grad for state in states())
    assert torch.is_grad_enabled()
