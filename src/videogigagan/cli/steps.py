"""What a person sees while weights are trained."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType

from videogigagan.cli.screen import clock
from videogigagan.train.observe import StepFigures

_PLAIN_EVERY = 30.0  # seconds between lines where there is no terminal
_SHOWN = {
    "generator/charbonnier": "charbonnier",
    "generator/lpips": "lpips",
    "generator/gan": "gan",
    "discriminator/real": "real",
    "discriminator/fake": "fake",
}


class StepLine:
    """One line that is redrawn on a terminal, else a line now and then; on standard error.

    Args:
        steps: Steps of the whole run.
        label: What stands in front.
        quiet: Say nothing; one of several processes speaks.
    """

    def __init__(self, steps: int, label: str = "", *, quiet: bool = False) -> None:
        self.skipped: Counter[str] = Counter()
        self.last: StepFigures | None = None
        self._steps = steps
        self._label = label
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._started = time.monotonic()
        self._made = 0
        self._told = -_PLAIN_EVERY

    def show(self, figures: StepFigures) -> None:
        """Draw the state of a run after a step."""
        self.last = figures
        self._made += 1
        self.skip(figures.skipped)
        if self._quiet:
            return
        if self._live:
            print(f"\r\x1b[2K{self.words(figures)}", end="", file=sys.stderr, flush=True)
        elif self._due(figures.step):
            print(self.words(figures), file=sys.stderr, flush=True)

    def skip(self, messages: Sequence[str]) -> None:
        """Count what was wrong with files; say each thing once."""
        fresh = [one for one in dict.fromkeys(messages) if one not in self.skipped]
        self.skipped.update(messages)
        if self._quiet:
            return
        for message in fresh:
            self._erase()
            print(f"videogigagan: skipped: {message}", file=sys.stderr)

    def words(self, figures: StepFigures) -> str:
        """Say where a run is, how fast it is, and what its losses are."""
        pace = (time.monotonic() - self._started) / max(self._made, 1)
        parts = [
            f"{self._label}step {figures.step}/{self._steps}",
            f"{pace:.2f} s each",
            f"{clock(pace * (self._steps - figures.step))} to go",
        ]
        losses = [
            f"{title} {figures.figures[name]:.4f}"
            for name, title in _SHOWN.items()
            if name in figures.figures
        ]
        return ", ".join([*parts, *losses])

    def __enter__(self) -> "StepLine":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._quiet:
            self._erase()

    def _erase(self) -> None:
        if self._live:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)

    def _due(self, step: int) -> bool:
        now = time.monotonic()
        if now - self._told < _PLAIN_EVERY and step != self._steps:
            return False
        self._told = now
        return True
