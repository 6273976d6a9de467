"""What a run writes down as it goes: a JSON object a line, and curves for TensorBoard."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from videogigagan.errors import ConfigError, DataError
from videogigagan.evaluate.about import machine, package_version
from videogigagan.train.observe import RunView, StepFigures

JOURNAL = "journal.jsonl"
"""The journal of a run, in its folder."""
CURVES = "tensorboard"
"""Folder of TensorBoard's files, in the folder of a run."""

Note: TypeAlias = str | float | int | None
"""What a line may say of one thing."""


class Journal:
    """Watches a run and writes `journal.jsonl`; nobody else writes to that file.

    Every line has `event` (`started`, `resumed`, `step`, `skipped`, `validation`, `stopped`)
    and `step`, the number of steps made by then. A figure that is not finite is null. Where a
    run goes on, lines about later steps, which it makes again, are dropped, and so is a last
    line that was cut off.

    Args:
        tensorboard: Draw curves too.

    Raises:
        ConfigError: The package `tensorboard` is wanted and not there.
    """

    def __init__(self, *, tensorboard: bool = False) -> None:
        self._path: Path | None = None  # until the run has started
        self._curves = Curves() if tensorboard else None

    def looks_at(self, step: int) -> bool:  # noqa: ARG002 - the answer is always the same
        """Figures alone are looked at, never the generator."""
        return False

    def started(self, run: RunView) -> None:
        """Open the journal; drop what a run that goes on will do again.

        Raises:
            DataError: The file cannot be read or written, or is damaged.
        """
        path = run.folder / JOURNAL
        if path.exists():
            drop_after(path, run.step)
        self._path = path
        if self._curves is not None:
            self._curves.open(run.folder / CURVES, run.step)
        origin = {
            "version": package_version(),
            "machine": machine(),
            "device": str(run.device),
            "ranks": run.ranks,
        }
        self.note("resumed" if run.step else "started", run.step, origin)

    def after_step(self, run: RunView, figures: StepFigures) -> None:  # noqa: ARG002 - an observer
        """Write a step's figures down, and what was wrong with files."""
        self.skip(figures.step, figures.skipped)
        pace = {"rate": figures.rate, "seconds": figures.seconds, "waited": figures.waited}
        self.note("step", figures.step, {**figures.figures, **pace})

    def stopped(self, run: RunView, reason: str) -> None:
        """Say how the run ended, if it ever began."""
        if self._path is None:
            return
        self.note("stopped", run.step, {"reason": reason})
        if self._curves is not None:
            self._curves.close()

    def skip(self, step: int, messages: Sequence[str]) -> None:
        """Write down what was wrong with files."""
        for message in messages:
            self.note("skipped", step, {"what": message})

    def note(self, event: str, step: int, notes: Mapping[str, Note]) -> None:
        """Write a line down.

        Raises:
            DataError: It cannot be written.
        """
        assert self._path is not None, "the run has not started"
        notes = {name: _finite(note) for name, note in notes.items()}
        line = json.dumps({"event": event, "step": step, **notes}, allow_nan=False)
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise _unwritable(self._path, error) from error
        if self._curves is not None:
            self._curves.add(event, step, notes)


class Curves:
    """Figures as TensorBoard shows them.

    Raises:
        ConfigError: The package `tensorboard` is not there.
    """

    def __init__(self) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ConfigError(
                "tensorboard: is not installed. Install videogigagan[tensorboard], or leave "
                "--tensorboard out."
            ) from error
        self._make = SummaryWriter
        self._writer: SummaryWriter | None = None

    def open(self, folder: Path, step: int) -> None:
        """Go on in a folder; points of later steps vanish."""
        self._writer = self._make(str(folder), purge_step=step + 1)

    def add(self, event: str, step: int, notes: Mapping[str, Note]) -> None:
        """Add a point to the curve of each figure."""
        assert self._writer is not None
        for name, figure in notes.items():
            if isinstance(figure, float):
                self._writer.add_scalar(f"{event}/{name}", figure, step)

    def close(self) -> None:
        """Write what is held back."""
        assert self._writer is not None
        self._writer.close()


def read_journal(path: Path) -> list[dict[str, Note]]:
    """Every whole line of a journal, in order.

    Raises:
        DataError: It cannot be read, or a line before the last is damaged.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: cannot be read ({type(error).__name__}). Choose another --out."
        ) from error
    whole = [line for line in lines if line.endswith("\n")]
    return [_parse(path, number, line) for number, line in enumerate(whole, start=1)]


def drop_after(path: Path, step: int) -> None:
    """Take the lines about steps after `step` out of a journal.

    Raises:
        DataError: It cannot be read or written, or a line before the last is damaged.
    """
    entries = read_journal(path)
    kept = [entry for entry in entries if int(entry["step"] or 0) <= step]
    part = path.with_name(f".{path.name}.partial")
    try:
        part.write_text("".join(json.dumps(one) + "\n" for one in kept), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _parse(path: Path, number: int, line: str) -> dict[str, Note]:
    try:
        entry = json.loads(line)
        int(entry["step"])
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{path}: line {number} is damaged ({type(error).__name__}). Remove that line, or "
            "choose another --out."
        ) from error
    return entry


def _finite(note: Note) -> Note:
    return None if isinstance(note, float) and not math.isfinite(note) else note


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{path}: cannot be written ({error.strerror}). Free the disk or choose another --out."
    )
