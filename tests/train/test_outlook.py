"""What a dry run says."""

from dataclasses import replace

import pytest
from looking_on import photo_folder
from train_fakes import tiny

from videogigagan.data.settings import DataConfig, Weighted
from videogigagan.errors import DataError
from videogigagan.train.cache import CacheConfig
from videogigagan.train.estimate import Estimate
from videogigagan.train.outlook import describe, found_data, inventory

ESTIMATE = Estimate(
    generator=369_000_000,
    discriminator=176_000_000,
    memory=60 * 2**30,
    held=9 * 2**30,
    flops=70 * 10**12,
    penalty_flops=32 * 10**12,
)


def test_networks_memory_arithmetic_and_steps_are_told() -> None:
    config = replace(tiny("video"), batch=32, micro_batch=1, steps=1000, r1_every=16)
    text = describe(config, ESTIMATE, ["photos: 5 to learn from, 1 held out, weight 1"])
    lines = dict(line.split("  ", 1) for line in text.splitlines())
    told = {name: text.strip() for name, text in lines.items()}
    assert told["generator"] == "369,000,000 parameters"
    assert told["steps"] == "1,000 of 32 clips, 1 at a time"
    assert told["clips"] == "2 frames of 16x16, enlarged to 64x64"
    assert told["memory"].startswith("60.00 GiB on one device (fp32), 9.00 GiB of it")
    assert told["arithmetic"] == "2.3 PFLOP for a step, 2.3 EFLOP for the run"
    assert told["data"].startswith("photos: 5")


def test_every_folder_is_counted(tmp_path) -> None:
    photos = photo_folder(tmp_path / "photos")
    data = DataConfig(photos=(Weighted(path=str(photos), weight=2.0),), held_out=0.3)
    (found,) = inventory(data)
    assert found.learnt + found.held_out == len(list(photos.iterdir()))
    assert found.held_out >= 1
    (line,) = found_data(replace(tiny("video"), data=data))
    assert line.endswith("held out, weight 2")


def test_no_data_and_cached_features_are_told_too(tmp_path) -> None:
    photos = photo_folder(tmp_path / "photos")
    assert found_data(tiny("video")) == ["none named yet"]
    (tmp_path / "000000.safetensors").touch()
    cached = replace(tiny("video"), data=CacheConfig(folder=str(tmp_path), frames=2))
    assert found_data(cached) == [f"{tmp_path}: 1 clips with features"]
    nothing = DataConfig(photos=(Weighted(path=str(photos)),), held_out=0.0)
    assert inventory(nothing)[0].held_out == 0
    with pytest.raises(DataError, match="no such folder"):
        inventory(DataConfig(photos=(Weighted(path=str(tmp_path / "none")),)))
