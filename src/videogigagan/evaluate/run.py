"""Systems on benchmarks: what has been measured is kept, the rest is measured now."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from videogigagan.data.datasets import ClipFiles, Protocol
from videogigagan.evaluate.benchmark import Benchmark
from videogigagan.evaluate.journal import Journal, Record
from videogigagan.evaluate.lockstep import Job, Part, measure
from videogigagan.evaluate.plan import Outcome, Plan
from videogigagan.upscale.options import Progress
from videogigagan.video.reader import open_source

JOURNAL = "journal.jsonl"
"""The file with all that has been measured."""

Watch: TypeAlias = Callable[[str, Progress], None]
"""Told at each clip, and each frame of each system: which clip, and how far the run is."""


def evaluate(plan: Plan, watch: Watch) -> list[Outcome]:
    """Measure what the journal does not hold yet; give all of it, benchmark by benchmark.

    Raises:
        DataError: A clip cannot be read, a system fails, or its frames do not fit. What is
            finished by then is kept.
    """
    journal = Journal(plan.out / JOURNAL)
    jobs = _jobs(plan, journal)
    ticker = _Ticker(watch, [_work(job, plan.limit) for job in jobs])
    for job in jobs:
        ticker.begin(job.title)
        for record in measure(plan, job, ticker.tick):
            journal.add(_merged(journal.find(record.task), record))
    return [
        Outcome(
            benchmark=benchmark,
            system=system,
            records=tuple(
                record
                for clip in benchmark.clips
                if (record := journal.find(plan.task(benchmark, clip, system)))
            ),
        )
        for benchmark in plan.benchmarks
        for system in benchmark.systems
    ]


class _Ticker:
    """Counts frames of all systems together."""

    def __init__(self, watch: Watch, work: Sequence[int | None]) -> None:
        self._label = ""
        self._watch = watch
        known = [frames for frames in work if frames is not None]
        self._total = sum(known) if len(known) == len(work) else None
        self._done = 0
        self._started = time.monotonic()

    def begin(self, label: str) -> None:
        self._label = label
        self._show()

    def tick(self) -> None:
        self._done += 1
        self._show()

    def _show(self) -> None:
        seconds = time.monotonic() - self._started
        self._watch(self._label, Progress(done=self._done, total=self._total, seconds=seconds))


def _jobs(plan: Plan, journal: Journal) -> list[Job]:
    """All that is missing, clip by clip; where benchmarks have a clip in common, together."""
    parts: dict[tuple[str, Protocol, ClipFiles], list[Part]] = {}
    for benchmark in plan.benchmarks:
        for clip in benchmark.clips:
            part = _part(plan, journal, benchmark, clip)
            if part.systems:
                key = (benchmark.name, benchmark.protocol, clip)
                parts.setdefault(key, []).append(part)
    return [Job(clip=clip, parts=tuple(found)) for (_, _, clip), found in parts.items()]


def _part(plan: Plan, journal: Journal, benchmark: Benchmark, clip: ClipFiles) -> Part:
    """What is missing of a clip: a system that is new, or has changed, or lacks a metric."""
    missing = []
    for system in benchmark.systems:
        found = journal.find(plan.task(benchmark, clip, system))
        known = found.scores if found and found.agrees(plan.judge_files) else {}
        metrics = {
            name: metric for name, metric in benchmark.metrics.items() if name not in known
        }
        if metrics:
            missing.append((system, metrics))
    return Part(benchmark=benchmark, systems=tuple(missing))


def _merged(old: Record | None, new: Record) -> Record:
    """The new record, with what the old one knows of metrics that were not measured again."""
    if old is None or not old.agrees(new.judges):
        return new
    return replace(
        new,
        scores={**old.scores, **new.scores},
        judges={**old.judges, **new.judges},
        cost=old.cost + new.cost,
    )


def _work(job: Job, limit: int | None) -> int | None:
    """Frames of all systems together; None if the clip does not tell its length."""
    length = _length(job.clip)
    if length is None:
        return None
    return job.results * (length if limit is None else min(length, limit))


def _length(clip: ClipFiles) -> int | None:
    if clip.length is not None:
        return clip.length
    if isinstance(clip.frames, tuple):
        return len(clip.frames)
    with open_source(clip.frames) as source:
        return source.info.frame_count_hint
