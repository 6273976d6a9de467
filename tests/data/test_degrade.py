"""BI degradation."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from videogigagan.data.degrade import bicubic_degradation
from videogigagan.ops.resize import bicubic_downsample


def clip(seed: int = 0) -> torch.Tensor:
    return torch.rand(2, 3, 24, 16, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_size(factor: int) -> None:
    assert bicubic_degradation(clip(), factor).shape == (2, 3, 24 // factor, 16 // factor)


@given(seed=st.integers(0, 2**31))
def test_result_is_the_reduction_in_eight_bits(seed: int) -> None:
    small = bicubic_degradation(clip(seed))
    levels = small * 255
    assert_close(levels, levels.round(), atol=1e-4, rtol=0)
    exact = bicubic_downsample(clip(seed).double(), 4).clamp(0, 1)
    assert (small - exact).abs().max() <= 0.5 / 255 + 1e-6


@given(level=st.integers(0, 255))
def test_flat_pictures_keep_their_level(level: int) -> None:
    flat = torch.full((3, 16, 16), level / 255)
    assert_close(bicubic_degradation(flat), flat[:, :4, :4])


def test_overshoot_is_clipped() -> None:
    edge = torch.zeros(3, 32, 32)
    edge[..., 16:] = 1
    assert bicubic_downsample(edge, 4).min() < 0
    small = bicubic_degradation(edge)
    assert small.min() == 0
    assert small.max() == 1


def test_precision_and_leading_axes_are_kept() -> None:
    assert bicubic_degradation(torch.rand(2, 5, 3, 8, 8)).dtype == torch.float32
    assert bicubic_degradation(torch.rand(2, 5, 3, 8, 8)).shape == (2, 5, 3, 2, 2)
