"""What a person sees while a command works, and what it took."""

import sys
import time
from types import TracebackType

import torch

from videogigagan.upscale.options import Progress

try:
    import resource
except ImportError:  # Windows
    resource = None

_BAR = 24
_PLAIN_EVERY = 10.0  # seconds between lines where there is no terminal


class ProgressLine:
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

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)

    def _due(self, progress: Progress) -> bool:
        now = time.monotonic()
        if now - self._last < _PLAIN_EVERY and progress.done != progress.total:
            return False
        self._last = now
        return True


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
    pace = progress.done / progress.seconds if progress.seconds else 0.0
    text = f"frame {progress.done}{total}, {pace:.2f} fps"
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
