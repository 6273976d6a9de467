"""Memory and arithmetic are counted alike with values and without."""

from contextlib import nullcontext

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from videogigagan.ops.tally import Tally


@pytest.mark.parametrize("mode", [torch.enable_grad, torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("values", [True, False])
def test_arithmetic_is_counted_in_every_mode(mode, values) -> None:
    layers = nn.Conv2d(4, 8, 3, padding=1), nn.Linear(4, 5), nn.Conv1d(4, 8, 3)
    fake = nullcontext() if values else FakeTensorMode(allow_non_fake_inputs=True)
    with fake, Tally() as tally, mode():
        layers[0](torch.rand(2, 4, 10, 10))
        assert tally.flops == 2 * 200 * 8 * 4 * 9
        layers[1](torch.rand(7, 4))
        assert tally.flops == 2 * (200 * 8 * 4 * 9 + 7 * 4 * 5)
        layers[2](torch.rand(1, 4, 5))
        torch.rand(2, 3) @ torch.rand(3, 4)
    assert tally.flops == 2 * (200 * 8 * 4 * 9 + 7 * 4 * 5 + 3 * 8 * 4 * 3 + 2 * 3 * 4)


@pytest.mark.parametrize("values", [True, False])
def test_memory_is_what_lives(values) -> None:
    fake = nullcontext() if values else FakeTensorMode()
    with fake, Tally() as tally:
        kept = torch.ones(1000)
        for _ in range(3):
            torch.zeros(500)
        view = kept[:10]
        assert tally.now == 4000
        del kept
        assert tally.now == 4000
        del view
        assert tally.now == 0
    assert tally.peak == 6000


def test_a_value_that_is_not_there_is_one() -> None:
    with FakeTensorMode(), Tally():
        assert torch.rand(()).item() == 1.0
        assert bool(torch.isfinite(torch.rand(3)).all())
