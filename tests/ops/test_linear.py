"""The equalised linear layer moves alike at every width."""

import pytest
import torch
from torch.testing import assert_close

from videogigagan.ops.linear import EqualisedLinear


@pytest.mark.parametrize("rate", [1.0, 0.01])
def test_fresh_layer_has_the_asked_mean_and_size(rate: float) -> None:
    torch.manual_seed(0)
    layer = EqualisedLinear(256, 4096, bias=1.0, gain=0.1, rate=rate)
    result = layer(torch.ones(1, 256))
    assert_close(result.mean().item(), 1.0, atol=0.02, rtol=0)
    assert_close(result.std().item(), 0.1, atol=0.01, rtol=0)


@pytest.mark.parametrize("rate", [1.0, 0.01])
def test_one_step_moves_the_result_in_proportion_to_the_rate_and_not_the_width(rate) -> None:
    moves = []
    for width in (16, 1024):
        torch.manual_seed(0)
        layer = EqualisedLinear(width, 1, rate=rate)
        x = torch.ones(1, width) / width**0.5
        before = layer(x)
        layer(x).sum().backward()
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.sub_(0.001 * parameter.grad.sign())  # what Adam does at first
        moves.append((layer(x) - before).abs().item() / rate)
    assert_close(moves[0], moves[1], atol=1e-4, rtol=0.05)


def test_gradients_reach_weight_and_bias() -> None:
    layer = EqualisedLinear(3, 2)
    layer(torch.ones(1, 3)).sum().backward()
    assert all(parameter.grad.abs().min() > 0 for parameter in layer.parameters())
