"""`videogigagan train`: the paper's recipe from data to weights, in its two stages.

What trains is imported when it is asked for: it takes a second, and other commands need none.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import tyro

from videogigagan.cli.training_options import (
    Machine,
    Material,
    Plan,
    Recipe,
    Table,
    learns_from,
)
from videogigagan.errors import CheckpointError, ConfigError
from videogigagan.train.config import StartConfig, TrainConfig

_GENERATOR = Path("weights/generator.safetensors")
_DISCRIMINATOR = Path("weights/discriminator.safetensors")


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """Train the image model, on single frames; the video model starts from it (Sec. 3.2).

    Started again with the same --out, a run goes on where it was.
    """

    material: Material = field(default_factory=Material)
    recipe: Recipe = field(default_factory=Recipe)
    machine: Machine = field(default_factory=Machine)
    plan: Plan = field(default_factory=Plan)
    propagation: Path | None = None
    """Released BasicVSR weights for flow and propagation, where the image model has them."""

    def run(self) -> None:
        """Train."""
        config = self.recipe.chosen("image")
        config = replace(config, data=self.material.applied(learns_from(config)))
        if self.propagation is not None:
            start = replace(config.start, propagation=str(self.propagation))
            config = replace(config, start=start)
        _begin(checked(config), self.machine, self.plan)


@dataclass(frozen=True, kw_only=True, slots=True)
class Video:
    """Train the video model, on clips.

    Started again with the same --out, a run goes on where it was.
    """

    material: Material = field(default_factory=Material)
    recipe: Recipe = field(default_factory=Recipe)
    machine: Machine = field(default_factory=Machine)
    plan: Plan = field(default_factory=Plan)
    frames: int | None = None
    """Length of a clip."""
    image_model: Path | None = None
    """Image model to start from: the folder of its run, or the file of its generator."""
    propagation: Path | None = None
    """Released BasicVSR or BasicVSR++ weights for flow and propagation to start from."""

    def run(self) -> None:
        """Train."""
        config = self.recipe.chosen("video")
        data = self.material.applied(learns_from(config), self.frames)
        config = replace(config, data=data, start=self._start(config.start))
        _begin(checked(config), self.machine, self.plan)

    def _start(self, start: StartConfig) -> StartConfig:
        if self.image_model is not None:
            start = started_from(self.image_model, start)
        if self.propagation is not None:
            start = replace(start, propagation=str(self.propagation))
        return start


@dataclass(frozen=True, kw_only=True, slots=True)
class Ablate:
    """Train the five models of the paper's Table 1 from one start, and print their table.

    An image model is trained first. Every row starts from it, and all rows learn from the same
    clips for the same number of steps. Started again, the command goes on where it was.
    """

    material: Material = field(default_factory=Material)
    recipe: Recipe = field(default_factory=Recipe)
    machine: Machine = field(default_factory=Machine)
    table: Table = field(default_factory=Table)

    def run(self) -> None:
        """Train and measure."""
        from videogigagan.cli.ablate import Ablation  # noqa: PLC0415 - see above

        Ablation(
            material=self.material,
            recipe=self.recipe,
            machine=self.machine,
            table=self.table,
        ).run()


@dataclass(frozen=True, kw_only=True, slots=True)
class Train:
    """Train weights of your own, on one device, or on many under torchrun."""

    action: (
        Annotated[Image, tyro.conf.subcommand("image", prefix_name=False)]
        | Annotated[Video, tyro.conf.subcommand("video", prefix_name=False)]
        | Annotated[Ablate, tyro.conf.subcommand("ablation", prefix_name=False)]
    )
    """What to train."""

    def run(self) -> None:
        """Do it."""
        self.action.run()


def started_from(image: Path, start: StartConfig) -> StartConfig:
    """Begin with an image model: with its discriminator too, if a run's folder is given.

    Raises:
        CheckpointError: The folder is no run, or has no weights yet.
    """
    if image.is_file():
        return replace(start, image=str(image))
    if not (image / _GENERATOR).is_file():
        raise CheckpointError(
            f"{image}: holds no image model (looked for {_GENERATOR}). Give the folder of a "
            "run that has saved, or a generator's file."
        )
    judge = image / _DISCRIMINATOR
    return replace(
        start,
        image=str(image / _GENERATOR),
        discriminator=str(judge) if judge.is_file() else start.discriminator,
    )


def checked(config: TrainConfig) -> TrainConfig:
    """The same, if propagation has something to start from where it never learns.

    Raises:
        ConfigError: It would stay random.
    """
    frozen = config.frozen_propagation and config.generator.propagation is not None
    start = config.start
    told = start.propagation or start.generator
    if config.generator.stem == "replace":  # its image model propagates, too, or does not fit
        told = told or start.image
    if frozen and told is None:
        raise ConfigError(
            f"{config.name}: propagation stays as it starts, so it cannot start fresh. Give "
            "released weights with --propagation (`make basicvsr` fetches some)."
        )
    return config


def _begin(config: TrainConfig, machine: Machine, plan: Plan) -> None:
    from videogigagan.cli.session import begin  # noqa: PLC0415 - see above

    begin(config, machine, plan)
