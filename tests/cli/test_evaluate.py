"""`videogigagan evaluate`: one command, and the same command again."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from videogigagan.cli.evaluate import summary
from videogigagan.evaluate.plan import Plan
from videogigagan.evaluate.report import Cost


@pytest.fixture
def data(tmp_path: Path, monkeypatch) -> Path:
    """A folder `mine` with two clips of three frames, in the folder that is worked in."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (32, 48, 3)).astype(np.uint8)
    for name in ("one", "two"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for index in range(3):
            picture = Image.fromarray(np.roll(noise, index, axis=1))
            picture.save(tmp_path / "mine" / name / f"{index}.png")
    return tmp_path / "mine"


COMMAND = ("--data", "clips=mine:bi+bd", "--systems", "bicubic,truth", "-o", "out")


@pytest.mark.usefixtures("data")
def test_tables_scores_and_figures_are_written(run) -> None:
    status, out, err = run("evaluate", *COMMAND)
    assert status == 0, err
    assert "| measured here | PSNR-Y (dB) ↑ | SSIM-Y ↑ | s/frame |" in out
    assert "| ground truth | 100.00 | 1.0000 | - |" in out
    assert "cost     0:00:0" in out
    assert "peak memory" in out
    assert "mine, BI and mine, BD: one" in err
    assert "frame 24/24" in err
    scores = json.loads(Path("out/scores.json").read_text())
    assert scores["cost"]["command"].startswith("videogigagan evaluate --data")
    assert [one["title"] for one in scores["benchmarks"]] == ["mine, BI", "mine, BD"]
    assert out.split("\n\nresults")[0].strip() in Path("out/table.md").read_text()
    assert Path("out/crops/mine-bd-two.png").is_file()
    assert Path("out/slices/mine-bi-one-xt.png").is_file()


@pytest.mark.usefixtures("data")
def test_the_same_command_measures_nothing_again(run) -> None:
    _, first, _ = run("evaluate", *COMMAND, "--no-figures")
    journal = Path("out/journal.jsonl").read_bytes()
    status, second, err = run("evaluate", *COMMAND, "--no-figures")
    assert status == 0
    assert second.split("cost")[0] == first.split("cost")[0]
    assert err == ""
    assert Path("out/journal.jsonl").read_bytes() == journal
    assert not Path("out/crops").exists()


@pytest.mark.usefixtures("data")
def test_parts_can_be_chosen(run) -> None:
    arguments = ("--data", "clips=mine", "--systems", "bicubic", "--metrics", "psnr_rgb")
    status, out, _ = run(
        "evaluate", *arguments, "--clips", "two", "--frames", "2", "--border", "8"
    )
    assert status == 0
    assert "PSNR-RGB" in out
    assert "1 clip, 2 frames scored, border of 8 pixels left out" in out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--data", "clips=none"], 1, "none: no such folder"),
        (["--data", "clips=empty"], 1, "holds no clips"),
        (["--data", "mine"], 2, "names no folder"),
        (["--data", "clips=mine", "--systems", ","], 2, "systems: is empty"),
        (["--data", "clips=mine", "--metrics", ""], 2, "metrics: is empty"),
        (["--data", "clips=mine", "--metrics", "vmaff"], 2, "there is no 'vmaff'"),
        (["--data", "clips=mine", "--systems", "vsr"], 2, "system 'vsr' is not known"),
        (["--data", "clips=mine", "--systems", "basicvsr=x.pth"], 1, "x.pth: no such file"),
        (["--data", "clips=mine", "--metrics", "lpips"], 1, "no folder of published weights"),
        (["--data", "clips=mine", "--metrics", "tof", "--judges", "no"], 1, "no: "),
        (["--data", "clips=mine", "--clips", "three"], 2, "there is no three"),
        (
            ["--data", "clips=mine", "--systems", "truth", "--frames", "0"],
            2,
            "frames must be at least 1",
        ),
        (["--data", "clips=mine", "--border", "-1"], 2, "border must be at least 0"),
        (["--data", "clips=mine", "--degradation", "jpeg"], 2, "'jpeg': is not known"),
    ],
)
def test_a_mistake_is_one_clear_line(run, data, arguments, status, message) -> None:
    (data.parent / "empty").mkdir()
    found, _, err = run("evaluate", *arguments)
    assert found == status
    assert err.startswith("videogigagan: ")
    assert len(err.splitlines()) == 1
    assert message in err
    assert not Path("evaluation").exists()


@pytest.mark.usefixtures("data")
def test_a_system_that_fails_is_one_line_and_keeps_what_is_finished(run) -> None:
    results = Path("theirs") / "one"
    results.mkdir(parents=True)
    for index in range(3):
        Image.new("RGB", (48, 32)).save(results / f"{index}.png")
    arguments = ("--data", "clips=mine", "--systems", "external=theirs", "-o", "out")
    status, _, err = run("evaluate", *arguments)
    assert status == 1
    assert err.splitlines()[-1].startswith("videogigagan: external=theirs on two: ")
    assert len(Path("out/journal.jsonl").read_text().splitlines()) == 1


def test_summary_without_figures_names_none() -> None:
    cost = Cost(command="", seconds=61.0, measuring=3600.0)
    text = summary(Plan(benchmarks=(), out=Path("out")), [], cost)
    assert "figures" not in text
    assert "0:01:01 now, 1:00:00 for all that is shown" in text
