"""All systems through one clip together, a frame at a time.

The original is read twice, to make the small clip and to compare with. The flow network looks
at it once for all systems. No large clip is ever whole in memory.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.data.datasets import SCALE, ClipFiles, mirrored, read_frames, read_small
from videogigagan.data.degrade import DEGRADATIONS, crop_to_multiple
from videogigagan.errors import DataError
from videogigagan.evaluate.about import machine
from videogigagan.evaluate.benchmark import Benchmark
from videogigagan.evaluate.journal import Record
from videogigagan.evaluate.lane import Lane
from videogigagan.evaluate.metric import Metric
from videogigagan.evaluate.pieces import Gallery
from videogigagan.evaluate.plan import Plan, ground_truth
from videogigagan.evaluate.sharing import Original
from videogigagan.evaluate.systems import System


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One clip, and what is still to be measured on it."""

    benchmark: Benchmark
    """What the clip belongs to."""
    clip: ClipFiles
    """The clip."""
    systems: tuple[tuple[System, Mapping[str, Metric]], ...]
    """Systems, each with the metrics that are missing."""


def measure(plan: Plan, job: Job, tick: Callable[[], None]) -> list[Record]:
    """Take all systems of a job through its clip; the parts that figures show are saved.

    Args:
        plan: What the job is part of.
        job: The clip and the systems.
        tick: Called after each frame of each system.

    Raises:
        DataError: The clip cannot be read, a system fails, or its frames do not fit.
    """
    started = time.monotonic()
    clip, protocol = job.clip, job.benchmark.protocol
    small = small_clip(clip, job.benchmark.degradation, plan.limit)
    fed = mirrored(small) if protocol.mirrored else small
    lanes = [Lane(system, clip.name, fed, metrics) for system, metrics in job.systems]
    middle = len(small) // 2
    scored = [middle] if protocol.scored == "centre" else list(range(len(small)))
    gallery = Gallery(middle)
    original = None
    for index, truth in enumerate(true_frames(clip, plan.limit)):
        results = {lane.system.name: lane.take(truth) for lane in lanes}
        gallery.add(truth, results)
        if original is None:
            original = Original(truth, truth, judges=plan.judges, border=protocol.border)
        else:
            original = original.next(truth, truth)
        for lane in lanes:
            lane.judge(results[lane.system.name], original, scored=index in scored)
            tick()
    for lane in lanes:
        lane.finish()
    tasks = [plan.task(job.benchmark, clip, system) for system, _ in job.systems]
    gallery.save(
        plan.pieces(plan.task(job.benchmark, clip, ground_truth())),
        {task.system: plan.pieces(task) for task in tasks},
    )
    height, width = (SCALE * side for side in small.shape[-2:])
    return [
        Record(
            task=task,
            frames=len(small),
            size=(width, height),
            seconds=lane.seconds,
            cost=(time.monotonic() - started) / len(lanes),
            machine=machine(),
            judges=dict(plan.judge_files),
            indices=scored,
            scores=lane.scores,
        )
        for task, lane in zip(tasks, lanes, strict=True)
    ]


def true_frames(clip: ClipFiles, limit: int | None) -> Iterator[Float[Tensor, "3 H W"]]:
    """The original's frames, cut to what reduces evenly; the first `limit` of them."""
    for frame in islice(read_frames(clip), limit):
        yield crop_to_multiple(frame, SCALE)


def small_clip(
    clip: ClipFiles, degradation: str, limit: int | None
) -> Float[Tensor, "t 3 h w"]:
    """What systems are given: the set's own reduced frames for BI, or else reduced here.

    Raises:
        DataError: The clip cannot be read, or has no frames.
    """
    if clip.small is not None and degradation == "bi":
        frames = list(islice(read_small(clip), limit))
    else:
        frames = [DEGRADATIONS[degradation](frame) for frame in true_frames(clip, limit)]
    if not frames:
        raise DataError(f"{clip.place}: holds no frames. Fetch the clip again.")
    return torch.stack(frames)
