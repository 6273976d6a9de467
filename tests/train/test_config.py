"""Settings of a run that make no sense are refused in one line."""

from pathlib import Path

import pytest

from videogigagan.errors import ConfigError
from videogigagan.train.config import LossWeights, TrainConfig


@pytest.mark.parametrize("field", ["steps", "clips", "frames", "crop", "save_every"])
def test_a_run_has_at_least_one_of_everything(field: str) -> None:
    with pytest.raises(ConfigError, match=r"^training: steps, clips, frames, crop and save_ev"):
        TrainConfig(run=Path(), cache=Path(), **{field: 0})


@pytest.mark.parametrize("average", [-0.1, 1.0, 1.5])
def test_the_average_forgets(average: float) -> None:
    with pytest.raises(ConfigError, match=rf"average must lie in \[0, 1\), not {average}\.$"):
        TrainConfig(run=Path(), cache=Path(), average=average)


def test_loss_weights_are_the_papers() -> None:
    assert LossWeights() == LossWeights(charbonnier=10.0, lpips=5.0)


@pytest.mark.parametrize("softening", [-0.1, 1.1])
def test_softening_is_a_share(softening: float) -> None:
    with pytest.raises(
        ConfigError, match=rf"softening must lie in \[0, 1\], not {softening}\.$"
    ):
        TrainConfig(run=Path(), cache=Path(), softening=softening)
