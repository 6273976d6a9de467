"""BI and BD degradation, against slow references in double precision."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from videogigagan.data.degrade import (
    bicubic_degradation,
    blur_degradation,
    crop_to_multiple,
)
from videogigagan.errors import ConfigError
from videogigagan.ops.resize import bicubic_downsample

BOTH = pytest.mark.parametrize("name", ["bi", "bd"])
SIZES = [(16, 12), (8, 4), (20, 28)]


DEGRADATIONS = {"bi": bicubic_degradation, "bd": blur_degradation}


def clip(seed: int = 0, height: int = 24, width: int = 16) -> torch.Tensor:
    """Two frames of noise on the levels of 8 bits."""
    levels = torch.randint(
        256, (2, 3, height, width), generator=torch.Generator().manual_seed(seed)
    )
    return levels.float() / 255


def cubic(x: float) -> float:
    x = abs(x)
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def imresize_rows(picture: np.ndarray, factor: int) -> np.ndarray:
    """MATLAB's imresize along the first axis: counts from 1, mirrors beyond the border."""
    size = len(picture)
    rows = []
    for row in range(1, size // factor + 1):
        centre = row * factor + 0.5 * (1 - factor)
        left = math.floor(centre - 2 * factor)
        places = range(left, left + 4 * factor + 2)
        weights = [cubic((centre - place) / factor) / factor for place in places]
        total = sum(weights)
        mirror = [*range(size), *range(size - 1, -1, -1)]
        rows.append(
            sum(
                weight / total * picture[mirror[(place - 1) % (2 * size)]]
                for weight, place in zip(weights, places, strict=True)
            )
        )
    return np.stack(rows)


def imresize(picture: np.ndarray, factor: int) -> np.ndarray:
    return imresize_rows(imresize_rows(picture, factor).T, factor).T


def blur_and_sample(picture: np.ndarray) -> np.ndarray:
    """The full two-dimensional kernel, its anchor (5, 5), at rows and columns 1, 5, 9, ..."""
    places = np.arange(12) - 5.5
    kernel = np.exp(-(places[:, None] ** 2 + places[None] ** 2) / (2 * 1.6**2))
    kernel /= kernel.sum()
    height, width = picture.shape
    small = np.zeros((height // 4, width // 4))
    for i, j in np.ndindex(small.shape):
        for k, m in np.ndindex(kernel.shape):
            row = min(max(1 + 4 * i + k - 5, 0), height - 1)
            column = min(max(1 + 4 * j + m - 5, 0), width - 1)
            small[i, j] += kernel[k, m] * picture[row, column]
    return small


@pytest.mark.catalogue("T63")
@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("factor", [2, 4])
def test_bicubic_reduction_is_matlabs(height: int, width: int, factor: int) -> None:
    large = clip(1, height, width)
    pictures = large.double().flatten(0, 1)
    exact = torch.from_numpy(np.stack([imresize(p.numpy(), factor) for p in pictures]))
    assert_close(
        bicubic_downsample(large.double(), factor).flatten(0, 1), exact, atol=1e-6, rtol=0
    )
    levels = (bicubic_degradation(large, factor) * 255).round().flatten(0, 1)
    assert torch.equal(levels.double(), (exact.clamp(0, 1) * 255).round())


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_blur_is_the_protocols(height: int, width: int) -> None:
    large = clip(2, height, width)
    exact = np.stack([blur_and_sample(p.numpy()) for p in large.double().flatten(0, 1)])
    levels = (blur_degradation(large) * 255).round().flatten(0, 1)
    assert torch.equal(levels.double(), torch.from_numpy(np.floor(exact * 255 + 0.5)))


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


@BOTH
@given(level=st.integers(0, 255))
def test_flat_pictures_keep_their_level(name: str, level: int) -> None:
    flat = torch.full((3, 16, 16), level / 255)
    assert_close(DEGRADATIONS[name](flat), flat[:, :4, :4])


@BOTH
@given(seed=st.integers(0, 2**31))
def test_samples_lie_at_the_centres_of_blocks(name: str, seed: int) -> None:
    large, degrade = clip(seed), DEGRADATIONS[name]
    for axes in ([-1], [-2], [-1, -2]):
        assert_close(degrade(large.flip(axes)), degrade(large).flip(axes))


@BOTH
def test_a_centred_shape_stays_centred(name: str) -> None:
    large = torch.zeros(3, 32, 24)
    large[:, 12:20, 8:16] = 1
    small = DEGRADATIONS[name](large)[0]
    places = torch.stack(torch.meshgrid(torch.arange(8.0), torch.arange(6.0), indexing="ij"))
    centre = (small * places).sum(dim=(1, 2)) / small.sum()
    assert_close(centre, torch.tensor([3.5, 2.5]))


def test_blurring_continues_the_border() -> None:
    large = clip(3)
    wider = torch.nn.functional.pad(large, (8, 8, 8, 8), mode="replicate")
    assert_close(blur_degradation(wider)[..., 2:-2, 2:-2], blur_degradation(large))


def test_halves_are_rounded_up_by_the_blur() -> None:
    half = torch.full((3, 8, 8), 100.5 / 255, dtype=torch.float64)
    assert_close(blur_degradation(half) * 255, torch.full_like(half[:, :2, :2], 101))


def test_overshoot_is_clipped() -> None:
    edge = torch.zeros(3, 32, 32)
    edge[..., 16:] = 1
    assert bicubic_downsample(edge, 4).min() < 0
    small = bicubic_degradation(edge)
    assert small.min() == 0
    assert small.max() == 1


@BOTH
def test_precision_and_leading_axes_are_kept(name: str) -> None:
    frames = clip()[:, None].expand(2, 5, 3, 24, 16)
    small = DEGRADATIONS[name](frames)
    assert small.dtype == torch.float32
    assert small.shape == (2, 5, 3, 6, 4)
    assert torch.equal(small[1, 2], DEGRADATIONS[name](clip()[1]))


def test_blur_reduces_by_four_only() -> None:
    with pytest.raises(ConfigError, match=r"bd: is defined for a reduction by 4 only \(2 was"):
        blur_degradation(clip(), 2)


def test_crop_drops_what_fills_no_block() -> None:
    frames = torch.arange(3 * 7 * 9.0).reshape(3, 7, 9)
    assert torch.equal(crop_to_multiple(frames), frames[:, :4, :8])
    assert torch.equal(crop_to_multiple(frames, 3), frames[:, :6, :9])
