"""Perceptual distances that a run learns by."""

from pathlib import Path

import pytest
import torch
from train_fakes import tiny

from videogigagan.errors import CheckpointError, ConfigError
from videogigagan.frozen.efficientnet import EfficientNetLite
from videogigagan.frozen.lpips import LPIPS
from videogigagan.train.config import LossWeights
from videogigagan.train.likeness import Likeness, load_likeness, untrained_likeness


def test_what_weighs_nothing_is_not_read() -> None:
    assert load_likeness(tiny(), None) == Likeness()
    assert untrained_likeness(tiny()) == Likeness()
    assert not list(Likeness().networks())


@pytest.mark.parametrize(
    ("losses", "named"),
    [
        (LossWeights(), r"LPIPS needs .* set losses\.lpips to nothing\."),
        (LossWeights(lpips=0.0, features=1.0), r"features need .* set losses\.features \("),
    ],
)
def test_a_distance_wants_its_weights(losses: LossWeights, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        load_likeness(tiny(losses=losses), None)


def test_both_are_read_from_one_folder(tmp_path: Path) -> None:
    config = tiny(losses=LossWeights(features=1.0), trunk="alex")
    state = LPIPS().state_dict()
    heads = {
        f"lin{key.split('.')[1]}.model.1.weight": state.pop(key)
        for key in list(state)
        if key.startswith("heads.")
    }
    torch.save(state | heads, tmp_path / "lpips_alex.pth")
    with pytest.raises(CheckpointError, match=r"efficientnet_lite0\.pth: no such file\."):
        load_likeness(config, tmp_path)
    torch.save(EfficientNetLite().state_dict(), tmp_path / "efficientnet_lite0.pth")
    both = list(load_likeness(config, tmp_path).networks())
    assert [type(network) for network in both] == [LPIPS, EfficientNetLite]
