"""PSNR and SSIM by the benchmarks' protocol."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from videogigagan.errors import DataError
from videogigagan.evaluate.fidelity import (
    eight_bit,
    luma,
    psnr_luma,
    psnr_rgb,
    ssim_luma,
    ssim_rgb,
)

FIGURES = [psnr_luma, psnr_rgb, ssim_luma, ssim_rgb]


def colour(red: float, green: float, blue: float) -> torch.Tensor:
    return torch.tensor([red, green, blue], dtype=torch.float32)[None, :, None, None].expand(
        2, 3, 4, 5
    )


@pytest.mark.catalogue("T62")
@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((0, 0, 0), 16),
        ((1, 1, 1), 235),
        ((1, 0, 0), 81.481),
        ((0, 1, 0), 144.553),
        ((0, 0, 1), 40.966),
    ],
)
def test_luma_is_bt601_in_studio_range(rgb: tuple[float, ...], expected: float) -> None:
    picture = colour(*rgb)
    assert_close(luma(picture), torch.full((2, 4, 5), float(expected)), atol=1e-3, rtol=0)


@pytest.mark.catalogue("T62")
@given(steps=st.integers(1, 200))
def test_uniform_error_has_the_psnr_of_the_formula(steps: int) -> None:
    """Grey brighter by k of 255 levels is k·219/255 of luma away."""
    dark, bright = colour(0, 0, 0), colour(*[steps / 255] * 3)
    expected = 20 * math.log10(255 / (steps * 219 / 255))
    assert_close(psnr_luma(bright, dark), torch.full((2,), expected), atol=1e-3, rtol=0)


def test_equal_frames_are_infinitely_good() -> None:
    assert psnr_luma(colour(0.2, 0.4, 0.6), colour(0.2, 0.4, 0.6)).isinf().all()


def test_worst_case() -> None:
    expected = 20 * math.log10(255 / 219)
    assert_close(psnr_luma(colour(0, 0, 0), colour(1, 1, 1)), torch.full((2,), expected))


def test_frames_are_judged_one_by_one() -> None:
    truth = torch.rand(3, 3, 8, 8)
    result = truth + torch.tensor([0.01, 0.05, 0.1])[:, None, None, None] * torch.randn(
        3, 3, 8, 8
    )
    scores = psnr_luma(result, truth)
    assert scores[0] > scores[1] > scores[2]
    assert_close(scores[1:2], psnr_luma(result[1:2], truth[1:2]))


def test_only_what_a_file_can_hold_is_judged() -> None:
    black, white = colour(0, 0, 0), colour(1, 1, 1)
    assert_close(psnr_luma(colour(1.5, 1.2, 9), black), psnr_luma(white, black))
    grey, same = colour(0.2, 0.2, 0.2), colour(0.2, 0.2, 0.2 + 0.4 / 255)
    assert psnr_luma(grey, same).isinf().all()


def test_eight_bits() -> None:
    levels = eight_bit(torch.linspace(-1, 2, 3 * 5000).reshape(1, 3, 50, 100)) * 255
    assert_close(levels, levels.round())
    assert levels.unique().numel() == 256


def pictures(
    count: int, height: int = 16, width: int = 19
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random frames of 8 bits, and the same with noise."""
    generator = torch.Generator().manual_seed(0)
    truth = torch.rand(count, 3, height, width, generator=generator)
    noise = torch.randn(count, 3, height, width, generator=generator)
    return eight_bit(truth + 0.1 * noise), eight_bit(truth)


def slow_ssim(first: np.ndarray, second: np.ndarray) -> float:
    """SSIM of one channel in [0, 255], window by window, by the definition."""
    steps = np.arange(-5, 6)
    weights = np.exp(-(steps[:, None] ** 2 + steps**2) / (2 * 1.5**2))
    weights /= weights.sum()
    scores = []
    for row in range(first.shape[0] - 10):
        for column in range(first.shape[1] - 10):
            a = first[row : row + 11, column : column + 11]
            b = second[row : row + 11, column : column + 11]
            mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
            variance_a = (weights * (a - mean_a) ** 2).sum()
            variance_b = (weights * (b - mean_b) ** 2).sum()
            covariance = (weights * (a - mean_a) * (b - mean_b)).sum()
            brightness = (2 * mean_a * mean_b + 6.5025) / (mean_a**2 + mean_b**2 + 6.5025)
            rest = (2 * covariance + 58.5225) / (variance_a + variance_b + 58.5225)
            scores.append(brightness * rest)
    return float(np.mean(scores))


@pytest.mark.catalogue("T62")
def test_ssim_of_luma_agrees_with_the_definition() -> None:
    result, truth = pictures(2)
    expected = [
        slow_ssim(luma(a).double().numpy(), luma(b).double().numpy())
        for a, b in zip(result, truth, strict=True)
    ]
    assert_close(ssim_luma(result, truth).tolist(), expected, atol=1e-6, rtol=0)


def test_ssim_of_rgb_is_the_mean_over_colours() -> None:
    result, truth = pictures(1)
    channels = zip(
        255 * result[0].double().numpy(), 255 * truth[0].double().numpy(), strict=True
    )
    expected = float(np.mean([slow_ssim(a, b) for a, b in channels]))
    assert_close(ssim_rgb(result, truth).tolist(), [expected], atol=1e-6, rtol=0)


def test_ssim_of_equal_frames_is_one() -> None:
    _, truth = pictures(2)
    assert_close(ssim_luma(truth, truth), torch.ones(2))
    assert_close(ssim_rgb(truth, truth), torch.ones(2))


@given(steps=st.integers(1, 255))
def test_psnr_of_rgb_counts_all_colours_alike(steps: int) -> None:
    """Red brighter by k of 255 levels is an error of k in a third of the values."""
    black, red = colour(0, 0, 0), colour(steps / 255, 0, 0)
    expected = 20 * math.log10(255 / (steps / math.sqrt(3)))
    assert_close(psnr_rgb(red, black), torch.full((2,), expected), atol=1e-3, rtol=0)


@pytest.mark.catalogue("T62")
@pytest.mark.parametrize("figure", FIGURES)
def test_border_does_not_count(figure: Callable) -> None:
    result, truth = pictures(2, 21, 23)
    expected = figure(result[..., 4:-4, 4:-4], truth[..., 4:-4, 4:-4])
    assert_close(figure(result, truth, border=4), expected)
    result[..., :4, :] = 0
    assert_close(figure(result, truth, border=4), expected)


@pytest.mark.parametrize("figure", FIGURES)
def test_frames_of_another_size_are_refused(figure: Callable) -> None:
    result, truth = pictures(3)
    with pytest.raises(DataError, match=r"3 frames of 19x16 against 3 frames of 18x16"):
        figure(result, truth[..., :18])
    with pytest.raises(DataError, match="2 frames of 19x16 against 3 frames of 19x16"):
        figure(result[:2], truth)


@pytest.mark.parametrize("figure", FIGURES)
def test_a_border_must_leave_something(figure: Callable) -> None:
    result, truth = pictures(1)
    with pytest.raises(DataError, match=r"too small for a border of 8 pixels \(19x16\)"):
        figure(result, truth, border=8)


@pytest.mark.parametrize("figure", [ssim_luma, ssim_rgb])
def test_ssim_needs_a_window(figure: Callable) -> None:
    result, truth = pictures(1, 10, 19)
    with pytest.raises(DataError, match=r"too small for SSIM \(19x10\)"):
        figure(result, truth)
