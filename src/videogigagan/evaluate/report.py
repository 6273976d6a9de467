"""The report of a run: every score as JSON, and tables as Markdown."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from videogigagan.errors import DataError
from videogigagan.evaluate.about import machine, versions
from videogigagan.evaluate.journal import Record
from videogigagan.evaluate.plan import Outcome, Plan
from videogigagan.evaluate.table import by_benchmark, tables

SCORES = "scores.json"
"""Every frame's scores, the clips' and the set's means, and what they depend on."""
TABLE = "table.md"
"""The tables."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What a run took."""

    command: str
    """The command line."""
    seconds: float
    """Time of this run."""
    measuring: float
    """Time that went into all figures of the report, those of earlier runs included."""


def write_report(plan: Plan, outcomes: Sequence[Outcome], cost: Cost) -> str:
    """Write `scores.json` and `table.md` into `plan.out`; return the tables.

    Raises:
        DataError: They cannot be written.
    """
    text = tables(outcomes)
    head = (
        f"# Evaluation\n\n    {cost.command}\n\n"
        f"{machine()}; {', '.join(f'{name} {one}' for name, one in versions().items())}.\n\n"
    )
    content = json.dumps(scores(plan, outcomes, cost), indent=1, allow_nan=False)
    try:
        _replace(plan.out / SCORES, content + "\n")
        _replace(plan.out / TABLE, head + text)
    except OSError as error:
        raise DataError(
            f"{plan.out}: the report cannot be written ({error.strerror}). Free the disk or "
            "choose another folder with --out."
        ) from error
    return text


def scores(plan: Plan, outcomes: Sequence[Outcome], cost: Cost) -> dict[str, object]:
    """All there is to know, ready for JSON."""
    metrics = {
        name: {"title": metric.title, "better": metric.better}
        for benchmark in plan.benchmarks
        for name, metric in benchmark.metrics.items()
    }
    return {
        "versions": versions(),
        "machine": machine(),
        "cost": asdict(cost),
        "judges": dict(plan.judge_files),
        "metrics": metrics,
        "benchmarks": [_benchmark(plan, group) for group in by_benchmark(outcomes)],
    }


def _benchmark(plan: Plan, group: Sequence[Outcome]) -> dict[str, object]:
    benchmark = group[0].benchmark
    return {
        "name": benchmark.name,
        "title": benchmark.title,
        "degradation": benchmark.degradation,
        "protocol": {**asdict(benchmark.protocol), "limit": plan.limit},
        "systems": [_system(outcome) for outcome in group],
    }


def _system(outcome: Outcome) -> dict[str, object]:
    system, metrics = outcome.system, outcome.benchmark.metrics
    return {
        "name": system.name,
        "title": system.title,
        "parameters": system.parameters,
        "weights": system.weights,
        "seconds_per_frame": outcome.seconds,
        "mean": {name: outcome.mean(name) for name in metrics},
        "clips": [_clip(record, list(metrics)) for record in outcome.records],
    }


def _clip(record: Record, metrics: Sequence[str]) -> dict[str, object]:
    return {
        "name": record.task.clip,
        "frames": record.frames,
        "size": list(record.size),
        "version": record.task.version,
        "machine": record.machine,
        "seconds_per_frame": record.seconds,
        "cost": record.cost,
        "scored": record.indices,
        "mean": {name: record.mean(name) for name in metrics},
        "scores": {name: record.scores[name] for name in metrics},
    }


def _replace(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)
