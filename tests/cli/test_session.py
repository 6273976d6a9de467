"""Who looks on at a run before a person's eyes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from videogigagan.cli.session import observers
from videogigagan.cli.steps import StepLine
from videogigagan.cli.training_options import Machine
from videogigagan.data.settings import Weighted, held_out
from videogigagan.model.generator import Generator
from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import TrainConfig
from videogigagan.train.journal import Journal, read_journal
from videogigagan.train.observe import RunView
from videogigagan.train.provenance import Provenance
from videogigagan.train.recipes import recipe
from videogigagan.train.samples import Samples
from videogigagan.train.validation import Validation


def view(config: TrainConfig, folder: Path, step: int) -> RunView:
    return RunView(
        config=config,
        folder=folder,
        step=step,
        generator=Generator(config.generator).eval(),
        device=torch.device("cpu"),
        ranks=1,
    )


def learning_from(photos: Path, held_out: float) -> TrainConfig:
    config = recipe("tiny", "image")
    data = replace(config.data, photos=(Weighted(path=str(photos)),), held_out=held_out)
    return replace(config, data=data)


def test_a_damaged_file_among_those_that_judge_is_named_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(4):
        noise = np.random.default_rng(number).integers(0, 256, (80, 80, 3), np.uint8)
        Image.fromarray(noise).save(photos / f"{number}.png")
    judging = held_out([f"{number}.png" for number in range(4)], 0.6)
    assert len(judging) > 1
    (photos / min(judging)).write_bytes(b"no picture")
    config, line = learning_from(photos, 0.6), StepLine(1)
    onlookers = observers(config, Machine(), line)
    assert [type(one) for one in onlookers] == [Provenance, Journal, Samples, Validation]
    for onlooker in onlookers:
        onlooker.started(view(config, tmp_path, 7))
    resumed, *skipped = read_journal(tmp_path / "journal.jsonl")
    assert resumed["event"] == "resumed"
    assert {(one["event"], one["step"]) for one in skipped} == {("skipped", 7)}
    (message,) = {one["what"] for one in skipped}
    assert f"{min(judging)}: cannot be read as an image" in str(message)
    assert line.skipped == {message: len(skipped)}
    assert capsys.readouterr().err == f"videogigagan: skipped: {message}\n"


def test_nothing_is_scored_where_nothing_is_held_out(tmp_path: Path) -> None:
    onlookers = observers(learning_from(tmp_path, 0.0), Machine(), StepLine(1))
    assert [type(one) for one in onlookers] == [Provenance, Journal, Samples]


def test_cached_features_have_no_clips_to_show(tmp_path: Path) -> None:
    config = replace(recipe("tiny", "image"), data=CacheConfig(folder=str(tmp_path)))
    assert [type(one) for one in observers(config, Machine(), StepLine(1))] == [Journal]
