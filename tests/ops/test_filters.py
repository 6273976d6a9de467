"""Low-pass filter, bands, anti-aliased subsampling (Sec. 3.4, 3.5)."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from videogigagan.ops.filters import LowPass, subsample

sizes = st.integers(3, 20)


@given(height=sizes, width=sizes, seed=st.integers(0, 2**31))
def test_bands_add_up_to_the_input(height: int, width: int, seed: int) -> None:
    x = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(seed))
    bands = LowPass().split(x)
    assert_close(bands.low + bands.high, x)


@given(height=sizes, width=sizes, value=st.floats(-10, 10, width=32))
def test_flat_picture_is_all_low_up_to_the_border(
    height: int, width: int, value: float
) -> None:
    x = torch.full((1, 2, height, width), value)
    assert_close(LowPass()(x), x)


def test_filter_is_the_papers() -> None:
    impulse = torch.zeros(1, 1, 9, 9)
    impulse[..., 4, 4] = 256
    taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0])
    assert_close(LowPass()(impulse)[0, 0, 2:7, 2:7], torch.outer(taps, taps))


@pytest.mark.parametrize("phase", [0, 1])
def test_checkerboard_is_removed_rather_than_aliased(phase: int) -> None:
    x = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).tile(8, 8).roll(phase, 0)[None, None]
    assert subsample(LowPass()(x)).abs().max() < 1e-6
    assert subsample(x).abs().min() == 1  # plain striding keeps it as a flat field


def test_channels_do_not_mix() -> None:
    x = torch.randn(1, 3, 8, 8)
    each = [LowPass()(x[:, channel : channel + 1]) for channel in range(3)]
    assert_close(LowPass()(x), torch.cat(each, dim=1))


def test_taps_stay_out_of_checkpoints() -> None:
    assert LowPass().state_dict() == {}


def test_precision_of_the_input_is_kept() -> None:
    assert LowPass()(torch.rand(1, 1, 4, 4, dtype=torch.float64)).dtype == torch.float64
