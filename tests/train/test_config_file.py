"""A run's configuration on disk."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from train_fakes import PLAIN, tiny

from videogigagan.data.settings import DataConfig, Weighted
from videogigagan.errors import ConfigError
from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import OptimiserConfig, StartConfig
from videogigagan.train.config_file import first_difference, load_config, save_config

CACHED = CacheConfig(folder="features")


def test_a_config_comes_back_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    cached = tiny(
        data=replace(CACHED, frames=2),
        optimiser=OptimiserConfig(gradient_norm=2.0),
        start=StartConfig(image="image.safetensors"),
    )
    material = DataConfig(frames=3, photos=(Weighted(path="photos", weight=2.0),))
    for config in (tiny(), cached, tiny(data=material), tiny("image")):
        save_config(config, path)
        assert load_config(path) == config
    assert [file.name for file in tmp_path.iterdir()] == ["config.json"]


@pytest.mark.catalogue("T50")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"momentum": 0.5}, "TrainConfig has no field 'momentum'"),
        ({"steps": "many"}, "expected int, found 'many'"),
        ({"steps": 0}, "training: steps must be at least 1, not 0."),
        ({"precision": "fp8"}, "'fp8' is not one of fp32, bf16"),
        ({"losses": {"lpips": -1}}, "losses: lpips must be at least 0, not -1.0."),
        ({"data": {"crop": 3, "colour": 1}}, "DataConfig has no field 'colour'"),
    ],
)
def test_a_file_that_is_no_config_is_one_line(
    tmp_path: Path, change: dict, reason: str
) -> None:
    path = tmp_path / "config.json"
    save_config(tiny(), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    message = f"{path}: is not the configuration of a run ({reason}). Mend it."
    assert str(caught.value) == message


def test_a_missing_or_broken_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    with pytest.raises(ConfigError, match=r"no such file\. Give a run's config\.json\.$"):
        load_config(path)
    path.write_text("{")
    with pytest.raises(ConfigError, match=r"is not the configuration of a run \(Expecting"):
        load_config(path)


def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path: Path) -> None:
    message = (
        r"none.config\.json: cannot be written \(No such file.*\)\. Choose another place\.$"
    )
    with pytest.raises(ConfigError, match=message):
        save_config(tiny(), tmp_path / "none" / "config.json")


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        ({}, {"losses": replace(PLAIN, lpips=1.0)}, "losses.lpips"),
        ({}, {"data": CACHED, "stage": "image"}, "stage"),
        ({}, {"optimiser": OptimiserConfig(betas=(0.9, 0.99))}, "optimiser.rate"),
        ({}, {"seed": 3}, "seed"),
        ({"optimiser": OptimiserConfig(schedule="cosine")},
         {"optimiser": OptimiserConfig(schedule="cosine"), "steps": 9}, "steps"),
    ],
)  # fmt: skip
def test_the_first_difference_is_named(one: dict, other: dict, name: str) -> None:
    assert first_difference(tiny(**one), tiny(**other)) == name


def test_what_changes_no_step_is_no_difference() -> None:
    config = tiny()
    other = replace(
        config,
        name="again",
        steps=99,
        save_every=7,
        sample_every=7,
        validate_every=7,
        checkpointing=True,
        data=replace(config.data, workers=5),
    )
    assert first_difference(config, other) is None
