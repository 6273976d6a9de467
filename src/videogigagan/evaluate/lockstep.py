"""All systems through one clip together, a frame at a time.

The original is read once more for each way of making it small, and what the judges see in it is
shared by all systems. No large clip is ever whole in memory.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.data.datasets import SCALE, ClipFiles, mirrored, read_frames, read_small
from videogigagan.data.degrade import crop_to_multiple
from videogigagan.data.reductions import REDUCTIONS
from videogigagan.errors import DataError
from videogigagan.evaluate.about import machine
from videogigagan.evaluate.benchmark import Benchmark
from videogigagan.evaluate.journal import Record
from videogigagan.evaluate.lane import Lane
from videogigagan.evaluate.metric import Metric
from videogigagan.evaluate.pieces import Gallery
from videogigagan.evaluate.plan import Plan, ground_truth
from videogigagan.evaluate.systems import System
from videogigagan.evaluate.view import Frame, View


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What is still to be measured on a clip for one benchmark."""

    benchmark: Benchmark
    """What the clip belongs to."""
    systems: tuple[tuple[System, Mapping[str, Metric]], ...]
    """Systems, each with the metrics that are missing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One clip, and what is still to be measured on it."""

    clip: ClipFiles
    """The clip."""
    parts: tuple[Part, ...]
    """One at least; they have one protocol, and differ in how the clip is made small."""

    @property
    def title(self) -> str:
        """For people: benchmarks and clip."""
        return f"{' and '.join(part.benchmark.title for part in self.parts)}: {self.clip.name}"

    @property
    def results(self) -> int:
        """How many results each frame has."""
        return sum(len(part.systems) for part in self.parts)


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
    groups = [_Group(plan, job.clip, part) for part in job.parts]
    before: Frame | None = None
    for index, picture in enumerate(true_frames(job.clip, plan.limit)):
        for group in groups:
            group.take(picture)
        truth = View(Frame(picture, plan.judges), before)
        for group in groups:
            group.judge(index, truth, tick)
        before = truth.frame
        del truth  # all that was found out about it is large, and the systems come next
    for group in groups:
        group.finish()
    cost = (time.monotonic() - started) / job.results
    return [record for group in groups for record in group.records(cost)]


class _Group:
    """The systems of one part on their way through the clip."""

    def __init__(self, plan: Plan, clip: ClipFiles, part: Part) -> None:
        self._plan = plan
        self._benchmark = part.benchmark
        protocol = part.benchmark.protocol
        small = small_clip(clip, part.benchmark.degradation, plan.limit)
        fed = mirrored(small) if protocol.mirrored else small
        self._lanes = [
            Lane(system, clip.name, fed, metrics) for system, metrics in part.systems
        ]
        self._tasks = [plan.task(part.benchmark, clip, system) for system, _ in part.systems]
        self._truth = plan.pieces(plan.task(part.benchmark, clip, ground_truth()))
        self._frames = len(small)
        height, width = (SCALE * side for side in small.shape[-2:])
        self._size = (width, height)
        middle = self._frames // 2
        self._scored = [middle] if protocol.scored == "centre" else list(range(self._frames))
        self._gallery = Gallery(middle)
        self._results: dict[str, Tensor] = {}

    def take(self, truth: Float[Tensor, "3 h w"]) -> None:
        """Let all systems make their next frame."""
        self._results = {lane.system.name: lane.take(truth) for lane in self._lanes}
        self._gallery.add(truth, self._results)

    def judge(self, index: int, truth: View, tick: Callable[[], None]) -> None:
        """Measure what was taken last."""
        for lane in self._lanes:
            lane.judge(
                self._results[lane.system.name],
                truth,
                border=self._benchmark.protocol.border,
                scored=index in self._scored,
            )
            tick()

    def finish(self) -> None:
        """Let all systems come to their end, and save what figures show."""
        for lane in self._lanes:
            lane.finish()
        folders = {task.system: self._plan.pieces(task) for task in self._tasks}
        self._gallery.save(self._truth, folders)

    def records(self, cost: float) -> list[Record]:
        """What was measured, given the time that each system took."""
        return [
            Record(
                task=task,
                frames=self._frames,
                size=self._size,
                seconds=lane.seconds,
                cost=cost,
                machine=machine(),
                judges=dict(self._plan.judge_files),
                indices=self._scored,
                scores=lane.scores,
            )
            for task, lane in zip(self._tasks, self._lanes, strict=True)
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
        frames = list(REDUCTIONS[degradation](true_frames(clip, limit)))
    if not frames:
        raise DataError(f"{clip.place}: holds no frames. Fetch the clip again.")
    return torch.stack(frames)
