"""The program as a person runs it, in this process."""

import sys
from collections.abc import Callable

import pytest

from videogigagan.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line and return status, output, error output."""

    def start(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["videogigagan", *arguments])
        try:
            main()
            status = 0
        except SystemExit as left:
            status = left.code
        out, err = capsys.readouterr()
        return status, out, err

    return start
