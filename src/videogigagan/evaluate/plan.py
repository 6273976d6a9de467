"""What is to be measured, and what came out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from videogigagan.data.datasets import ClipFiles
from videogigagan.errors import ConfigError
from videogigagan.evaluate.about import package_version
from videogigagan.evaluate.benchmark import Benchmark
from videogigagan.evaluate.journal import PROTOCOL_VERSION, Record, Task, mean
from videogigagan.evaluate.systems import System
from videogigagan.evaluate.view import Judges

TRUTH = "truth"
"""Name of the system whose result is the original itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is to be measured, and where that is written."""

    benchmarks: tuple[Benchmark, ...]
    """On what, and what."""
    out: Path
    """Folder for all that is written."""
    judges: Judges = field(default_factory=Judges)
    """Networks that the metrics ask."""
    judge_files: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of their weights, by judge."""
    limit: int | None = None
    """Frames used of each clip; None takes all."""

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise ConfigError(f"frames must be at least 1, not {self.limit}.")

    def task(self, benchmark: Benchmark, clip: ClipFiles, system: System) -> Task:
        """All that the figures of a system on a clip depend on."""
        return Task(
            benchmark=benchmark.name,
            degradation=benchmark.degradation,
            clip=clip.name,
            source=sum(path.stat().st_size for path in _files(clip)),
            system=system.name,
            weights=system.weights,
            scored=benchmark.protocol.scored,
            mirrored=benchmark.protocol.mirrored,
            border=benchmark.protocol.border,
            limit=self.limit,
            version=f"{package_version()}/{PROTOCOL_VERSION}",
        )

    def pieces(self, task: Task) -> Path:
        """Folder with the parts of a result that figures show."""
        return self.out / "pieces" / task.digest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One system on one benchmark."""

    benchmark: Benchmark
    """On what."""
    system: System
    """What was measured."""
    records: tuple[Record, ...]
    """Its clips, in the benchmark's order."""

    def mean(self, metric: str) -> float | None:
        """Mean of the clips' means, as published tables have it."""
        return mean([record.mean(metric) for record in self.records])

    @property
    def seconds(self) -> float | None:
        """Time per frame, mean over the clips."""
        return mean([record.seconds for record in self.records])


def ground_truth() -> System:
    """The original as a system, the best there can be."""
    return System(
        name=TRUTH,
        title="ground truth",
        parameters=None,
        weights=None,
        upscale=lambda clip, name: iter(()),  # noqa: ARG005 - the original is taken instead
    )


def _files(clip: ClipFiles) -> list[Path]:
    if isinstance(clip.frames, tuple):
        return [path for path in clip.frames if path.is_file()]
    return list(clip.frames.iterdir()) if clip.frames.is_dir() else [clip.frames]
