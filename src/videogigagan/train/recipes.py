"""How each preset is trained: the paper's recipe, and ours for small machines."""

from dataclasses import replace

from videogigagan.data.settings import DataConfig
from videogigagan.errors import ConfigError
from videogigagan.model.config import DiscriminatorConfig, GeneratorConfig
from videogigagan.model.presets import (
    TABLE_1_ROWS,
    discriminator_preset,
    generator_preset,
    table_1_row,
    without_temporal,
)
from videogigagan.train.config import OptimiserConfig, Stage, TrainConfig


def recipe(preset: str, stage: Stage) -> TrainConfig:
    """The settings of one stage; the material is still to be named.

    The image stage trains the generator on single frames, without temporal modules and without
    propagation. The video stage is meant to start from its weights: temporal modules and what
    propagation adds are zero at first, so a fresh video model equals its image model (D13).
    `base-4x` needs propagation to make a picture; there it is frozen in both stages.

    Args:
        preset: Name of a generator, `tiny`, `base-4x`, `paper-4x` or `paper-8x`.
        stage: `image` or `video`.

    Raises:
        ConfigError: There is no such preset.
    """
    if preset == "tiny":
        return _tiny(stage)
    if preset == "base-4x":
        return _base(stage)
    if preset in ("paper-4x", "paper-8x"):
        return _paper(preset, stage)
    raise ConfigError(
        f"preset '{preset}' has no recipe. Choose tiny, base-4x, paper-4x or paper-8x."
    )


def ablation_recipe(preset: str, row: str) -> TrainConfig:
    """The settings of one row of Table 1; the first is an image stage, the rest go on from it.

    Raises:
        ConfigError: There is no such preset or row.
    """
    image = row == TABLE_1_ROWS[0]
    config = recipe(preset, "image" if image else "video")
    generator = table_1_row(generator_preset(preset), row)
    if generator.propagation is not None:
        generator = replace(generator, stem="add")
    return replace(config, name=f"{preset} {row}", generator=generator)


def image_generator(config: GeneratorConfig) -> GeneratorConfig:
    """The image model inside a video model: frames alone, nothing between them."""
    return replace(without_temporal(config), propagation=None, stem="replace")


def image_discriminator(config: DiscriminatorConfig) -> DiscriminatorConfig:
    """The image discriminator inside one for clips."""
    return replace(config, levels=tuple(replace(level, temporal=0) for level in config.levels))


def _generator(preset: str, stage: Stage) -> GeneratorConfig:
    config = generator_preset(preset)
    return image_generator(config) if stage == "image" else replace(config, stem="add")


def _discriminator(preset: str, stage: Stage) -> DiscriminatorConfig:
    config = discriminator_preset(preset)
    return image_discriminator(config) if stage == "image" else config


def _paper(preset: str, stage: Stage) -> TrainConfig:
    """Sec. 4.1: the defaults of every field. Precision and checkpointing are ours: one GPU."""
    return TrainConfig(
        name=f"{preset} {stage}",
        stage=stage,
        generator=_generator(preset, stage),
        discriminator=_discriminator(preset, stage),
        data=DataConfig(frames=_frames(stage, 10), workers=8),
        precision="bf16",
        checkpointing=True,
        save_every=1000,
        sample_every=1000,
        validate_every=5000,
    )


def _base(stage: Stage) -> TrainConfig:
    """For a laptop: small batches, a higher rate that falls, propagation as it is released."""
    image = stage == "image"
    generator = generator_preset("base-4x")
    return TrainConfig(
        name=f"base-4x {stage}",
        stage=stage,
        generator=without_temporal(generator) if image else generator,
        discriminator=_discriminator("base-4x", stage),
        data=DataConfig(frames=_frames(stage, 4), small_size=48, candidates=2),
        trunk="alex",
        optimiser=OptimiserConfig(
            rate=4e-4 if image else 3e-4,
            discriminator_rate=2e-4,
            betas=(0.9, 0.99),
            warmup=100 if image else 30,
            schedule="cosine",
            gradient_norm=2.0,
        ),
        steps=4000 if image else 1000,
        batch=4 if image else 2,
        micro_batch=4 if image else 2,
        average=0.997 if image else 0.995,
        frozen_propagation=True,
        save_every=100,
        sample_every=200,
        validate_every=500,
    )


def _tiny(stage: Stage) -> TrainConfig:
    """To see the machinery run: minutes on one core, and no picture worth looking at."""
    return TrainConfig(
        name=f"tiny {stage}",
        stage=stage,
        generator=_generator("tiny", stage),
        discriminator=_discriminator("tiny", stage),
        data=DataConfig(frames=_frames(stage, 3), small_size=16, workers=0),
        trunk="alex",
        optimiser=OptimiserConfig(rate=2e-3, discriminator_rate=2e-3, flow_frozen=50),
        steps=200,
        batch=2,
        micro_batch=2,
        average=0.99,
        save_every=50,
        sample_every=50,
        validate_every=100,
    )


def _frames(stage: Stage, video: int) -> int:
    return 1 if stage == "image" else video
