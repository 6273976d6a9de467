"""What a run shows of itself, and to whom: journal, samples and validation look on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch

from videogigagan.model.generator import Generator
from videogigagan.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class StepFigures:
    """What there is to say about one step."""

    step: int
    """Steps made, this one included."""
    figures: dict[str, float]
    """Means over the batch: `generator/total`, `generator/lpips`, `discriminator/real` and so
    on, unweighted save for the totals; `…/gradient` is the length of the whole gradient. What
    weighs nothing is absent, and R1 between its steps."""
    rate: float
    """Learning rate of the generator."""
    seconds: float
    """Wall time of the step."""
    waited: float
    """How much of it went by waiting for data."""
    skipped: tuple[str, ...] = ()
    """Files that could not be read, on any device."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunView:
    """A run, as those see it who look on."""

    config: TrainConfig
    """What it is."""
    folder: Path
    """Where it lies."""
    step: int
    """Steps made."""
    generator: Generator
    """The averaged generator, for evaluation; up to date only after steps that an observer
    `looks_at`, and nobody's to change."""
    device: torch.device
    """Where that generator is."""
    ranks: int
    """Devices that train."""


@runtime_checkable
class Observer(Protocol):
    """Looks on from the first device; the others wait as long as it looks."""

    def looks_at(self, step: int) -> bool:
        """Whether `after_step` will use the generator; must follow from `step` alone."""
        ...

    def started(self, run: RunView) -> None:
        """A run begins, or goes on after `run.step` steps; what came later is void."""
        ...

    def after_step(self, run: RunView, figures: StepFigures) -> None:
        """A step has been made."""
        ...

    def stopped(self, run: RunView, reason: str) -> None:
        """The run ends: `finished`, `interrupted`, or the line of an error."""
        ...
