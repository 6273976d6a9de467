"""What the loop adds to a step: `python benchmarks/training_overhead.py`.

Trains `base-4x` on clips for a few steps and prints how much of their time goes by outside the
networks: for data, journal, moving average and saved states.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np
import tyro
from PIL import Image

from videogigagan.data.settings import Weighted
from videogigagan.train.average import MovingAverage
from videogigagan.train.devices import open_devices
from videogigagan.train.journal import Journal
from videogigagan.train.loop import run
from videogigagan.train.recipes import recipe
from videogigagan.train.state import RunState
from videogigagan.train.step import Learner

SIDE = 512
"""Side of the photos that are learnt from where none are given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overhead:
    """Measure what the training loop takes beside the networks."""

    photos: tuple[str, ...] = ()
    """Folders of photos; noise unless given."""
    videos: tuple[str, ...] = ()
    """Folders of videos."""
    judges: Path | None = None
    """Folder with lpips_alex.pth; LPIPS weighs nothing unless given."""
    workers: int = 0
    """Processes that make clips; with 0 nothing of that time is hidden behind the networks."""
    steps: int = 6
    """Steps; the first is left out."""

    def run(self) -> None:
        """Print where the time goes."""
        with TemporaryDirectory() as scratch:
            self._measure(Path(scratch))

    def _measure(self, scratch: Path) -> None:
        photos = self.photos or (() if self.videos else (noise(scratch / "photos"),))
        config = recipe("base-4x", "video")
        data = replace(
            config.data,
            photos=tuple(Weighted(path=place) for place in photos),
            videos=tuple(Weighted(path=place) for place in self.videos),
            workers=self.workers,
            held_out=0.0,
        )
        losses = replace(config.losses, lpips=config.losses.lpips if self.judges else 0.0)
        config = replace(config, data=data, losses=losses, steps=self.steps)
        learning, averaging, saving = Clock(), Clock(), Clock()
        with (
            mock.patch.object(Learner, "step", learning.around(Learner.step)),
            mock.patch.object(MovingAverage, "update", averaging.around(MovingAverage.update)),
            mock.patch.object(RunState, "save", saving.around(RunState.save)),
            open_devices("cpu") as devices,
        ):
            steps = run(
                config,
                scratch / "run",
                judges=self.judges,
                devices=devices,
                observers=[Journal()],
            )
            next(steps)
            for clock in (learning, averaging):
                clock.seconds = 0.0
            began = time.perf_counter()
            waited = sum(figures.waited for figures in steps)
            whole = time.perf_counter() - began - saving.seconds
        count = self.steps - 1
        networks = (learning.seconds - averaging.seconds) / count
        parts = {
            "data": waited / count,
            "moving average": averaging.seconds / count,
            f"saved state, every {config.save_every} steps": saving.seconds / config.save_every,
            "journal and the rest": (whole - waited - learning.seconds) / count,
        }
        print(f"networks: {networks:.3f} s a step")
        for name, seconds in parts.items():
            print(f"{name}: {seconds:.4f} s a step, {seconds / networks:.1%} of the networks")
        print(f"together: {sum(parts.values()) / networks:.1%} of the networks")


class Clock:
    """Adds up the time that calls take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, work: Callable) -> Callable:
        """The same function, timed."""

        def timed(*arguments: object, **named: object) -> object:
            began = time.perf_counter()
            try:
                return work(*arguments, **named)
            finally:
                self.seconds += time.perf_counter() - began

        return timed


def noise(folder: Path) -> str:
    """Write photos of noise, which take longest to decode."""
    folder.mkdir()
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return str(folder)


if __name__ == "__main__":
    tyro.cli(Overhead, description=__doc__).run()
