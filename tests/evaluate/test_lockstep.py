"""Clips that several benchmarks have in common are gone through once."""

import weakref
from dataclasses import replace

import pytest
import torch
from evaluate_fakes import ERROR, MOTION, Enlarger, benchmark, plan, system

from videogigagan.data.datasets import Protocol
from videogigagan.evaluate.benchmark import Benchmark
from videogigagan.evaluate.metric import Metric
from videogigagan.evaluate.moment import Moment
from videogigagan.evaluate.plan import Outcome, ground_truth
from videogigagan.evaluate.run import evaluate
from videogigagan.evaluate.view import Judges, View
from videogigagan.frozen.raft import RAFT

CLIPS = ("one", "three")


def nobody(*_: object) -> None:
    """Nobody watches."""


def both_ways(it: Benchmark) -> tuple[Benchmark, Benchmark]:
    """Made small in both ways."""
    return it, replace(it, degradation="bd", title="noise, BD")


def figures(outcomes: list[Outcome]) -> list[dict[str, list[float | None]]]:
    return [record.scores for outcome in outcomes for record in outcome.records]


def test_together_is_as_apart(two_clips, tmp_path) -> None:
    metrics = {"error": ERROR, "motion": MOTION}
    it = benchmark(two_clips, system("a"), ground_truth(), metrics=metrics)
    bi, bd = both_ways(it)
    together = figures(evaluate(plan(tmp_path / "both", bi, bd), nobody))
    apart = [figures(evaluate(plan(tmp_path / one.title, one), nobody)) for one in (bi, bd)]
    assert together == apart[0] + apart[1]
    assert together[0] != together[4]


def test_truth_is_looked_at_once_for_both(two_clips, tmp_path, monkeypatch) -> None:
    seen: list[torch.Tensor] = []
    describe = RAFT.describe
    monkeypatch.setattr(
        RAFT, "describe", lambda self, frame: seen.append(frame) or describe(self, frame)
    )

    def score(moment: Moment) -> float | None:
        if moment.truth.before is None:
            return None
        return (moment.truth.flow - moment.result.flow).abs().mean().item()

    torch.manual_seed(0)
    judges = Judges(raft=RAFT("small", iterations=1))
    metrics = {"tof": Metric(title="tOF", better="lower", score=score)}
    it = benchmark(two_clips, system("a"), ground_truth(), metrics=metrics)
    it = replace(it, clips=it.clips[:1])
    outcomes = evaluate(plan(tmp_path / "out", *both_ways(it), judges=judges, limit=2), nobody)
    assert len(seen) == 2 * 3  # two results and the truth
    means = [outcome.mean("tof") for outcome in outcomes]
    assert means[1] == means[3] == 0
    assert means[0] != means[2]


def test_what_one_benchmark_knows_is_not_measured_with_the_other(two_clips, tmp_path) -> None:
    enlarger = Enlarger()
    bi, bd = both_ways(benchmark(two_clips, system("a", enlarger)))
    evaluate(plan(tmp_path / "out", bi), nobody)
    evaluate(plan(tmp_path / "out", bi, bd), nobody)
    evaluate(plan(tmp_path / "out", bd, bi), nobody)
    assert enlarger.asked == 2 * [("one", 5), ("three", 5)]
    more = replace(bi, metrics={"error": ERROR, "motion": MOTION})
    outcomes = evaluate(plan(tmp_path / "out", more, bd), nobody)
    assert len(enlarger.asked) == 6
    assert [outcome.mean("motion") is None for outcome in outcomes] == [False, True]


@pytest.mark.parametrize("change", [{"protocol": Protocol(border=4)}, {"name": "other"}])
def test_another_protocol_or_set_is_gone_through_by_itself(two_clips, tmp_path, change) -> None:
    bi, bd = both_ways(benchmark(two_clips, system("a")))
    it = plan(tmp_path / "out", bi, replace(bd, **change))
    told: dict[str, None] = {}
    evaluate(it, lambda label, _: told.setdefault(label))
    assert list(told) == [f"noise, {way}: {clip}" for way in ("BI", "BD") for clip in CLIPS]


def test_progress_names_all_benchmarks_of_a_clip(two_clips, tmp_path) -> None:
    told: list[tuple[str, int, int | None]] = []
    evaluate(
        plan(tmp_path / "out", *both_ways(benchmark(two_clips, system("a"))), limit=3),
        lambda label, progress: told.append((label, progress.done, progress.total)),
    )
    assert told[0] == ("noise, BI and noise, BD: one", 0, 12)
    assert told[-1] == ("noise, BI and noise, BD: three", 12, 12)


def test_little_is_held_while_systems_work(two_clips, tmp_path) -> None:
    """Of the frame before its picture, of earlier ones nothing, of views none."""
    views: list[weakref.ref[View]] = []
    frames: list[weakref.ref] = []
    held: list[tuple[int, int]] = []

    def score(moment: Moment) -> float:
        views.extend(weakref.ref(view) for view in (moment.result, moment.truth))
        frames.extend(weakref.ref(view.frame) for view in (moment.result, moment.truth))
        return 0.0

    def look(_: int, frame: torch.Tensor) -> torch.Tensor:
        alive = ([ref for ref in refs if ref() is not None] for refs in (views, frames))
        held.append(tuple(len(refs) for refs in alive))
        return frame

    metrics = {"it": Metric(title="it", better="lower", score=score)}
    it = benchmark(two_clips, system("a", Enlarger(look)), metrics=metrics)
    evaluate(plan(tmp_path / "out", replace(it, clips=it.clips[:1])), nobody)
    assert held == [(0, 0), (0, 2), (0, 2), (0, 2), (0, 2)]
