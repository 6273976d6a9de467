"""PSNR by the benchmarks' protocol."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from videogigagan.evaluate.fidelity import eight_bit, luma, psnr_luma


def colour(red: float, green: float, blue: float) -> torch.Tensor:
    return torch.tensor([red, green, blue], dtype=torch.float32)[None, :, None, None].expand(
        2, 3, 4, 5
    )


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
