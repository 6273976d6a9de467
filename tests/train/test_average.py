"""The moving average of the weights."""

import pytest
import torch
from torch import nn

from videogigagan.train.average import MovingAverage


def module(value: float) -> nn.Linear:
    made = nn.Linear(2, 1)
    nn.init.constant_(made.weight, value)
    nn.init.constant_(made.bias, value)
    return made


def value(average: MovingAverage) -> float:
    first, second = (mean.flatten()[0].item() for mean in average.values.values())
    assert first == pytest.approx(second)
    return first


def test_average_starts_as_a_copy() -> None:
    source = module(1.0)
    average = MovingAverage(source, 0.9)
    nn.init.zeros_(source.weight)
    assert value(average) == 1
    assert not any(mean.requires_grad for mean in average.values.values())
    assert set(average.values) == {"weight", "bias"}


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


def test_average_comes_back_and_fits_its_network_alone() -> None:
    average, other = MovingAverage(module(1.0), 0.9), MovingAverage(module(0.0), 0.9)
    other.restore(average.gathered(keep=True))
    assert value(other) == 1
    assert average.gathered(keep=False) == {}
    with pytest.raises(KeyError, match="1 tensors differ, first 'weight'"):
        other.restore({"weight": torch.ones(1, 3), "bias": torch.ones(1)})
