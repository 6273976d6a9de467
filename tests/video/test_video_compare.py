import torch
from hypothesis import given
from hypothesis import strategies as st

from videogigagan.video.compare import (
    WIPE_SECONDS,
    difference,
    side_by_side,
    wipe,
    wipe_share,
)


def test_both_halves_are_where_they_belong():
    source = torch.full((3, 4, 5), 0.25)
    result = torch.full((3, 16, 20), 0.75)
    both = side_by_side(source, result)
    assert both.shape == (3, 16, 40)
    assert torch.allclose(both[..., :19], torch.tensor(0.25))
    assert torch.allclose(both[..., 21:], torch.tensor(0.75))
    assert (both[..., 19:21] == 1).all()
    assert (result == 0.75).all()


def test_enlarging_stays_in_range():
    source = torch.zeros(3, 4, 4)
    source[..., 2:] = 1
    both = side_by_side(source, torch.zeros(3, 16, 16))
    assert both.min() == 0
    assert both.max() == 1


@given(width=st.integers(1, 40), share=st.floats(0, 1))
def test_a_wipe_shows_each_picture_on_its_side_of_the_line(width, share):
    first, second = torch.full((3, 2, width), 0.25), torch.full((3, 2, width), 0.75)
    made = wipe(first, second, share)
    edge = round(share * width)
    assert (made[..., : max(edge - 1, 0)] == 0.25).all()
    assert (made[..., edge + 1 :] == 0.75).all()
    assert set(made.unique().tolist()) <= {0.25, 0.75, 1.0}
    assert (first == 0.25).all()
    assert (second == 0.75).all()


def test_a_wipe_shows_all_of_both():
    first, second = torch.rand(2, 3, 4, 9)
    assert torch.equal(wipe(first, second, 1.0), first)
    assert torch.equal(wipe(first, second, 0.0), second)


def test_the_line_of_a_wipe_goes_to_and_fro():
    quarter = WIPE_SECONDS / 4
    assert [wipe_share(quarter * step) for step in range(5)] == [0.5, 1.0, 0.5, 0.0, 0.5]


@given(seconds=st.floats(0, 1e5))
def test_the_line_of_a_wipe_stays_in_the_picture(seconds):
    assert 0 <= wipe_share(seconds) <= 1


def test_a_difference_is_black_where_pictures_are_equal():
    first, second = torch.rand(2, 3, 4, 5)
    assert (difference(first, first, 4.0) == 0).all()
    assert torch.equal(difference(first, second, 3.0), difference(second, first, 3.0))
    shifted = first * 0.5 + 0.1
    assert torch.allclose(difference(first * 0.5, shifted, 4.0), torch.tensor(0.4))
    assert difference(first, second, 255.0).max() == 1
