"""The synthesis block that encoder and decoder share (Sec. 3.1)."""

import torch
from torch.testing import assert_close

from videogigagan.model.block import SynthesisBlock, synthesis_blocks
from videogigagan.ops.style import Style

STYLE = Style(vector=torch.ones(1, 6))


def block(wide: int, narrow: int) -> SynthesisBlock:
    torch.manual_seed(0)
    return SynthesisBlock(wide, narrow, filters=2, style_dim=6)


@torch.no_grad()
def test_a_silent_block_of_one_width_is_the_identity() -> None:
    made, x = block(5, 5), torch.randn(2, 5, 4, 6)
    made.second.bank.zero_()
    assert torch.equal(made(x, STYLE), x)


@torch.no_grad()
def test_a_silent_block_that_changes_the_width_is_silent() -> None:
    made, x = block(5, 3), torch.randn(2, 5, 4, 6)
    made.second.bank.zero_()
    assert not made(x, STYLE).any()
    assert made(x, STYLE).shape == (2, 3, 4, 6)


@torch.no_grad()
def test_skip_joins_between_the_convolutions() -> None:
    made, x, skip = block(5, 5), torch.randn(2, 5, 4, 6), torch.randn(2, 5, 4, 6)
    between = made.first(x, STYLE) + skip
    assert_close(made(x, STYLE, skip), x + 0.4 * made.second(between, STYLE))


@torch.no_grad()
def test_no_skip_is_a_skip_of_zeros() -> None:
    made, x = block(5, 3), torch.randn(2, 5, 4, 6)
    assert_close(made(x, STYLE), made(x, STYLE, torch.zeros(2, 3, 4, 6)))


@torch.no_grad()
def test_input_and_skip_are_left_alone() -> None:
    """The activation works in place, on tensors of its own only."""
    made, x, skip = block(5, 5), torch.randn(2, 5, 4, 6), torch.randn(2, 5, 4, 6)
    before = x.clone(), skip.clone()
    made(x, STYLE, skip)
    assert torch.equal(x, before[0])
    assert torch.equal(skip, before[1])


def test_the_first_block_of_a_row_changes_the_width() -> None:
    made = synthesis_blocks(5, 3, blocks=3, filters=4, style_dim=6)
    assert [len(b.get_submodule("first").bias) for b in made] == [3, 3, 3]
    assert [b.keeps_width for b in made] == [False, True, True]
    assert all(b.get_submodule("second").bank.shape == (4, 3, 3, 3, 3) for b in made)
