"""Winograd's convolution is a convolution."""

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from videogigagan.ops.winograd import WinogradConvolution


@pytest.mark.parametrize(
    ("n", "i", "o", "h", "w"), [(1, 3, 5, 12, 16), (2, 4, 2, 7, 9), (1, 1, 1, 1, 1)]
)
def test_it_is_the_plain_convolution(n: int, i: int, o: int, h: int, w: int) -> None:
    """Exactly, but for rounding: also at borders, and where tiles stick out."""
    torch.manual_seed(0)
    x = torch.randn(n, i, h, w, dtype=torch.float64)
    kernel = torch.randn(o, i, 3, 3, dtype=torch.float64)
    assert_close(WinogradConvolution(kernel)(x), F.conv2d(x, kernel, padding=1))


def test_it_is_nearly_as_precise() -> None:
    torch.manual_seed(0)
    x, kernel = torch.randn(1, 64, 20, 24).relu(), torch.randn(32, 64, 3, 3) / 24
    exact = F.conv2d(x.double(), kernel.double(), padding=1)
    errors = [
        (found - exact).square().mean().sqrt()
        for found in (F.conv2d(x, kernel, padding=1), WinogradConvolution(kernel)(x))
    ]
    assert errors[1] < 5 * errors[0]


def test_channels_lie_last_in_memory() -> None:
    found = WinogradConvolution(torch.randn(5, 3, 3, 3))(torch.randn(1, 3, 8, 8))
    assert found.shape == (1, 5, 8, 8)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_later_changes_of_the_kernel_have_no_effect() -> None:
    kernel = torch.randn(2, 3, 3, 3)
    convolve, x = WinogradConvolution(kernel), torch.randn(1, 3, 8, 8)
    before = convolve(x)
    kernel.zero_()
    assert torch.equal(convolve(x), before)
