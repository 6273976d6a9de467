"""Low-pass filter, bands, anti-aliased subsampling (Sec. 3.4, 3.5)."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from videogigagan.ops.filters import LowPass, gaussian_taps, subsample, windowed_tiles

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


@given(sigma=st.floats(0.3, 5), reach=st.integers(1, 20))
def test_gaussian_taps_add_up_to_one_and_are_symmetric(sigma: float, reach: int) -> None:
    taps = gaussian_taps(torch.arange(-reach, reach + 1, dtype=torch.float64), sigma)
    assert_close(taps.sum(), torch.ones_like(taps[0]))
    assert_close(taps, taps.flip(0))
    assert taps.argmax() == reach


def test_windowed_tiles_overlap_by_half_and_fade_out() -> None:
    tiles = windowed_tiles(torch.rand(2, 40, 24), 16)
    assert len(tiles) == 2 * 4 * 2
    assert tiles[:, 0].abs().max() == 0
    assert tiles[:, :, 0].abs().max() == 0


@given(value=st.floats(-10, 10, width=32), wave=st.integers(2, 6))
def test_power_of_windowed_tiles_is_the_variance(value: float, wave: int) -> None:
    places = torch.arange(16.0)
    plane = value + torch.cos(2 * torch.pi * wave * places / 16).expand(1, 16, 16)
    (tile,) = windowed_tiles(plane, 16)
    assert_close(tile.square().sum(), torch.tensor(0.5), atol=1e-3, rtol=0)
