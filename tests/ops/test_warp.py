"""Backward warping (Sec. 3.3)."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from videogigagan.ops.warp import backward_warp

sizes = st.integers(2, 12)
steps = st.integers(-3, 3)


def uniform(x: float, y: float, height: int, width: int) -> torch.Tensor:
    return torch.tensor([x, y], dtype=torch.float32)[None, :, None, None].expand(
        1, 2, height, width
    )


@given(height=sizes, width=sizes)
def test_zero_flow_is_the_identity(height: int, width: int) -> None:
    x = torch.randn(2, 3, height, width)
    assert_close(backward_warp(x, torch.zeros(2, 2, height, width)), x, atol=1e-5, rtol=0)


@given(height=sizes, width=sizes, right=steps, down=steps)
def test_integer_flow_is_a_shift(height: int, width: int, right: int, down: int) -> None:
    x = torch.randn(1, 2, height, width)
    expected = torch.zeros_like(x)
    for row in range(height):
        for column in range(width):
            if 0 <= row + down < height and 0 <= column + right < width:
                expected[..., row, column] = x[..., row + down, column + right]
    warped = backward_warp(x, uniform(right, down, height, width))
    assert_close(warped, expected, atol=1e-5, rtol=0)


def test_half_a_pixel_is_the_mean_of_two() -> None:
    x = torch.randn(1, 1, 5, 6)
    warped = backward_warp(x, uniform(0.5, 0, 5, 6))
    assert_close(warped[..., :-1], (x[..., :-1] + x[..., 1:]) / 2, atol=1e-5, rtol=0)


def test_border_padding_repeats_the_edge() -> None:
    x = torch.randn(1, 1, 5, 6)
    warped = backward_warp(x, uniform(-9, 0, 5, 6), padding="border")
    assert_close(warped, x[..., :1].expand_as(x), atol=1e-5, rtol=0)
    assert not backward_warp(x, uniform(-9, 0, 5, 6)).any()


def test_flow_learns() -> None:
    flow = torch.full((1, 2, 5, 6), 0.3, requires_grad=True)
    backward_warp(torch.randn(1, 1, 5, 6), flow).square().sum().backward()
    assert flow.grad is not None
    assert flow.grad.abs().min() >= 0
    assert flow.grad.any()
