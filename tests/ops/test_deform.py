"""Deformable convolution (D14)."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from videogigagan.ops.deform import deformable_convolution

GROUPS, TAPS = 2, 9


def arguments() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {
        "x": torch.randn(2, 4, 5, 6, dtype=torch.float64),
        "offsets": 2 * torch.randn(2, 2 * GROUPS * TAPS, 5, 6, dtype=torch.float64),
        "mask": torch.rand(2, GROUPS * TAPS, 5, 6, dtype=torch.float64),
        "weight": torch.randn(3, 4, 3, 3, dtype=torch.float64),
        "bias": torch.randn(3, dtype=torch.float64),
    }


def sample(plane: torch.Tensor, y: float, x: float) -> float:
    """Bilinear, zeros outside, one position."""
    top, left = math.floor(y), math.floor(x)
    total = 0.0
    for row, column in itertools.product((top, top + 1), (left, left + 1)):
        if 0 <= row < plane.shape[0] and 0 <= column < plane.shape[1]:
            share = (1 - abs(y - row)) * (1 - abs(x - column))
            total += share * plane[row, column].item()
    return total


def naive(
    x: torch.Tensor,
    offsets: torch.Tensor,
    mask: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
) -> torch.Tensor:
    """The definition, one product at a time."""
    n, i, h, w = x.shape
    result = bias[None, :, None, None].repeat(n, 1, h, w)
    every = itertools.product(range(n), range(i), range(h), range(w), range(TAPS))
    for frame, channel, row, column, tap in every:
        index = channel // (i // GROUPS) * TAPS + tap
        dy, dx = offsets[frame, 2 * index : 2 * index + 2, row, column].tolist()
        y, across = row + tap // 3 - 1 + dy, column + tap % 3 - 1 + dx
        value = mask[frame, index, row, column] * sample(x[frame, channel], y, across)
        result[frame, :, row, column] += weight[:, channel, tap // 3, tap % 3] * value
    return result


def test_it_is_the_definition() -> None:
    given = arguments()
    assert_close(deformable_convolution(**given), naive(**given))


def test_zero_offsets_and_full_mask_are_a_plain_convolution() -> None:
    given = arguments()
    given["offsets"].zero_()
    given["mask"].fill_(1)
    plain = F.conv2d(given["x"], given["weight"], given["bias"], padding=1)
    assert_close(deformable_convolution(**given), plain)


def test_one_offset_for_all_taps_is_a_shift() -> None:
    given = arguments()
    given["mask"].fill_(1)
    given["offsets"].zero_()
    given["offsets"][:, 0::2] = 1  # dy
    plain = F.conv2d(given["x"], given["weight"], given["bias"], padding=1)
    assert_close(deformable_convolution(**given)[..., 1:-2, :], plain[..., 2:-1, :])


def test_empty_mask_leaves_the_bias() -> None:
    given = arguments()
    given["mask"].zero_()
    result = deformable_convolution(**given)
    assert_close(result, given["bias"][None, :, None, None].expand_as(result))


@pytest.mark.parametrize("name", ["x", "offsets", "mask", "weight", "bias"])
def test_everything_learns(name: str) -> None:
    given = arguments()
    given[name].requires_grad_()
    deformable_convolution(**given).square().sum().backward()
    gradient = given[name].grad
    assert gradient is not None
    assert gradient.any()
