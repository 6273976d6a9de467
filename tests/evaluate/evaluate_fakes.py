"""Small clips, systems and metrics whose figures are known beforehand."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from videogigagan.data.datasets import DATA_SETS, Protocol, find_clips
from videogigagan.evaluate.benchmark import Benchmark
from videogigagan.evaluate.metric import Metric
from videogigagan.evaluate.moment import Moment
from videogigagan.evaluate.plan import Plan
from videogigagan.evaluate.systems import System
from videogigagan.ops.resize import bicubic_upsample


def write_clip(folder: Path, name: str, frames: int = 5, size: tuple[int, int] = (48, 32)):
    """Noise that goes one pixel to the right with each frame, as PNG images."""
    width, height = size
    (folder / name).mkdir(parents=True)
    noise = np.random.default_rng(len(name)).integers(0, 256, (height, width, 3))
    for index in range(frames):
        picture = np.roll(noise, index, axis=1).astype(np.uint8)
        Image.fromarray(picture).save(folder / name / f"{index:03d}.png")


def error(moment: Moment) -> float:
    """How far result and truth are apart."""
    return (moment.result.picture - moment.truth.picture).square().mean().item()


def motion(moment: Moment) -> float | None:
    """How much the truth changes; the first frame cannot tell."""
    if moment.truth.before is None:
        return None
    return (moment.truth.picture - moment.truth.before.picture).abs().mean().item()


ERROR = Metric(title="error", better="lower", score=error)
MOTION = Metric(title="motion", better="lower", score=motion)


class Enlarger:
    """A system that counts what it is asked for, and can be made to misbehave."""

    def __init__(self, spoil: Callable[[int, Tensor], Tensor] = lambda _, frame: frame) -> None:
        self.spoil = spoil
        self.asked: list[tuple[str, int]] = []
        self.made = 0

    def upscale(self, clip: Tensor, name: str) -> Iterator[Tensor]:
        self.asked.append((name, len(clip)))
        for index, frame in enumerate(clip):
            self.made += 1
            yield self.spoil(index, bicubic_upsample(frame[None], 4)[0])


def system(name: str, enlarger: Enlarger | None = None, weights: str | None = None) -> System:
    return System(
        name=name,
        title=name.title(),
        parameters=None if weights is None else 1_230_000,
        weights=weights,
        upscale=(enlarger or Enlarger()).upscale,
    )


def benchmark(
    root: Path,
    *systems: System,
    metrics: dict[str, Metric] | None = None,
    protocol: Protocol | None = None,
    name: str = "noise",
) -> Benchmark:
    return Benchmark(
        name=name,
        title=f"{name}, BI",
        degradation="bi",
        protocol=protocol or Protocol(),
        clips=tuple(find_clips(DATA_SETS["clips"], root)),
        systems=systems,
        metrics=metrics or {"error": ERROR},
    )


def plan(out: Path, *benchmarks: Benchmark, **options) -> Plan:
    return Plan(benchmarks=benchmarks, out=out, **options)
