"""The ablation's plan and report; training and measuring are tested with the command."""

import json
from dataclasses import replace

import pytest
from looking_on import photo_folder
from train_fakes import CPU, tiny, trained

from videogigagan.data.settings import DataConfig, Weighted
from videogigagan.errors import ConfigError, DataError
from videogigagan.model.presets import TABLE_1_ROWS, generator_preset, table_1_row
from videogigagan.train.ablation import (
    TITLES,
    configs,
    folder_name,
    planned_steps,
    rows_of,
    seconds_of,
    step_seconds,
    write_clips,
    write_report,
)
from videogigagan.train.config import TrainConfig


def adapt(config: TrainConfig) -> TrainConfig:
    return replace(config, steps=7)


def test_all_rows_start_alike_and_learn_alike(tmp_path) -> None:
    start, *rows = configs("tiny", tmp_path, adapt, propagation="some.pth").values()
    assert start.stage == "image"
    assert start.generator == table_1_row(generator_preset("tiny"), "image")
    assert {row.start.image for row in rows} == {
        str(tmp_path / "start" / "weights/generator.safetensors")
    }
    for name in ("stage", "data", "losses", "optimiser", "steps", "batch", "seed"):
        assert len({str(getattr(row, name)) for row in rows}) == 1, name
    assert [row.discriminator for row in rows] == [rows[0].discriminator] * 5


def test_rows_are_those_of_table_1(tmp_path) -> None:
    runs = configs("tiny", tmp_path, adapt, propagation="some.pth")
    assert list(runs) == ["start", *TABLE_1_ROWS]
    for row in TABLE_1_ROWS:
        wanted = table_1_row(generator_preset("tiny"), row)
        assert replace(runs[row].generator, stem=wanted.stem) == wanted
    moving = [runs[row].start.propagation for row in TABLE_1_ROWS]
    assert moving == [None, None, "some.pth", "some.pth", "some.pth"]
    assert [folder_name(name) for name in runs] == [
        "start",
        "1-image",
        "2-temporal",
        "3-propagation",
        "4-blurpool",
        "5-shuttle",
    ]
    assert next(iter(TITLES.values())) == "GigaGAN (base upsampler)"


@pytest.mark.parametrize(
    ("budget", "seconds"), [("90s", 90), ("20m", 1200), ("1.5h", 5400), ("1h", 3600)]
)
def test_budgets_are_times(budget, seconds) -> None:
    assert seconds_of(budget) == seconds


@pytest.mark.parametrize("budget", ["", "20", "0m", "m", "-1h", "1d"])
def test_what_is_no_time_is_named(budget) -> None:
    with pytest.raises(ConfigError, match="is not a time"):
        seconds_of(budget)


def test_steps_are_decided_once(tmp_path) -> None:
    folder = tmp_path / "ablation"
    assert planned_steps(folder, "60s", lambda: 2.5) == 24
    assert planned_steps(folder, "60s", lambda: 1e9) == 24
    with pytest.raises(ConfigError, match="was begun with a budget of 60s"):
        planned_steps(folder, "2m", lambda: 2.5)
    assert planned_steps(tmp_path / "short", "1s", lambda: 60.0) == 1
    assert [path.name for path in folder.iterdir()] == ["ablation.json"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"budget": "60s", "steps": "many"}'])
def test_a_damaged_plan_is_named(tmp_path, content) -> None:
    (tmp_path / "ablation.json").write_text(content)
    with pytest.raises(ConfigError, match=r"ablation\.json: is damaged \(.*Name another"):
        planned_steps(tmp_path, "60s", lambda: 2.5)


def test_a_plan_that_cannot_be_written_is_named(tmp_path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"ablation\.json: cannot be written \(File exists"):
        planned_steps(tmp_path / "file", "60s", lambda: 2.5)


def test_held_out_clips_become_folders_of_images(tmp_path) -> None:
    photos = str(photo_folder(tmp_path / "photos"))
    data = DataConfig(
        photos=(Weighted(path=photos),), frames=2, small_size=12, workers=0, held_out=0.3
    )
    write_clips(data, 4, tmp_path / "clips")
    assert len(list((tmp_path / "clips").iterdir())) == 8
    assert sorted(path.name for path in (tmp_path / "clips" / "00").iterdir()) == [
        "000.png",
        "001.png",
    ]
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        write_clips(data, 4, tmp_path / "file")


def test_the_report_tells_cost_and_scale(tmp_path) -> None:
    config = tiny("image", steps=1)
    place = tmp_path / "1-image"
    trained(config, place)
    step = {"event": "step", "step": 1, "seconds": 90.0}
    (place / "journal.jsonl").write_text(json.dumps(step) + "\n")
    rows = rows_of(tmp_path, {"image": config})
    assert (rows[0].title, rows[0].steps, rows[0].seconds) == (TITLES["image"], 1, 90.0)
    text = write_report(tmp_path, config, rows, command="videogigagan x", tables="| t |\n")
    page = (tmp_path / "ablation.md").read_text()
    assert "| GigaGAN (base upsampler) | " in text
    assert "| 1 | 1.5 |" in text
    assert "1 steps of 2 clips of 1 frames of 16x16" in text
    assert "    videogigagan x" in page
    assert page.endswith("| t |\n")
    with pytest.raises(DataError, match=r"ablation\.md: cannot be written \(No such file"):
        write_report(tmp_path / "none", config, rows, command="", tables="")


def test_timing_ends_when_it_is_told_to(tmp_path) -> None:
    data = DataConfig(
        photos=(Weighted(path=str(photo_folder(tmp_path / "photos"))),),
        frames=1,
        small_size=12,
        workers=0,
    )
    config = replace(tiny("image"), data=data)
    with pytest.raises(KeyboardInterrupt):
        step_seconds(config, tmp_path / "trial", None, CPU, stop=lambda: True)
    assert not (tmp_path / "trial").exists()
