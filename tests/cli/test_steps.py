"""What a person sees while weights are trained."""

import sys

from videogigagan.cli.steps import StepLine
from videogigagan.train.observe import StepFigures


def figures(step: int, skipped: tuple[str, ...] = ()) -> StepFigures:
    return StepFigures(
        step=step,
        figures={"generator/lpips": 0.25, "discriminator/real": 0.7},
        rate=1e-3,
        seconds=1.0,
        waited=0.0,
        skipped=skipped,
    )


def test_a_line_says_where_a_run_is(capsys) -> None:
    with StepLine(1000, "image model: ") as line:
        for step in range(1, 11):
            line.show(figures(step))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1  # no terminal, and no time has passed
    assert lines[0].startswith("image model: step 1/1000, 0.0")
    assert lines[0].endswith("to go, lpips 0.2500, real 0.7000")
    assert line.last == figures(10)


def test_the_last_step_is_always_told(capsys) -> None:
    line = StepLine(2)
    line.show(figures(1))
    line.show(figures(2))
    assert "step 2/2" in capsys.readouterr().err


def test_a_terminal_gets_one_line_that_is_redrawn(capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with StepLine(2) as line:
        line.show(figures(1))
        line.show(figures(2))
    err = capsys.readouterr().err
    assert "\n" not in err
    assert err.count("\r") == 3


def test_an_unusable_file_is_named_once_and_counted(capsys) -> None:
    line = StepLine(9)
    line.show(figures(1, ("a.png: is damaged. Remove it.",)))
    line.show(figures(2, ("a.png: is damaged. Remove it.",)))
    err = capsys.readouterr().err
    assert err.count("videogigagan: skipped: a.png: is damaged. Remove it.") == 1
    assert line.skipped["a.png: is damaged. Remove it."] == 2


def test_only_one_process_speaks(capsys) -> None:
    with StepLine(1, quiet=True) as line:
        line.show(figures(1, ("a.png: is damaged.",)))
    assert capsys.readouterr().err == ""
    assert line.last is not None
