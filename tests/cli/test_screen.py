"""What a person reads while waiting."""

import json
import sys
from contextlib import suppress

import pytest

from videogigagan.cli.screen import (
    ProgressLine,
    ProgressObjects,
    Silence,
    bar,
    clock,
    peak_memory,
    words,
)
from videogigagan.errors import StoppedError
from videogigagan.upscale.options import Progress


def test_bar_fills_with_the_work() -> None:
    half = Progress(done=12, total=24, seconds=6.0)
    assert bar(half) == "[############............]  50%  frame 12/24, 2.00 fps, 0:00:06 to go"


def test_unknown_length_shows_no_end() -> None:
    assert bar(Progress(done=3, total=None, seconds=1.5)) == "frame 3, 2.00 fps"
    assert words(Progress(done=0, total=4, seconds=0.0)) == "frame 0/4, 0.00 fps"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0:00:00"), (61.2, "0:01:01"), (36e3, "10:00:00")]
)
def test_clock(seconds, text) -> None:
    assert clock(seconds) == text


def test_terminal_gets_one_line_that_is_redrawn(capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with ProgressLine() as line:
        line.show(Progress(done=1, total=2, seconds=1.0))
        line.show(Progress(done=2, total=2, seconds=2.0))
    err = capsys.readouterr().err
    assert "\n" not in err
    assert err.count("\r") == 3


def test_elsewhere_lines_come_now_and_then_and_at_the_end(capsys) -> None:
    with ProgressLine() as line:
        for done in range(1, 101):
            line.show(Progress(done=done, total=100, seconds=done / 10))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("frame 1/100")
    assert lines[-1].startswith("frame 100/100")
    assert len(lines) < 10


def objects(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    out, err = capsys.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def test_programs_get_an_object_a_line(capsys) -> None:
    with ProgressObjects(input="a\nb.mp4") as shown:
        shown.show(Progress(done=1, total=4, seconds=2.0))
        shown.show(Progress(done=2, total=None, seconds=4.0))
    figures = {"frame": 1, "total": 4, "fps": 0.5, "eta": 6.0}
    later = {"frame": 2, "total": None, "fps": 0.5, "eta": None}
    assert objects(capsys) == [
        {"stage": "open", "input": "a\nb.mp4"},
        {"stage": "upscale", "input": "a\nb.mp4", **figures},
        {"stage": "upscale", "input": "a\nb.mp4", **later},
        {"stage": "done", "input": "a\nb.mp4", **later},
    ]


@pytest.mark.parametrize(
    ("error", "text"),
    [(ValueError("no good"), "no good"), (KeyboardInterrupt(), "KeyboardInterrupt")],
)
def test_programs_are_told_of_failures(capsys, error, text) -> None:
    with pytest.raises(type(error)), ProgressObjects():
        raise error
    assert objects(capsys)[-1] == {"stage": "failed", "error": text}


def test_silence_shows_nothing(capsys) -> None:
    with Silence() as shown:
        shown.show(Progress(done=1, total=4, seconds=2.0))
    assert capsys.readouterr() == ("", "")


def test_peak_memory_is_told_in_bytes() -> None:
    assert peak_memory() > 10_000_000


def test_programs_are_told_that_a_run_can_go_on(capsys) -> None:
    error = StoppedError("x.mp4: stopped behind frame 50.")
    with suppress(StoppedError), ProgressObjects():
        raise error
    assert objects(capsys)[-1] == {"stage": "stopped", "error": str(error)}
