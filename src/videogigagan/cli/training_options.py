"""Options that the stages of training share, and the configuration that they add up to."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import tyro

from videogigagan.data.settings import DataConfig, Weighted
from videogigagan.errors import ConfigError
from videogigagan.frozen.trunks import Trunk
from videogigagan.train.config import Precision, Stage, TrainConfig
from videogigagan.train.config_file import load_config
from videogigagan.train.recipes import ablation_recipe, recipe

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """What is learnt from.

    Folders are given as FOLDER or FOLDER:WEIGHT; clips are drawn from all of them, in
    proportion to their weights.
    """

    videos: tuple[str, ...] = ()
    """Folders of videos, each file one shot."""
    photos: tuple[str, ...] = ()
    """Folders of photos, which become clips by synthetic camera motion."""
    reds: tuple[str, ...] = ()
    """Folders of REDS."""
    vimeo: tuple[str, ...] = ()
    """Folders of Vimeo-90K's septuplets."""
    degradation: Literal["bi", "bd", "real"] | None = None
    """How clips are made small: bi (bicubic), bd (blur and subsample), real (random blur,
    resizing, noise and compression)."""
    crop: int | None = None
    """Side of a clip, in pixels of the small frames."""
    workers: int | None = None
    """Processes that make clips; 0 makes them in between."""
    held_out: float | None = None
    """Share of the files that validation sees, and training never."""

    def applied(self, data: DataConfig, frames: int | None = None) -> DataConfig:
        """The same data, with what was asked for in place of it."""
        return replace(
            data,
            videos=_weighted(self.videos) or data.videos,
            photos=_weighted(self.photos) or data.photos,
            reds=_weighted(self.reds) or data.reds,
            vimeo=_weighted(self.vimeo) or data.vimeo,
            degradation=self.degradation or data.degradation,
            frames=given(frames, data.frames),
            small_size=given(self.crop, data.small_size),
            workers=given(self.workers, data.workers),
            held_out=given(self.held_out, data.held_out),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How it is learnt. What is not given is as the preset, or the file of --config, has it."""

    preset: str = "base-4x"
    """tiny, base-4x, paper-4x or paper-8x; the paper's have the paper's recipe."""
    row: str | None = None
    """Row of the paper's Table 1 to train in place of the complete model: image, +temporal,
    +propagation, +blurpool or +shuttle."""
    config: Path | None = None
    """A configuration to take instead of a preset, such as the config.json of a run."""
    steps: int | None = None
    """Optimiser steps."""
    batch: int | None = None
    """Clips in a step, over all devices."""
    micro_batch: int | None = None
    """Clips at once on one device; gradients of the others are added up."""
    precision: Precision | None = None
    """fp32, or bf16 where autocast sees fit."""
    checkpointing: bool = False
    """Compute activations twice rather than keep them: less memory, more time."""
    trunk: Trunk | None = None
    """Network behind LPIPS as a loss."""
    seed: int | None = None
    """Start of every random choice."""
    save_every: int | None = None
    """Steps between saved states."""
    sample_every: int | None = None
    """Steps between sample pictures."""
    validate_every: int | None = None
    """Steps between validations."""

    def chosen(self, stage: Stage) -> TrainConfig:
        """The preset or file for a stage, with what was asked for in place of it.

        Raises:
            ConfigError: There is no such preset, row or file, it is of another stage, or the
                values do not fit one another.
        """
        config = self._named(stage)
        if config.stage != stage:
            raise ConfigError(
                f"{self.config or config.name}: is of the {config.stage} stage, not of the "
                f"{stage} stage. Use `videogigagan train {config.stage}`."
            )
        return self.applied(config)

    def _named(self, stage: Stage) -> TrainConfig:
        if self.row is not None and self.config is not None:
            raise ConfigError("--row and --config exclude each other. Give one.")
        if self.config is not None:
            return load_config(self.config)
        if self.row is not None:
            return ablation_recipe(self.preset, self.row)
        return recipe(self.preset, stage)

    def applied(self, config: TrainConfig) -> TrainConfig:
        """The same run, with what was asked for in place of it."""
        return replace(
            config,
            steps=given(self.steps, config.steps),
            batch=given(self.batch, config.batch),
            micro_batch=given(self.micro_batch, config.micro_batch),
            precision=given(self.precision, config.precision),
            checkpointing=self.checkpointing or config.checkpointing,
            trunk=given(self.trunk, config.trunk),
            seed=given(self.seed, config.seed),
            save_every=given(self.save_every, config.save_every),
            sample_every=given(self.sample_every, config.sample_every),
            validate_every=given(self.validate_every, config.validate_every),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """Where it happens."""

    out: Annotated[Path | None, tyro.conf.arg(aliases=("-o",))] = None
    """Folder of the run, which goes on where it was if it was there; runs/NAME unless given."""
    judges: Path | None = None
    """Folder with the weights of LPIPS, for the loss, and of other networks that validation
    asks, such as lpips_alex.pth."""
    device: Annotated[str, tyro.conf.arg(aliases=("-d",))] = "auto"
    """auto (a GPU if there is one), cpu, cuda:0."""
    shard: bool = False
    """Under torchrun: spread the generator over the devices rather than copy it (FSDP2)."""
    tensorboard: bool = False
    """Draw curves for TensorBoard too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What can be done short of training."""

    write_config: Path | None = None
    """Write the configuration to this file, to be edited and given as --config, and end."""
    dry_run: bool = False
    """Say what would be trained, on what, and what it takes, and end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """What an ablation trains, and what its table is measured on."""

    budget: str = "20m"
    """Time for all training, such as 90s, 20m or 8h; it decides how many steps there are,
    unless --steps does."""
    frames: int | None = None
    """Length of a clip."""
    propagation: Path | None = None
    """Released BasicVSR or BasicVSR++ weights for flow and propagation to start from."""
    eval_data: str = ""
    """Data sets for the table, such as vid4=FOLDER:bi; held-out clips unless given."""
    eval_frames: int | None = None
    """Use this many frames of each of their clips."""
    metrics: str = "psnr,lpips,e_warp,e_ref"
    """Columns of the table, as `evaluate` names them."""


def given(wanted: Value | None, standard: Value) -> Value:
    """What was asked for, or else the standard."""
    return standard if wanted is None else wanted


def learns_from(config: TrainConfig) -> DataConfig:
    """The data of a run, which clips are drawn from.

    Raises:
        ConfigError: It learns from cached features.
    """
    if not isinstance(config.data, DataConfig):
        raise ConfigError(
            f"{config.name}: learns from cached features ({config.data.folder}). Use "
            "tools/train_base_4x.py, or a configuration with folders of material."
        )
    return config.data


def folder_of(config: TrainConfig, machine: Machine) -> Path:
    """Where a run lies."""
    return given(machine.out, Path("runs") / config.name)


def _weighted(texts: tuple[str, ...]) -> tuple[Weighted, ...]:
    return tuple(_parse(text) for text in texts)


def _parse(text: str) -> Weighted:
    """FOLDER:WEIGHT; a colon with no number after it belongs to the folder."""
    folder, _, tail = text.rpartition(":")
    if folder and tail.replace(".", "", 1).isdigit():
        return Weighted(path=folder, weight=float(tail))
    return Weighted(path=text, weight=1.0)
