"""Tiles: they cover a frame, and together they are the frame again."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from videogigagan.upscale.tiles import OVERLAP, SMALLEST, tiles

sides = st.integers(1, 400)
sizes = st.integers(SMALLEST, 300)


@pytest.mark.catalogue("T22")
@given(height=sides, width=sides, most=sizes, scale=st.sampled_from((1, 2, 4)))
def test_every_pixel_is_covered_and_all_its_shares_are_one(
    height: int, width: int, most: int, scale: int
) -> None:
    whole = torch.zeros(1, scale * height, scale * width)
    for tile in tiles(height, width, most):
        rows, columns = (s.stop - s.start for s in (tile.rows, tile.columns))
        assert max(rows, columns) <= most
        tile.add(torch.ones(1, scale * rows, scale * columns), whole, scale)
    assert_close(whole, torch.ones_like(whole))


@given(height=sides, width=sides, most=sizes)
def test_cutting_and_joining_changes_nothing(height: int, width: int, most: int) -> None:
    frame = torch.arange(height * width, dtype=torch.float32).view(1, height, width)
    whole = torch.zeros_like(frame)
    for tile in tiles(height, width, most):
        tile.add(tile.of(frame), whole)
    assert_close(whole, frame)


@given(height=sides, width=sides, most=sizes)
def test_tiles_begin_where_coarse_pixels_do_and_are_wider_than_what_they_share(
    height: int, width: int, most: int
) -> None:
    for tile in tiles(height, width, most):
        for span, length in ((tile.rows, height), (tile.columns, width)):
            assert span.start % OVERLAP == 0
            assert span.stop - span.start > (OVERLAP if length > most else 0)


def test_the_end_of_a_tile_does_not_count() -> None:
    """It knows least: what lies beyond it would have changed it."""
    first, second = tiles(10, 192, 128)
    assert (first.columns.stop, second.columns.start) == (128, 64)
    weights = first.columns.weights(4)
    assert (weights[-OVERLAP:] == 0).all()
    assert (weights[: 5 * OVERLAP] == 1).all()


def test_a_frame_that_is_small_enough_is_one_tile() -> None:
    assert len(tiles(SMALLEST, SMALLEST, SMALLEST)) == 1
    assert len(tiles(1000, 2000, 0)) == 1
