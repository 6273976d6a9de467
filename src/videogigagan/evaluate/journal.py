"""What has been measured already: one line for each system on each clip.

A line is written when its clip is finished, so a run that was stopped goes on where it was. A
line counts only while nothing that it depends on has changed.
"""

import hashlib
import json
import math
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from videogigagan.errors import DataError

PROTOCOL_VERSION = 1
"""Raised when figures change their meaning; what was measured before is measured again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One system on one clip, and all that its figures depend on."""

    benchmark: str
    """Data set, such as `vid4`."""
    degradation: str
    """How the small clip was made, such as `bi`."""
    clip: str
    """Name of the clip."""
    source: int
    """Bytes of the clip's files, which tell another clip of the same name."""
    system: str
    """Name of the system, as the user gave it."""
    weights: str | None
    """SHA-256 of its weights; None where it has none."""
    scored: Literal["all", "centre"]
    """Frames that are scored."""
    mirrored: bool
    """Whether the clip was fed forwards and then backwards."""
    border: int
    """Pixels left out at each side."""
    limit: int | None
    """Frames used of each clip; None takes all."""
    version: str
    """Version of the package and of the protocol."""

    def digest(self) -> str:
        """Name for files that belong to this task."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What one system made of one clip."""

    task: Task
    """What was measured."""
    frames: int
    """Length of the clip."""
    size: tuple[int, int]
    """Width and height of the original, as it was compared."""
    seconds: float | None
    """Time the system took for one frame; None for the original itself."""
    cost: float
    """Time for reading, upscaling and scoring together, in seconds."""
    machine: str
    """Where it was measured."""
    judges: dict[str, str]
    """SHA-256 of the weights of the metrics' networks, by judge."""
    indices: list[int]
    """Frames that were scored."""
    scores: dict[str, list[float | None]]
    """Figure of each scored frame by metric; None where a frame has none."""

    def agrees(self, judges: Mapping[str, str]) -> bool:
        """Whether no network of the metrics has changed since."""
        return all(judges.get(name, digest) == digest for name, digest in self.judges.items())

    def mean(self, metric: str) -> float | None:
        """Mean over the frames that have a figure; None if none has, or nobody asked."""
        return mean(self.scores.get(metric, []))

    def at(self, metric: str, index: int) -> float | None:
        """Figure of one frame of the clip; None where it has none."""
        if index not in self.indices or metric not in self.scores:
            return None
        return self.scores[metric][self.indices.index(index)]


def mean(figures: Collection[float | None]) -> float | None:
    """Mean of the figures that are there; None if there are none."""
    known = [figure for figure in figures if figure is not None]
    return math.fsum(known) / len(known) if known else None


class Journal:
    """A file of records, appended to as clips are finished.

    A last line that was cut off is dropped: its clip is measured again.

    Raises:
        DataError: The file cannot be read, or a line before the last is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._records: dict[Task, Record] = {}
        self._whole = 0  # bytes of the file that are whole lines
        try:
            content = path.read_bytes() if path.exists() else b""
        except OSError as error:
            raise DataError(
                f"{path}: cannot be read ({error.strerror}). Choose another folder with --out."
            ) from error
        for number, line in enumerate(content.splitlines(keepends=True), start=1):
            if not line.endswith(b"\n"):
                break
            record = self._parse(line, number)
            self._records[record.task] = record
            self._whole += len(line)

    def find(self, task: Task) -> Record | None:
        """The last record of a task, if there is one."""
        return self._records.get(task)

    def add(self, record: Record) -> None:
        """Write a record down; it is on disk when this returns.

        Raises:
            DataError: The file cannot be written.
        """
        line = json.dumps(asdict(record)).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("r+b" if self.path.exists() else "wb") as file:
                file.truncate(self._whole)
                file.seek(self._whole)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be written ({error.strerror}). "
                "Free the disk or choose another folder with --out."
            ) from error
        self._whole += len(line)
        self._records[record.task] = record

    def _parse(self, line: bytes, number: int) -> Record:
        try:
            entry = json.loads(line)
            entry["task"] = Task(**entry["task"])
            entry["size"] = tuple(entry["size"])
            return Record(**entry)
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(
                f"{self.path}: line {number} is damaged ({type(error).__name__}). "
                "Remove that line, or choose another folder with --out."
            ) from error
