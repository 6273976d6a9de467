"""Synthetic clips and small runs that the tests of videogigagan.train share."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from videogigagan.frozen.lpips import LPIPS
from videogigagan.train.batches import Batch, Feed, Share, clip_numbers
from videogigagan.train.config import LossWeights, Stage, TrainConfig
from videogigagan.train.devices import Devices
from videogigagan.train.loop import run
from videogigagan.train.observe import RunView, StepFigures
from videogigagan.train.recipes import recipe

CPU = Devices(device=torch.device("cpu"))
PLAIN = LossWeights(lpips=0.0)
"""Eq. 2 without LPIPS: no published weights are needed."""


def textured(number: int, frames: int, size: int) -> tuple[Tensor, Tensor]:
    """A drifting texture: small pictures of `size` pixels, and large ones."""
    draws = torch.Generator().manual_seed(number)
    side = 4 * size
    coarse = torch.rand(1, 3, 6, 6, generator=draws)
    fine = torch.rand(1, 3, side // 2, side // 2, generator=draws)
    wide = (side + frames, side + frames)
    canvas = 0.7 * F.interpolate(coarse, wide, mode="bilinear")
    canvas = canvas + 0.3 * F.interpolate(fine, wide, mode="nearest")
    large = torch.stack([canvas[0, :, t : t + side, t : t + side] for t in range(frames)])
    return F.avg_pool2d(large, 4), large


def drifting(config: TrainConfig, share: Share) -> Iterator[list[Batch]]:
    """Batches of textures; clip n follows from n alone."""
    for step in clip_numbers(config, share):
        yield [batch_of(config, clips) for clips in step]


def one_clip(config: TrainConfig, share: Share) -> Iterator[list[Batch]]:
    """The first clips, over and over."""
    first = next(clip_numbers(config, Share(rank=share.rank, ranks=share.ranks)))
    for _ in range(share.step, config.steps):
        yield [batch_of(config, clips) for clips in first]


def batch_of(config: TrainConfig, clips: range) -> Batch:
    """Textures of these numbers."""
    frames, size = config.data.frames, getattr(config.data, "small_size", 16)
    small, large = zip(*(textured(number, frames, size) for number in clips), strict=True)
    return Batch(number=clips[0], small=torch.stack(small), large=torch.stack(large))


def tiny(stage: Stage = "video", **changes: object) -> TrainConfig:
    """The smallest run: 16 pixels, 1 or 2 frames, no published weights, over in seconds.

    Where a gradient is next to nothing, Adam would take a whole step by what rounding made of
    it, and runs that add up in another order would part. Its eps keeps them together.
    """
    config = recipe("tiny", stage)
    data = replace(config.data, frames=1 if stage == "image" else 2)
    settings = {
        "steps": 4,
        "save_every": 2,
        "r1_every": 2,
        "losses": PLAIN,
        "data": data,
        "optimiser": replace(config.optimiser, eps=1e-5),
    }
    return replace(config, **settings | changes)


class Onlooker:
    """Remembers what it is shown."""

    def __init__(self, *, every: int = 1) -> None:
        self.every = every
        self.told: list[tuple[str, int]] = []
        self.reasons: list[str] = []
        self.shown: dict[int, dict[str, Tensor]] = {}

    def looks_at(self, step: int) -> bool:
        return step % self.every == 0

    def started(self, run: RunView) -> None:
        self.told.append(("started", run.step))

    def after_step(self, run: RunView, figures: StepFigures) -> None:
        assert run.step == figures.step
        self.told.append(("step", run.step))
        if self.looks_at(run.step):
            weights = run.generator.state_dict()
            self.shown[run.step] = {key: value.clone() for key, value in weights.items()}

    def stopped(self, run: RunView, reason: str) -> None:
        self.told.append(("stopped", run.step))
        self.reasons.append(reason)


def trained(
    config: TrainConfig,
    folder: Path,
    feed: Feed = drifting,
    *,
    onlooker: Onlooker | None = None,
) -> list[dict[str, float]]:
    """Run, or go on; the figures of every step made."""
    observers = () if onlooker is None else (onlooker,)
    steps = run(config, folder, judges=None, devices=CPU, feed=feed, observers=observers)
    return [step.figures for step in steps]


def tensors(folder: Path) -> dict[str, Tensor]:
    """Every tensor of a run's saved state, by its place."""
    return dict(_leaves(torch.load(folder / "state.pt", weights_only=True), ""))


def _leaves(content: object, place: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(content, Tensor):
        yield place, content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from _leaves(value, f"{place}/{key}")


def untrained_lpips(folder: Path, trunk: str = "alex") -> Path:
    """A file of LPIPS weights that nobody has trained: a distance all the same."""
    torch.manual_seed(0)
    state = {
        key.replace("heads.", "lin") + (".model.1.weight" if "heads" in key else ""): value
        for key, value in LPIPS(trunk).state_dict().items()
    }
    torch.save(state, folder / f"lpips_{trunk}.pth")
    return folder
