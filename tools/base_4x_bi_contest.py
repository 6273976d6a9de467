"""The stages of `base-4x-bi` against an adversary: Eq. 2 in full."""

import argparse
from dataclasses import replace

from base_4x_bi_clips import WARM
from recipe import (
    ADVERSARY,
    PRECISION,
    against_the_same,
    dueling,
    follow,
    start_beyond,
    weights,
)

from videogigagan.model.checkpoint import load_generator
from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import LossWeights, StartConfig, TrainConfig

BEYOND_SETTLED = 1.15
"""How far from BasicVSR's picture `settle` goes, where what it learnt goes 1.

An average of weights and a distance of pixels both pull towards that picture. Clips held out
come out best between 1.1 and 1.2. Against an adversary, pixels weigh less; what those stages
leave needs less of this.
"""


def train_met(arguments: argparse.Namespace) -> None:
    """Eq. 2 in full, and less weight on pixels, until the adversary knows what it looks at."""
    settled = load_generator(weights(arguments, "settle"))
    start = start_beyond(settled, arguments, "settle", BEYOND_SETTLED)
    follow(contest_config(arguments, start), arguments)


def train_contest(arguments: argparse.Namespace) -> None:
    """Go on, more fiercely."""
    follow(fiercer_config(arguments, after="meet"), arguments)


def train_filmed(arguments: argparse.Namespace) -> None:
    """Unlearn to expect that all video is as sharp as what was scaled down."""
    config = fiercer_config(arguments, after="contest")
    data = CacheConfig(folder=str(arguments.run / "filmed-clips"), frames=4)
    follow(replace(config, name="filmed", data=data, steps=450, seed=26), arguments)


def train_renewed(arguments: argparse.Namespace) -> None:
    """Go on with these, against a discriminator that starts from nothing."""
    start = StartConfig(generator=str(weights(arguments, "filmed")))
    config = contest_config(arguments, start)
    config = replace(
        config,
        name="renew",
        data=CacheConfig(folder=str(arguments.run / "gathered"), frames=4),
        steps=700,
        losses=replace(config.losses, features=10.0),
        average=0.997,
        seed=40,
    )
    follow(config, arguments)


def train_widened(arguments: argparse.Namespace) -> None:
    """Go on, more fiercely, and with less weight on pixels."""
    config = widened_config(arguments, after="renew")
    optimiser = replace(config.optimiser, schedule="constant")
    follow(replace(config, name="widen", steps=400, optimiser=optimiser, seed=41), arguments)


def train_finished(arguments: argparse.Namespace) -> None:
    """Let the rate fall; less weight on grid texture, which had left a gap in its place."""
    config = widened_config(arguments, after="widen")
    losses = replace(config.losses, grid=1e4)
    follow(replace(config, name="finish", steps=1300, losses=losses, seed=42), arguments)


def train_one(arguments: argparse.Namespace) -> None:
    """Go on with harder clips, and with still less weight on pixels."""
    follow(branch_config(arguments, name="one", seed=50), arguments)


def train_other(arguments: argparse.Namespace) -> None:
    """The same from the same start, with other draws; the mean of both is distributed."""
    follow(branch_config(arguments, name="other", seed=51), arguments)


def branch_config(arguments: argparse.Namespace, *, name: str, seed: int) -> TrainConfig:
    """From where `finish` ended, against a discriminator that starts from nothing."""
    start = StartConfig(generator=str(weights(arguments, "finish")))
    config = contest_config(arguments, start)
    return replace(
        config,
        name=name,
        data=CacheConfig(folder=str(arguments.run / "enriched"), frames=4),
        steps=2200,
        optimiser=replace(config.optimiser, schedule="cosine"),
        losses=replace(config.losses, gan=0.1, charbonnier=1.0, features=20.0, grid=1e4),
        average=0.997,
        seed=seed,
    )


def widened_config(arguments: argparse.Namespace, *, after: str) -> TrainConfig:
    """On many clips; what they hold in common weighs more than where a pixel lies."""
    config = fiercer_config(arguments, after=after)
    return replace(
        config,
        data=CacheConfig(folder=str(arguments.run / "gathered"), frames=4),
        losses=replace(config.losses, charbonnier=2.0, features=15.0),
        average=0.997,
    )


def fiercer_config(arguments: argparse.Namespace, *, after: str) -> TrainConfig:
    """With more weight on the adversary, and on what others than LPIPS see."""
    config = contest_config(arguments, against_the_same(arguments, after))
    return replace(
        config,
        name="contest",
        steps=1000,
        optimiser=replace(config.optimiser, warmup=20, schedule="cosine"),
        losses=replace(config.losses, gan=0.1, features=10.0),
        seed=25,
    )


def contest_config(arguments: argparse.Namespace, start: StartConfig) -> TrainConfig:
    """Against a small discriminator that is shown EfficientNet's features."""
    return TrainConfig(
        name="meet",
        stage="video",
        generator=WARM,
        start=start,
        data=CacheConfig(folder=str(arguments.run / "warm"), frames=4),
        steps=200,
        batch=1,
        optimiser=replace(dueling(2e-4, warmup=60), schedule="constant"),
        average=0.995,
        losses=LossWeights(lpips=10.0, charbonnier=4.0, features=5.0, grid=3e4, spectrum=0.1),
        precision=PRECISION,
        seed=24,
        discriminator=ADVERSARY,
        trunk="alex",
        save_every=50,
    )
