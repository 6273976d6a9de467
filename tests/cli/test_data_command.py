"""`videogigagan data`: what people type, and what they read."""

from pathlib import Path

import pytest
from PIL import Image

from videogigagan.cli.data import table
from videogigagan.data.verify import Finding


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two clips of two frames, 8x4."""
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for index in range(2):
            Image.new("RGB", (8, 4)).save(tmp_path / "data" / name / f"{index}.png")
    return tmp_path / "data"


def test_degrade_writes_copies_and_says_so(run, folder, tmp_path) -> None:
    target = tmp_path / "small"
    arguments = ("degrade", "--data", f"clips={folder}", "--degradation", "bd", "--output")
    status, out, err = run("data", *arguments, str(target))
    assert status == 0
    assert out == f"{target}: 2 clips of clips, 4 frames, bd\n"
    assert err.startswith("frame 1")
    assert (target / "b" / "00000001.png").is_file()
    assert (target / "degradation.json").is_file()
    status, _, err = run("data", *arguments, str(target))
    assert status == 1
    assert "allow --overwrite" in err
    assert run("data", *arguments, str(target), "-y")[0] == 0


def test_verify_shows_what_there_is(run, folder) -> None:
    status, out, _ = run("data", "verify", f"clips={folder}")
    assert status == 0
    assert out.splitlines() == [
        "| clips | frames | size |",
        "|---|---|---|",
        "| a, b | 2 | 8x4 |",
        "2 clips, no problems.",
    ]


def test_verify_names_each_problem(run, folder) -> None:
    (folder / "a").rename(folder / "city")
    status, out, err = run("data", "verify", f"vid4={folder}")
    assert status == 1
    lines = out.splitlines()
    assert "| calendar, city, foliage, walk | 0 | - |" in lines
    assert (
        f"{folder / 'city'}: frame 0 is 8x4 (704x576 expected). Fetch the clip again." in lines
    )
    assert f"{folder / 'walk'}: is missing. Fetch the clip." in lines
    assert err.splitlines()[-1].startswith("videogigagan: ")
    assert "is not Vid4 as its protocol takes it (4 problems)" in err


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["verify", "vid4"], 2, "names no folder"),
        (["verify", "vid4=none"], 1, "none: no such folder. Put Vid4 there"),
        (["degrade", "--data", "none=.", "-o", "x"], 2, "is not known"),
        (["degrade", "--data", "vid4=.", "-o", "x"], 1, "lacks 4 of 4 clips of Vid4"),
    ],
)
def test_a_mistake_is_one_line(run, monkeypatch, tmp_path, arguments, status, message) -> None:
    monkeypatch.chdir(tmp_path)
    found, out, err = run("data", *arguments)
    assert (found, out) == (status, "")
    assert len(err.splitlines()) == 1
    assert message in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["fly"], ["degrade", "--degradation", "bx"]])
def test_usage_mistakes_exit_2(run, arguments) -> None:
    assert run("data", *arguments)[0] == 2


def test_table_is_short_however_many_clips() -> None:
    findings = [
        Finding(clip=f"{index:03d}", frames=100, size=(1280, 720), problems=())
        for index in range(240)
    ]
    assert table(findings)[2:] == ["| 000 to 239 (240 clips) | 100 | 1280x720 |"]
