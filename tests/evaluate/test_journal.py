"""What has been measured is kept, whatever happens to the process."""

from dataclasses import replace
from pathlib import Path

import pytest

from videogigagan.errors import DataError
from videogigagan.evaluate.journal import Journal, Record, Task, mean

TASK = Task(
    benchmark="vid4",
    degradation="bi",
    clip="calendar",
    source=1000,
    system="base-4x",
    weights="ab12",
    scored="all",
    mirrored=False,
    border=0,
    limit=None,
    version="1.0/1",
)
RECORD = Record(
    task=TASK,
    frames=3,
    size=(64, 48),
    seconds=0.5,
    cost=4.0,
    machine="abacus",
    judges={"lpips_alex.pth": "cd34"},
    indices=[0, 1, 2],
    scores={"psnr_y": [20.0, 22.0, 24.0], "e_warp": [None, 0.5, 1.5]},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "journal.jsonl"


def other(clip: str) -> Record:
    return replace(RECORD, task=replace(TASK, clip=clip))


def test_records_are_found_again(path: Path) -> None:
    Journal(path).add(RECORD)
    assert Journal(path).find(TASK) == RECORD


@pytest.mark.catalogue("T65")
@pytest.mark.parametrize(
    "change",
    [
        {"weights": "ef56"},
        {"weights": None},
        {"version": "1.0/2"},
        {"limit": 2},
        {"border": 8},
        {"source": 1001},
        {"degradation": "bd"},
    ],
    ids=str,
)
def test_nothing_counts_after_what_it_depends_on_has_changed(path: Path, change) -> None:
    Journal(path).add(RECORD)
    changed = replace(TASK, **change)
    assert Journal(path).find(changed) is None
    assert changed.digest() != TASK.digest()


def test_last_record_of_a_task_counts(path: Path) -> None:
    journal, later = Journal(path), replace(RECORD, cost=5.0)
    journal.add(RECORD)
    journal.add(later)
    assert journal.find(TASK) == Journal(path).find(TASK) == later


@pytest.mark.parametrize("kept", [1, 40, -2, -1])
def test_line_that_was_cut_off_is_dropped_and_written_over(path: Path, kept: int) -> None:
    journal = Journal(path)
    journal.add(other("one"))
    whole = len(path.read_bytes())
    journal.add(other("two"))
    content = path.read_bytes()
    path.write_bytes(content[:whole] + content[whole:][:kept])
    journal = Journal(path)
    assert journal.find(other("two").task) is None
    journal.add(other("three"))
    again = Journal(path)
    assert again.find(other("one").task) == other("one")
    assert again.find(other("three").task) == other("three")
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.parametrize("line", ["{}", "no json", '{"task": {}}', "[]"])
def test_damage_elsewhere_is_told(path: Path, line: str) -> None:
    Journal(path).add(RECORD)
    path.write_text(f"{line}\n{path.read_text()}")
    with pytest.raises(DataError, match=r"line 1 is damaged .*Remove") as raised:
        Journal(path)
    assert len(str(raised.value).splitlines()) == 1


def test_unreadable_journal_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory\)"):
        Journal(tmp_path)


def test_unwritable_journal_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    journal = Journal(tmp_path / "other" / "journal.jsonl")
    journal.path = tmp_path / "file" / "journal.jsonl"
    with pytest.raises(DataError, match=r"cannot be written .*Free the disk"):
        journal.add(RECORD)


def test_networks_of_the_metrics_must_not_have_changed() -> None:
    assert RECORD.agrees({"lpips_alex.pth": "cd34", "raft_small.pth": "78"})
    assert RECORD.agrees({})
    assert not RECORD.agrees({"lpips_alex.pth": "99"})


def test_means_are_over_frames_that_have_a_figure() -> None:
    assert RECORD.mean("psnr_y") == 22.0
    assert RECORD.mean("e_warp") == 1.0
    assert RECORD.mean("tof") is None
    assert mean([None, None]) is None


def test_figures_are_found_by_frame() -> None:
    centre = replace(RECORD, indices=[3], scores={"psnr_y": [30.0]})
    assert centre.at("psnr_y", 3) == 30.0
    assert centre.at("psnr_y", 0) is None
    assert centre.at("tof", 3) is None
