"""Plain residual blocks."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from videogigagan.ops.initialise import zeroed
from videogigagan.ops.residual import ResidualBlock, ResidualStack, blocks_in_bf16


def test_block_without_its_second_convolution_is_the_identity() -> None:
    block, x = ResidualBlock(4), torch.randn(2, 4, 5, 6)
    zeroed(block.conv2)
    assert_close(block(x), x)


def test_stack_without_blocks_is_its_entry() -> None:
    stack, x = ResidualStack(3, 4, 0), torch.randn(2, 3, 5, 6)
    assert_close(stack(x), F.leaky_relu(stack.entry(x), 0.1))


def test_under_autocast_the_sum_keeps_its_precision() -> None:
    """The convolutions are rounded; what they are added to, over many blocks, is not."""
    stack, x = ResidualStack(3, 4, 6), torch.randn(2, 3, 5, 6)
    for block in stack.blocks:
        zeroed(block.conv2)
    with torch.autocast("cpu", torch.bfloat16):
        result, entry = stack(x), stack.entry(x)
    assert entry.dtype == torch.bfloat16
    assert result.dtype == torch.float32
    assert_close(result, F.leaky_relu(entry, 0.1).float())


@pytest.mark.parametrize(("silent", "exact"), [(slice(3, None), True), (slice(3), False)])
def test_first_blocks_are_never_rounded(silent: slice, *, exact: bool) -> None:
    """What they add is most of a state, so their rounding would be felt most."""
    full, x = ResidualStack(3, 4, 6), torch.randn(2, 3, 5, 6)
    for block in full.blocks[silent]:
        zeroed(block.conv2)
    half = copy.deepcopy(full)
    blocks_in_bf16(half)
    assert torch.equal(half(x), full(x)) == exact


def test_reach_grows_by_two_pixels_per_block() -> None:
    """A change in the middle is felt 1 pixel away by the entry and 2 more by each block."""
    stack, x = ResidualStack(3, 4, 2), torch.zeros(1, 3, 21, 21)
    touched = x.clone()
    touched[..., 10, 10] = 100
    changed = (stack(touched) != stack(x)).any(dim=1)[0].nonzero()
    assert changed.min() == 5
    assert changed.max() == 15
