"""Reports say what was measured, on what, by what, and keep published figures apart."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from evaluate_fakes import ERROR, MOTION, benchmark, plan, system

from videogigagan.errors import DataError
from videogigagan.evaluate.journal import Record
from videogigagan.evaluate.metric import Metric
from videogigagan.evaluate.plan import Outcome, Plan, ground_truth
from videogigagan.evaluate.report import Cost, write_report
from videogigagan.evaluate.table import markdown, shown, tables

COST = Cost(command="videogigagan evaluate", seconds=1.0, measuring=2.0)


@pytest.fixture
def vid4(two_clips, tmp_path) -> Plan:
    """Two clips that are called Vid4."""
    metrics = {"psnr_y": replace(ERROR, title="PSNR", better="higher", digits=2),
               "e_ref": replace(MOTION, title="E_ref (1e-3)", unit=1e-3, digits=1)}  # fmt: skip
    it = benchmark(
        two_clips, system("a", weights="ab"), ground_truth(), metrics=metrics, name="vid4"
    )
    return plan(tmp_path / "out", it, judge_files={"raft": "cd"})


def made_up(it: Plan) -> list[Outcome]:
    """Figures that can be added up in one's head."""
    return [
        Outcome(
            benchmark=one,
            system=system,
            records=tuple(
                Record(
                    task=it.task(one, clip, system),
                    frames=2,
                    size=(48, 32),
                    seconds=0.5 + index,
                    cost=1.0,
                    machine="abacus",
                    judges={},
                    indices=[0, 1],
                    scores={"psnr_y": [20.0 + index, 22.0], "e_ref": [None, 0.002]},
                )
                for index, clip in enumerate(one.clips)
            ),
        )
        for one in it.benchmarks
        for system in one.systems
    ]


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_table_is_systems_by_metrics(vid4) -> None:
    found = rows(tables(made_up(vid4)))
    assert found[0] == ["measured here", "PSNR ↑", "E_ref (1e-3) ↓", "s/frame"]
    assert found[2] == ["A", "21.25", "2.0", "1"]
    assert found[3] == ["ground truth", "21.25", "2.0", "1"]


def test_published_figures_stand_apart_with_their_source(vid4) -> None:
    text = tables(made_up(vid4))
    blocks = text.split("\n\n")
    (published,) = [block for block in blocks if "BasicVSR++" in block and "27.79" in block]
    assert published.startswith("| published, not measured here |")
    assert "supplement" in published
    assert all("BasicVSR" not in block for block in blocks if "| measured here" in block)


def test_part_of_a_set_is_called_one(vid4) -> None:
    assert "This is a part of the set" in tables(made_up(vid4))
    one = vid4.benchmarks[0]
    other = replace(vid4, benchmarks=(replace(one, name="mine", title="mine, BI"),))
    text = tables(made_up(other))
    assert "This is a part" not in text
    assert "TOFlow" not in text


def test_clips_are_told_one_by_one(vid4) -> None:
    found = {row[0]: row[1] for row in rows(tables(made_up(vid4)))}
    assert found["one: A"] == "21.00"
    assert found["three: ground truth"] == "21.50"


def test_size_and_speed_are_told_without_the_truth(vid4) -> None:
    text = tables(made_up(vid4)).split("## Size and speed")[1]
    assert "Timed on abacus" in text
    found = rows(text)
    assert found[0] == ["measured here", "parameters (M)", "s/frame, vid4, BI, 48x32"]
    assert found[2] == ["A", "1.23", "1"]
    assert found[3][0] == "published, not measured here"


def test_several_benchmarks_stand_beside_one_another(vid4) -> None:
    one = vid4.benchmarks[0]
    both = replace(vid4, benchmarks=(one, replace(one, title="other", name="other")))
    found = rows(tables(made_up(both)))
    assert found[0] == ["measured here", "vid4, BI: PSNR ↑", "other: PSNR ↑"]
    assert found[2] == ["A", "21.25", "21.25"]


def test_figures_are_shown_in_their_unit() -> None:
    metric = Metric(title="E", better="lower", score=lambda _: 0.0, unit=1e-3, digits=1)
    assert shown(metric, 0.00234) == "2.3"
    assert shown(metric, None) == "-"


def test_markdown_is_a_table() -> None:
    assert markdown(["a", "b"], [["c", "1"]]) == "| a | b |\n| --- | ---: |\n| c | 1 |"


@pytest.mark.catalogue("T65")
def test_everything_is_written_down(vid4) -> None:
    write_report(vid4, made_up(vid4), COST)
    found = json.loads((vid4.out / "scores.json").read_text())
    assert found["versions"].keys() == {"videogigagan", "torch", "python"}
    assert found["cost"] == {"command": COST.command, "seconds": 1.0, "measuring": 2.0}
    assert found["judges"] == {"raft": "cd"}
    assert found["metrics"]["psnr_y"] == {"title": "PSNR", "better": "higher"}
    (one,) = found["benchmarks"]
    assert one["protocol"]["scored"] == "all"
    first = one["systems"][0]
    assert (first["weights"], first["parameters"]) == ("ab", 1_230_000)
    assert first["mean"] == {"psnr_y": 21.25, "e_ref": 0.002}
    assert first["clips"][1]["mean"]["psnr_y"] == 21.5
    assert first["clips"][1]["scores"]["e_ref"] == [None, 0.002]
    table = (vid4.out / "table.md").read_text()
    assert "    videogigagan evaluate" in table
    assert "torch" in table


def test_report_that_cannot_be_written_is_told(vid4, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="the report cannot be written"):
        write_report(replace(vid4, out=tmp_path / "file"), made_up(vid4), COST)
