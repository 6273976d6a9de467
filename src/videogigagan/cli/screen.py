"""What a person sees while a command works, and what it took."""

import json
import sys
import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import final

import torch

from videogigagan.errors import StoppedError
from videogigagan.upscale.options import Progress

try:
    import resource
except ImportError:  # Windows
    resource = None

_BAR = 24
_PLAIN_EVERY = 10.0  # seconds between lines where there is no terminal


class Display(ABC):
    """Something that shows how far a run is, while it is entered."""

    @abstractmethod
    def show(self, progress: Progress) -> None:
        """Show the state of a run."""

    def __enter__(self) -> "Display":
        self.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end(error)

    def begin(self) -> None:  # noqa: B027 - most have nothing to do
        """A run begins."""

    def end(self, error: BaseException | None) -> None:  # noqa: B027 - some have nothing to do
        """A run has come to its end, by an error or without."""


@final
class ProgressLine(Display):
    """A bar with the time to go on a terminal, else a line now and then; on standard error."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._last = -_PLAIN_EVERY

    def show(self, progress: Progress) -> None:
        """Draw the state of a run."""
        if self._live:
            print(f"\r\x1b[2K{bar(progress)}", end="", file=sys.stderr, flush=True)
        elif self._due(progress):
            print(words(progress), file=sys.stderr, flush=True)

    def end(self, error: BaseException | None) -> None:  # noqa: ARG002 - the same for all
        """Wipe the bar away."""
        if self._live:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)

    def _due(self, progress: Progress) -> bool:
        now = time.monotonic()
        if now - self._last < _PLAIN_EVERY and progress.done != progress.total:
            return False
        self._last = now
        return True


@final
class ProgressObjects(Display):
    """A JSON object on a line of standard error, for each frame and each change of stage.

    Stages are `open`, `upscale`, then `done`, `stopped` or `failed`.

    Args:
        facts: What stands in every object.
    """

    def __init__(self, **facts: str) -> None:
        self._facts = facts
        self._figures: dict[str, object] = {}

    def show(self, progress: Progress) -> None:
        """Write an object with the frames done and the time to go."""
        remaining = progress.remaining
        self._figures = {
            "frame": progress.done,
            "total": progress.total,
            "fps": round(progress.pace, 4),
            "eta": None if remaining is None else round(remaining, 3),
        }
        self._write("upscale")

    def begin(self) -> None:
        """Write an object that tells of the input."""
        self._write("open")

    def end(self, error: BaseException | None) -> None:
        """Write an object with how it ended."""
        if error is None:
            self._write("done")
        else:
            stage = "stopped" if isinstance(error, StoppedError) else "failed"
            self._write(stage, error=str(error) or type(error).__name__)

    def _write(self, stage: str, **more: str) -> None:
        line = {"stage": stage, **self._facts, **self._figures, **more}
        print(json.dumps(line), file=sys.stderr, flush=True)


@final
class Silence(Display):
    """Shows nothing."""

    def show(self, progress: Progress) -> None:
        """Do nothing."""


def bar(progress: Progress) -> str:
    """Draw progress as a bar; as words where the end is not known."""
    if not progress.total:
        return words(progress)
    share = min(progress.done / progress.total, 1.0)
    filled = round(_BAR * share)
    return f"[{'#' * filled}{'.' * (_BAR - filled)}] {share:4.0%}  {words(progress)}"


def words(progress: Progress) -> str:
    """Say progress in words."""
    total = f"/{progress.total}" if progress.total else ""
    text = f"frame {progress.done}{total}, {progress.pace:.2f} fps"
    remaining = progress.remaining
    return text if remaining is None else f"{text}, {clock(remaining)} to go"


def clock(seconds: float) -> str:
    """Write a duration as h:mm:ss."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def peak_memory() -> int | None:
    """Most memory this process has held, in bytes: the GPU's if one was used, or the host's."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated()
    if resource is None:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
