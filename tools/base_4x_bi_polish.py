"""The last stage of `base-4x-bi`: kernels move under Muon, and no adversary takes part."""

import argparse
from dataclasses import replace

from base_4x_bi_clips import WARM
from recipe import PRECISION, falling, follow, half_way, start_beyond

from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import LossWeights, TrainConfig

BEYOND_MEAN = 1.05
"""How far from BasicVSR's picture `polish` begins, where the mean of `one` and `other`
goes 1: a mean of two runs holds back some of what each adds. Clips held out chose it among 1,
1.05 and 1.1."""


def train_polished(arguments: argparse.Namespace) -> None:
    """Go on without an adversary, which more than doubles what a step costs."""
    follow(polish_config(arguments), arguments)


def polish_config(arguments: argparse.Namespace) -> TrainConfig:
    """From past the mean of `one` and `other`, on clips of every kind."""
    mean = half_way(arguments, "one", "other")
    return TrainConfig(
        name="polish",
        stage="video",
        generator=WARM,
        start=start_beyond(mean, arguments, "other", BEYOND_MEAN),
        data=CacheConfig(folder=str(arguments.run / "redrawn"), frames=4),
        steps=4000,
        batch=1,
        optimiser=replace(falling(2e-4, warmup=60), gradient_norm=8.0, muon_rate=4e-4),
        average=0.997,
        losses=LossWeights(
            gan=0.0, lpips=10.0, charbonnier=1.0, features=20.0, grid=3e3, spectrum=0.1
        ),
        precision=PRECISION,
        seed=60,
        discriminator=None,
        trunk="alex",
        save_every=200,
    )
