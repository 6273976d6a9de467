"""A run's journal: what it says, and what is void when the run goes on."""

import json
import math
import sys
import types

import pytest
from looking_on import figures, view

from videogigagan.errors import ConfigError, DataError
from videogigagan.train.journal import Journal, drop_after, read_journal


def test_every_event_is_a_line(tmp_path) -> None:
    journal = Journal()
    journal.started(view(tmp_path, 0))
    journal.after_step(view(tmp_path, 1), figures(1, skipped=("a.png: is damaged.",)))
    journal.note("validation", 1, {"psnr_y": 30.0})
    journal.stopped(view(tmp_path, 1), "finished")
    entries = read_journal(tmp_path / "journal.jsonl")
    assert [one["event"] for one in entries] == [
        "started",
        "skipped",
        "step",
        "validation",
        "stopped",
    ]
    assert entries[0]["device"] == "cpu"
    assert entries[1]["what"] == "a.png: is damaged."
    assert entries[2]["generator/total"] == 0.5
    assert entries[2]["waited"] == 0.25
    assert entries[-1]["reason"] == "finished"
    assert not journal.looks_at(1)


def test_what_is_not_finite_is_null(tmp_path) -> None:
    journal = Journal()
    journal.started(view(tmp_path, 0))
    journal.after_step(view(tmp_path, 1), figures(1, loss=math.inf))
    assert read_journal(tmp_path / "journal.jsonl")[1]["generator/total"] is None


def test_a_run_that_goes_on_drops_the_steps_it_makes_again(tmp_path) -> None:
    path = tmp_path / "journal.jsonl"
    first = Journal()
    first.started(view(tmp_path, 0))
    for step in (1, 2, 3):
        first.after_step(view(tmp_path, step), figures(step))
    with path.open("a") as file:
        file.write('{"event": "step", "st')  # the power went
    second = Journal()
    second.started(view(tmp_path, 2))
    second.after_step(view(tmp_path, 3), figures(3))
    entries = read_journal(path)
    assert [(one["event"], one["step"]) for one in entries] == [
        ("started", 0),
        ("step", 1),
        ("step", 2),
        ("resumed", 2),
        ("step", 3),
    ]


def test_a_run_that_never_began_says_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Journal().stopped(view(tmp_path, 0), "state.pt: is damaged.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", ["{", "[]", '{"event": "step"}', '{"step": null}'])
def test_damage_is_named(tmp_path, line) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(f'{{"event": "started", "step": 0}}\n{line}\n')
    with pytest.raises(DataError, match="line 2 is damaged"):
        drop_after(path, 5)


def test_what_cannot_be_read_or_written_is_named(tmp_path) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    with pytest.raises(DataError, match="cannot be read"):
        Journal().started(view(tmp_path, 0))
    with pytest.raises(DataError, match="cannot be written"):
        Journal().started(view(tmp_path / "gone", 0))
    path = tmp_path / "other.jsonl"
    path.write_text("")
    path.with_name(".other.jsonl.partial").mkdir()
    with pytest.raises(DataError, match="cannot be written"):
        drop_after(path, 0)


def test_without_tensorboard_there_are_no_curves(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match=r"Install videogigagan\[tensorboard\]"):
        Journal(tensorboard=True)


def test_curves_have_the_figures_of_the_journal(tmp_path, monkeypatch) -> None:
    points: list[tuple[str, float, int]] = []
    opened: list[tuple[str, int]] = []

    class Writer:
        def __init__(self, folder: str, purge_step: int) -> None:
            opened.append((folder, purge_step))

        def add_scalar(self, name: str, figure: float, step: int) -> None:
            points.append((name, figure, step))

        def close(self) -> None:
            opened.append(("closed", 0))

    fake = types.ModuleType("torch.utils.tensorboard")
    fake.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    journal = Journal(tensorboard=True)
    journal.started(view(tmp_path, 4))
    journal.after_step(view(tmp_path, 5), figures(5))
    journal.stopped(view(tmp_path, 5), "finished")
    assert opened == [(str(tmp_path / "tensorboard"), 5), ("closed", 0)]
    assert ("step/generator/total", 0.5, 5) in points
    entry = json.loads((tmp_path / "journal.jsonl").read_text().splitlines()[1])
    assert {name.partition("/")[2] for name, _, _ in points} <= entry.keys()
