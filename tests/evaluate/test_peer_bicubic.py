"""Bicubic enlargement by MATLAB's rules."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from videogigagan.evaluate.peers.bicubic import matlab_bicubic


def weight(distance: float) -> float:
    """Keys' cubic kernel, a = -0.5."""
    x = abs(distance)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0


def test_one_pixel_becomes_the_kernel() -> None:
    point = torch.zeros(1, 3, 9, 9)
    point[:, :, 4, 4] = 1
    profile = [weight((index + 0.5) / 4 - 4.5) for index in range(36)]
    expected = torch.outer(torch.tensor(profile), torch.tensor(profile))
    assert_close(matlab_bicubic(point, 4), expected.expand(1, 3, 36, 36), atol=1e-5, rtol=0)


@given(height=st.integers(1, 9), width=st.integers(1, 9), factor=st.sampled_from([2, 4]))
def test_flat_pictures_stay_flat_to_the_border(height: int, width: int, factor: int) -> None:
    grey = torch.full((2, 3, height, width), 0.3)
    expected = torch.full((2, 3, factor * height, factor * width), 0.3)
    assert_close(matlab_bicubic(grey, factor), expected)


@pytest.mark.parametrize("axis", [-1, -2])
def test_the_border_is_a_mirror(axis: int) -> None:
    picture = torch.rand(1, 3, 6, 5, generator=torch.Generator().manual_seed(0))
    doubled = torch.cat((picture, picture.flip(axis)), dim=axis)
    half, _ = matlab_bicubic(doubled, 4).chunk(2, dim=axis)
    assert_close(matlab_bicubic(picture, 4), half)
