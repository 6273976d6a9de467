"""A block that forgets computes the same, twice differentiated too."""

import pytest
import torch
from torch import Tensor, nn

from videogigagan.ops.recompute import Forgetful, recompute


class Counted(Forgetful):
    """Counts how often it computes."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.times = 0

    def forward(self, x: Tensor) -> Tensor:
        self.times += 1
        return self.layer(x).tanh()


def gradients(block: Counted, *, on: bool) -> list[Tensor]:
    """First and second derivatives."""
    torch.manual_seed(0)
    x = torch.rand(2, 3, requires_grad=True)
    recompute(block, on=on)
    block.zero_grad()
    (slope,) = torch.autograd.grad(block(x).sum(), x, create_graph=True)
    slope.square().sum().backward()
    return [slope.detach(), *(p.grad for p in block.parameters() if p.grad is not None)]


def test_forgetting_changes_no_derivative() -> None:
    block = Counted()
    for one, other in zip(gradients(block, on=False), gradients(block, on=True), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(("on", "times"), [(False, 1), (True, 2)])
def test_a_block_that_forgets_computes_again_on_the_way_back(on: bool, times: int) -> None:
    block = Counted()
    recompute(nn.Sequential(block), on=on)
    block(torch.rand(2, 3)).sum().backward()
    assert block.times == times


def test_without_a_way_back_there_is_nothing_to_forget() -> None:
    block = Counted()
    recompute(block, on=True)
    with torch.no_grad():
        block(torch.rand(2, 3))
    assert block.times == 1


def test_names_of_weights_stay() -> None:
    block = Counted()
    before = list(block.state_dict())
    recompute(block, on=True)
    assert list(block.state_dict()) == before
