"""The moving average of the weights."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from videogigagan.train.average import MovingAverage


def module(value: float) -> nn.Linear:
    made = nn.Linear(2, 1)
    nn.init.constant_(made.weight, value)
    nn.init.constant_(made.bias, value)
    return made


def value(average: MovingAverage) -> float:
    first, second = (p.flatten()[0].item() for p in average.module.parameters())
    assert first == pytest.approx(second)
    return first


def test_average_starts_as_a_copy() -> None:
    source = module(1.0)
    average = MovingAverage(source, 0.9)
    nn.init.zeros_(source.weight)
    assert value(average) == 1
    assert not average.module.training
    assert not any(p.requires_grad for p in average.module.parameters())
    assert source.training
    assert source.weight.requires_grad


@pytest.mark.parametrize(("step", "kept"), [(0, 0.1), (8, 0.5), (80, 0.9), (10_000, 0.9)])
def test_a_share_is_kept_that_grows_up_to_the_decay(step: int, kept: float) -> None:
    average = MovingAverage(module(1.0), 0.9)
    average.update(module(0.0), step)
    assert value(average) == pytest.approx(kept)


def test_average_of_what_stays_stays() -> None:
    average = MovingAverage(module(2.0), 0.9)
    for step in range(5):
        average.update(module(2.0), step)
    assert value(average) == 2


def test_average_approaches_and_lags_behind() -> None:
    average = MovingAverage(module(0.0), 0.99)
    seen = []
    for step in range(50):
        average.update(module(float(step)), step)
        seen.append(value(average))
    assert seen == sorted(seen)
    assert 25 < seen[-1] < 49


def test_average_learns_nothing() -> None:
    source = module(1.0)
    average = MovingAverage(source, 0.9)
    average.update(source, 0)
    average.module(torch.ones(1, 2))
    assert all(p.grad is None for p in source.parameters())
    assert_close(source.weight, torch.ones(1, 2))
