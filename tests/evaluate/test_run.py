"""Systems through clips: every frame compared once, nothing measured twice, mistakes named."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from evaluate_fakes import ERROR, MOTION, Enlarger, benchmark, plan, system, write_clip

from videogigagan.data.datasets import Protocol
from videogigagan.errors import ConfigError, DataError
from videogigagan.evaluate import lane
from videogigagan.evaluate.metric import Metric
from videogigagan.evaluate.moment import Moment
from videogigagan.evaluate.plan import ground_truth
from videogigagan.evaluate.run import evaluate
from videogigagan.evaluate.view import Judges
from videogigagan.frozen.raft import RAFT
from videogigagan.upscale.options import Progress

CENTRE = Protocol(scored="centre", mirrored=True)


def nobody(label: str, progress: Progress) -> None:
    """Nobody watches."""


def test_every_frame_has_its_figures(two_clips, tmp_path) -> None:
    it = benchmark(two_clips, system("a"), metrics={"error": ERROR, "motion": MOTION})
    (outcome,) = evaluate(plan(tmp_path / "out", it), nobody)
    for record in outcome.records:
        assert record.frames == 5
        assert record.size == (48, 32)
        assert record.indices == [0, 1, 2, 3, 4]
        assert min(record.scores["error"]) > 0
        first, *others = record.scores["motion"]
        assert first is None
        assert min(others) > 0
    means = [record.mean("error") for record in outcome.records]
    assert outcome.mean("error") == pytest.approx(sum(means) / 2)


def test_sides_that_do_not_divide_are_cut_for_result_and_truth_alike(tmp_path) -> None:
    write_clip(tmp_path / "clips", "odd", frames=2, size=(51, 34))
    it = benchmark(tmp_path / "clips", system("a"))
    (outcome,) = evaluate(plan(tmp_path / "out", it), nobody)
    assert outcome.records[0].size == (48, 32)


def test_centre_protocol_feeds_the_mirrored_clip_and_scores_one_frame(tmp_path) -> None:
    write_clip(tmp_path / "clips", "septuplet", frames=7)
    enlarger, metrics = Enlarger(), {"error": ERROR, "motion": MOTION}
    centre = benchmark(
        tmp_path / "clips", system("a", enlarger), metrics=metrics, protocol=CENTRE
    )
    every = benchmark(tmp_path / "clips", system("a"), metrics=metrics, name="every")
    one, whole = evaluate(plan(tmp_path / "out", centre, every), nobody)
    assert enlarger.asked == [("septuplet", 14)]
    assert enlarger.made == 14
    assert one.records[0].indices == [3]
    for name in metrics:
        assert one.records[0].scores[name] == whole.records[0].scores[name][3:4]


def test_results_are_taken_one_at_a_time_by_all_systems_together(two_clips, tmp_path) -> None:
    events: list[str] = []

    def told(name: str) -> Enlarger:
        def spoil(index, frame):
            events.append(f"{name}{index}")
            return frame

        return Enlarger(spoil)

    def score(_: Moment) -> float:
        events.append("scored")
        return 0.0

    metrics = {"it": Metric(title="it", better="lower", score=score)}
    it = benchmark(two_clips, system("a", told("a")), system("b", told("b")), metrics=metrics)
    evaluate(plan(tmp_path / "out", replace(it, clips=it.clips[:1])), nobody)
    assert events[:8] == ["a0", "b0", "scored", "scored", "a1", "b1", "scored", "scored"]


def test_truth_is_looked_at_once_for_all_systems(two_clips, tmp_path, monkeypatch) -> None:
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
    it = benchmark(two_clips, system("a"), system("b"), ground_truth(), metrics=metrics)
    it = replace(it, clips=it.clips[:1])
    outcomes = evaluate(plan(tmp_path / "out", it, judges=judges, limit=3), nobody)
    assert len(seen) == 3 * 3  # two results and the truth
    assert outcomes[0].mean("tof") > outcomes[2].mean("tof") == 0


def test_finished_clips_are_not_measured_again(two_clips, tmp_path) -> None:
    enlarger = Enlarger()
    it = plan(tmp_path / "out", benchmark(two_clips, system("a", enlarger)))
    first = evaluate(it, nobody)
    assert evaluate(it, nobody) == first
    assert enlarger.asked == [("one", 5), ("three", 5)]


def test_only_a_new_system_is_measured(two_clips, tmp_path) -> None:
    old, new = Enlarger(), Enlarger()
    evaluate(plan(tmp_path / "out", benchmark(two_clips, system("a", old))), nobody)
    both = benchmark(two_clips, system("a", old), system("b", new))
    outcomes = evaluate(plan(tmp_path / "out", both), nobody)
    assert [outcome.system.name for outcome in outcomes] == ["a", "b"]
    assert len(old.asked) == len(new.asked) == 2


def test_a_metric_that_is_missing_is_added(two_clips, tmp_path) -> None:
    evaluate(plan(tmp_path / "out", benchmark(two_clips, system("a"))), nobody)

    def never(_: Moment) -> float:
        raise AssertionError

    metrics = {"error": replace(ERROR, score=never), "motion": MOTION}
    it = benchmark(two_clips, system("a"), metrics=metrics)
    (outcome,) = evaluate(plan(tmp_path / "out", it), nobody)
    assert outcome.mean("error") > 0
    assert outcome.mean("motion") > 0


def test_changed_weights_are_measured_again(two_clips, tmp_path) -> None:
    enlarger = Enlarger()
    for weights in ("ab", "cd", "cd"):
        it = benchmark(two_clips, system("a", enlarger, weights))
        evaluate(plan(tmp_path / "out", it), nobody)
    assert len(enlarger.asked) == 4


def test_changed_networks_of_the_metrics_are_asked_again(two_clips, tmp_path) -> None:
    enlarger = Enlarger()
    it = benchmark(two_clips, system("a", enlarger))
    for digest in ("ab", "cd", "cd"):
        files = {"raft_small.pth": digest}
        (outcome,) = evaluate(plan(tmp_path / "out", it, judge_files=files), nobody)
        assert outcome.records[0].judges == files
    assert len(enlarger.asked) == 4


def test_a_run_that_failed_goes_on_where_it_was(two_clips, tmp_path) -> None:
    good = Enlarger()

    def fail_at_the_second_clip(_, frame):
        if len(bad.asked) == 2:
            raise RuntimeError("out of\nabaci")
        return frame

    bad = Enlarger(fail_at_the_second_clip)
    systems = (system("good", good), system("bad", bad))
    with pytest.raises(
        DataError, match=r"^bad on three: the system failed \(out of abaci\)\. "
    ):
        evaluate(plan(tmp_path / "out", benchmark(two_clips, *systems)), nobody)
    mended = (system("good", good), system("bad", Enlarger()))
    outcomes = evaluate(plan(tmp_path / "out", benchmark(two_clips, *mended)), nobody)
    assert [len(outcome.records) for outcome in outcomes] == [2, 2]
    assert good.asked == [("one", 5), ("three", 5), ("three", 5)]


def fail_politely(*_):
    raise DataError("disk: is full (0 bytes). Free it.")


@pytest.mark.catalogue("T64")
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda _, frame: frame[:, 1:], r"frame 1 has another size .* \(48x31, not 48x32\)"),
        (lambda _, frame: frame.log().sqrt() * torch.nan, "frame 1 has pixels that are not"),
        (fail_politely, r"disk: is full \(0 bytes\)\. Free it\."),
    ],
)
def test_what_does_not_fit_is_an_error(two_clips, tmp_path, spoil, message) -> None:
    it = benchmark(two_clips, system("a", Enlarger(spoil)))
    with pytest.raises(DataError, match=f"^a on one: {message}") as raised:
        evaluate(plan(tmp_path / "out", it), nobody)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.catalogue("T64")
@pytest.mark.parametrize(("extra", "message"), [(-1, "fewer .*4 of 5"), (1, "more .*6 of 5")])
def test_wrong_number_of_frames_is_an_error(two_clips, tmp_path, extra, message) -> None:
    def upscale(clip, _):
        yield from torch.zeros(len(clip) + extra, 3, 32, 48)

    it = benchmark(two_clips, replace(system("a"), upscale=upscale))
    with pytest.raises(DataError, match=f"^a on one: makes {message}"):
        evaluate(plan(tmp_path / "out", it), nobody)


@pytest.mark.parametrize("figure", [math.nan, math.inf])
def test_figure_that_is_no_number_is_an_error(two_clips, tmp_path, figure) -> None:
    metrics = {"it": Metric(title="it", better="lower", score=lambda _: figure)}
    it = benchmark(two_clips, system("a"), metrics=metrics)
    with pytest.raises(DataError, match="it of frame 1 is not a number"):
        evaluate(plan(tmp_path / "out", it), nobody)


def test_clip_without_frames_is_an_error(two_clips, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("videogigagan.evaluate.lockstep.read_frames", lambda _: iter(()))
    with pytest.raises(DataError, match="holds no frames"):
        evaluate(plan(tmp_path / "out", benchmark(two_clips, system("a"))), nobody)


def test_truth_is_a_system_without_error_or_time(two_clips, tmp_path) -> None:
    it = benchmark(two_clips, ground_truth())
    (outcome,) = evaluate(plan(tmp_path / "out", it), nobody)
    assert outcome.mean("error") == 0
    assert outcome.seconds is None


def test_only_the_system_is_timed(two_clips, tmp_path, monkeypatch) -> None:
    """A clock that goes on by one whenever it is read: 5 frames and the end are 6 steps."""
    now = iter(range(1000))
    monkeypatch.setattr(lane.time, "perf_counter", lambda: next(now))
    (outcome,) = evaluate(plan(tmp_path / "out", benchmark(two_clips, system("a"))), nobody)
    assert outcome.seconds == pytest.approx(6 / 5)


def test_progress_counts_frames_of_all_systems(two_clips, tmp_path) -> None:
    told: list[tuple[str, int, int | None]] = []
    it = benchmark(two_clips, system("a"), system("b"))
    evaluate(
        plan(tmp_path / "out", it, limit=3),
        lambda label, progress: told.append((label, progress.done, progress.total)),
    )
    assert told[0] == ("noise, BI: one", 0, 12)
    assert told[-1] == ("noise, BI: three", 12, 12)


def test_first_frames_alone_can_be_used(two_clips, tmp_path) -> None:
    enlarger = Enlarger()
    it = benchmark(two_clips, system("a", enlarger))
    (outcome,) = evaluate(plan(tmp_path / "out", it, limit=2), nobody)
    assert [record.frames for record in outcome.records] == [2, 2]
    evaluate(plan(tmp_path / "out", it), nobody)
    assert len(enlarger.asked) == 4


def test_border_is_the_protocols(two_clips, tmp_path) -> None:
    metrics = {"it": Metric(title="it", better="lower", score=lambda m: float(m.border))}
    it = benchmark(two_clips, system("a"), metrics=metrics, protocol=Protocol(border=8))
    assert evaluate(plan(tmp_path / "out", it), nobody)[0].mean("it") == 8


def test_a_sets_own_small_frames_are_used_for_bi_alone(two_clips, tmp_path) -> None:
    write_clip(tmp_path / "small", "one", frames=5, size=(12, 8))
    seen: list[torch.Tensor] = []

    def upscale(clip, _):
        seen.append(clip)
        yield from torch.zeros(5, 3, 32, 48)

    it = benchmark(two_clips, replace(system("a"), upscale=upscale))
    clip = replace(it.clips[0], small=Path(tmp_path / "small" / "one"))
    given = replace(it, clips=(clip,))
    evaluate(plan(tmp_path / "out", given, replace(given, degradation="bd")), nobody)
    reduced = replace(it, clips=it.clips[:1])
    evaluate(plan(tmp_path / "other", reduced), nobody)
    assert not torch.equal(seen[0], seen[2])
    assert seen[1].shape == seen[2].shape


def test_no_frames_at_all_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match="frames must be at least 1, not 0"):
        plan(tmp_path, limit=0)
