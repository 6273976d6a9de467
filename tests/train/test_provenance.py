"""What a run learns from stays what it began with."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from looking_on import view

from videogigagan.data.settings import DataConfig, Weighted
from videogigagan.errors import ConfigError
from videogigagan.train.observe import RunView
from videogigagan.train.provenance import MATERIAL, Provenance


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).touch()
    return folder


def seen(photos: Path, step: int) -> RunView:
    data = DataConfig(
        photos=(Weighted(path=str(photos)),), frames=1, small_size=16, held_out=0.0
    )
    run = view(photos.parent, step)
    return replace(run, config=replace(run.config, data=data))


def test_a_run_goes_on_with_the_same_files(photos: Path) -> None:
    Provenance().started(seen(photos, 0))
    assert (photos.parent / MATERIAL).read_text() == "a.png\nb.png\n"
    Provenance().started(seen(photos, 5))


def test_other_files_are_refused(photos: Path) -> None:
    Provenance().started(seen(photos, 0))
    (photos / "b.png").unlink()
    (photos / "c.png").touch()
    message = (
        r": its material has changed since it began \(1 files came, 1 went, such as c\.png\)\. "
        r"Restore it, or name another folder\.$"
    )
    with pytest.raises(ConfigError, match=message):
        Provenance().started(seen(photos, 5))


def test_before_the_first_step_files_may_come(photos: Path) -> None:
    Provenance().started(seen(photos, 0))
    (photos / "c.png").touch()
    Provenance().started(seen(photos, 0))
    assert "c.png" in (photos.parent / MATERIAL).read_text()


def test_names_need_not_be_text(photos: Path) -> None:
    (photos / "two\x85lines\n.png").touch()
    (photos / os.fsdecode(b"\xff.png")).touch()
    Provenance().started(seen(photos, 0))
    Provenance().started(seen(photos, 5))
    (photos / "two\x85lines\n.png").unlink()
    with pytest.raises(ConfigError, match=r"0 files came, \d went"):
        Provenance().started(seen(photos, 5))


def test_a_list_that_cannot_be_written_is_one_line(photos: Path) -> None:
    (photos.parent / MATERIAL).mkdir()
    with pytest.raises(ConfigError, match=r"material\.txt: cannot be read or written \(Is a d"):
        Provenance().started(seen(photos, 0))
