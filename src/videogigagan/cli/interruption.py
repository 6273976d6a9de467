"""Ctrl-C and SIGTERM as a wish that work can grant when it suits."""

import signal
import sys
from types import FrameType

STOPPED = 130
"""Exit status of a command that Ctrl-C has ended."""


class Interruption:
    """Remembers the first Ctrl-C, so that work can end well; the second one stops at once.

    Being told to end (SIGTERM) counts as Ctrl-C does: clusters send it before time is up.

    Args:
        notice: What standard error says to the first.
    """

    def __init__(self, notice: str = "") -> None:
        self._asked = False
        self._notice = notice
        self._before: dict[signal.Signals, object] = {}

    def __call__(self) -> bool:
        """Whether somebody wants the run to end."""
        return self._asked

    def __enter__(self) -> "Interruption":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *reason: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # pyright: ignore[reportArgumentType]

    def _ask(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - Python's own signature
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        if self._notice:
            print(f"\nvideogigagan: {self._notice}", file=sys.stderr, flush=True)
