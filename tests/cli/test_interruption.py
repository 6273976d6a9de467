"""Ctrl-C as a wish."""

import os
import signal
import sys

import pytest

from videogigagan.cli.interruption import Interruption


@pytest.mark.catalogue("T35")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_stops(number) -> None:
    before = signal.getsignal(number)
    with Interruption() as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_a_person_is_told_what_the_first_does(capsys) -> None:
    with Interruption("stops soon."):
        os.kill(os.getpid(), signal.SIGINT)
    assert capsys.readouterr().err == "\nvideogigagan: stops soon.\n"
