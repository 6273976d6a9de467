"""Bicubic reduction as MATLAB's, padding (D3)."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from videogigagan.ops.resize import (
    bicubic_downsample,
    bicubic_upsample,
    bilinear_upsample,
    pad_to_multiple,
    resize,
    symmetric_pad,
)

sides = st.integers(1, 60)


def cubic(distance: np.ndarray) -> np.ndarray:
    """Keys' kernel, a = -0.5."""
    d = np.abs(distance)
    near = 1.5 * d**3 - 2.5 * d**2 + 1
    far = -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return np.where(d <= 1, near, np.where(d < 2, far, 0))


def reduction(size: int, factor: int) -> np.ndarray:
    """Rows of weights over the inputs of one axis, mirrored at the border."""
    matrix = np.zeros((size // factor, size))
    for row in range(size // factor):
        centre = (row + 0.5) * factor - 0.5
        taps = np.arange(int(centre) - 3 * factor, int(centre) + 3 * factor + 2)
        weights = cubic((taps - centre) / factor)
        for tap, weight in zip(taps, weights / weights.sum(), strict=True):
            around = tap % (2 * size)
            matrix[row, around if around < size else 2 * size - 1 - around] += weight
    return matrix


@pytest.mark.catalogue("T63")
@given(rows=st.integers(1, 6), columns=st.integers(1, 6), factor=st.sampled_from([2, 3, 4, 8]))
def test_reduction_is_matlabs(rows: int, columns: int, factor: int) -> None:
    height, width = rows * factor, columns * factor
    x = torch.randn(2, 3, height, width, dtype=torch.float64)
    down, across = (torch.from_numpy(reduction(side, factor)) for side in (height, width))
    assert_close(bicubic_downsample(x, factor), down @ x @ across.T, atol=1e-6, rtol=0)


def test_reduction_takes_any_leading_axes() -> None:
    x = torch.rand(2, 3, 3, 8, 8)
    assert_close(bicubic_downsample(x, 4)[1, 2], bicubic_downsample(x[1, 2], 4))


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_resizing_by_a_whole_number_is_the_reduction_away_from_the_border(factor: int) -> None:
    x = torch.rand(3, 12 * factor, 14 * factor, dtype=torch.float64)
    inside = (..., slice(3, -3), slice(3, -3))
    reduced = bicubic_downsample(x[None], factor)[0]
    assert_close(resize(x, (12, 14))[inside], reduced[inside])


@given(h=st.integers(1, 30), w=st.integers(1, 30), height=sides, width=sides)
def test_resizing_keeps_a_flat_picture(h: int, w: int, height: int, width: int) -> None:
    x = torch.full((2, 3, h, w), 0.25)
    assert_close(resize(x, (height, width)), torch.full((2, 3, height, width), 0.25))


def test_resizing_to_the_same_size_changes_nothing() -> None:
    x = torch.rand(3, 5, 6)
    assert resize(x, (5, 6)) is x


def test_resizing_does_not_alias() -> None:
    """A checkerboard becomes grey, not a coarser pattern."""
    rows, columns = torch.meshgrid(torch.arange(48), torch.arange(48), indexing="ij")
    board = ((rows + columns) % 2).float().expand(3, 48, 48)
    assert (resize(board, (20, 20))[..., 3:-3, 3:-3] - 0.5).abs().max() < 0.02


@given(
    h=st.integers(1, 40),
    w=st.integers(1, 40),
    multiple=st.sampled_from([1, 8]),
    minimum=st.sampled_from([1, 16]),
)
def test_padding_reaches_the_multiple_and_keeps_the_picture(
    h: int, w: int, multiple: int, minimum: int
) -> None:
    x = torch.rand(1, 1, h, w)
    padded = pad_to_multiple(x, multiple, minimum)
    for side, before in zip(padded.shape[-2:], (h, w), strict=True):
        assert side % multiple == 0
        assert max(before, minimum) <= side < max(before, minimum) + multiple
    assert_close(padded[..., :h, :w], x)


def test_padding_reflects() -> None:
    x = torch.tensor([[0.0, 1.0, 2.0]])[None, None]
    assert pad_to_multiple(x, 8, 1)[0, 0, 0].tolist() == [0, 1, 2, 1, 0, 1, 2, 1]


def test_symmetric_padding_repeats_the_edge() -> None:
    x = torch.tensor([[0.0, 1.0, 2.0]])[None, None]
    assert symmetric_pad(x, 4)[0, 0, 0].tolist() == [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0]


@pytest.mark.parametrize("enlarge", [bicubic_upsample, bilinear_upsample])
def test_enlarging_keeps_a_flat_picture(enlarge) -> None:
    x = torch.full((1, 3, 4, 5), 0.25)
    assert_close(enlarge(x, 4), torch.full((1, 3, 16, 20), 0.25))


def test_bilinear_leaves_no_checkerboard() -> None:
    """A ramp stays a ramp away from the border."""
    x = torch.arange(6.0).expand(1, 1, 6, 6)
    steps = bilinear_upsample(x).diff(dim=-1)[..., 1:-1]
    assert_close(steps, torch.full_like(steps, 0.5))
