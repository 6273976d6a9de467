"""Make the weights `base-4x-bi`: `python tools/train_base_4x_bi.py STAGE …`, stage by stage.

    cache    --data FOLDER --basicvsr FILE    propagate training clips once, keep the features
    image    --judges FOLDER --basicvsr FILE  U-Net and reconstruction on single frames
    video    --judges FOLDER                  inflated by temporal modules, on clips
    warm     --data FOLDER --basicvsr FILE    longer clips, propagated with a run-up
    settle   --judges FOLDER                  U-Net, reconstruction once more, on these
    more     --data FOLDER --basicvsr FILE    more of them, most of them sharp; after `settle`
    meet     --judges FOLDER --basicvsr FILE  a discriminator joins in, on all of these
    contest  --judges FOLDER                  on against it
    refill   --data FOLDER --basicvsr FILE    fewer of the sharp clips, more as cameras film
    filmed   --judges FOLDER                  on with these
    gather   --data FOLDER --basicvsr FILE    many more clips, most of them as filmed
    renew    --judges FOLDER                  a discriminator that has seen nothing joins in
    widen    --judges FOLDER                  on against it, with less weight on pixels
    finish   --judges FOLDER                  on, with less weight on grid texture
    enrich   --data FOLDER --basicvsr FILE    harder clips, as filmed and rich in texture
    one      --judges FOLDER                  on with these, against a new discriminator
    other    --judges FOLDER                  the same from the same start, otherwise drawn
    redraw   --data FOLDER --basicvsr FILE    other clips, as many soft ones as hard ones
    polish   --judges FOLDER --basicvsr FILE  on from both with these, under Muon, no adversary
    check    --judges FOLDER --basicvsr FILE  figures of every stage on clips held out
    export   --output FILE --basicvsr FILE    both ends as one half-precision file

Every stage stores what it does in `--run` and goes on from there if it is called again. The
data folder holds `video/` (one shot a file) and `photos/`; `docs/training.md` tells the rest.
"""

import argparse
from pathlib import Path
from typing import Any

from base_4x_bi_clips import (
    WARM,
    fill,
    fill_enriched,
    fill_filmed,
    fill_gathered,
    fill_more,
    fill_redrawn,
    fill_warm,
)
from base_4x_bi_contest import (
    train_contest,
    train_filmed,
    train_finished,
    train_met,
    train_one,
    train_other,
    train_renewed,
    train_widened,
)
from base_4x_bi_polish import train_polished
from recipe import (
    PRECISION,
    VIDEO,
    falling,
    follow,
    follow_orders,
    go_along,
    score,
    silenced,
    weights,
    write_ends,
)

from videogigagan.model.checkpoint import load_generator
from videogigagan.model.presets import without_temporal
from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import LossWeights, StartConfig, TrainConfig
from videogigagan.train.start import build_networks

SHORT_OF_POLISHED = 0.9
"""How far from BasicVSR's picture the distributed weights go, where what `polish` left goes 1:
that is sharper than what cameras film. Clips held out chose it among 0.85, 0.9, 0.95, 1 and
1.05."""

COMMON: dict[str, Any] = {
    "discriminator": None,
    "trunk": "alex",
    "save_every": 100,
}


def image_config(arguments: argparse.Namespace) -> TrainConfig:
    """Single frames; the U-Net starts from nothing."""
    return TrainConfig(
        name="image",
        stage="image",
        generator=without_temporal(VIDEO),
        start=StartConfig(propagation=str(arguments.basicvsr)),
        data=CacheConfig(folder=str(arguments.run / "cache")),
        steps=1300,
        batch=4,
        micro_batch=4,
        optimiser=falling(4e-4, warmup=100),
        average=0.997,
        losses=LossWeights(gan=0.0, lpips=10.0),
        seed=20,
        **COMMON,
    )


def train_image(arguments: argparse.Namespace) -> None:
    """Train U-Net and reconstruction on single frames."""
    follow(image_config(arguments), arguments)


def train_video(arguments: argparse.Namespace) -> None:
    """Inflate the image model and train it on short clips."""
    config = TrainConfig(
        name="video",
        stage="video",
        generator=VIDEO,
        start=StartConfig(image=str(weights(arguments, "image"))),
        data=CacheConfig(folder=str(arguments.run / "cache"), frames=4),
        steps=280,
        batch=2,
        micro_batch=2,
        optimiser=falling(2e-4, warmup=30),
        average=0.995,
        losses=LossWeights(gan=0.0, lpips=10.0, grid=1e4),
        seed=21,
        **COMMON,
    )
    follow(config, arguments)


def train_settled(arguments: argparse.Namespace) -> None:
    """Get used to warm states, which is what most frames of a long shot come from."""
    config = TrainConfig(
        name="settle",
        stage="video",
        generator=WARM,
        start=StartConfig(generator=str(weights(arguments, "video"))),
        data=CacheConfig(folder=str(arguments.run / "warm"), frames=4),
        steps=400,
        batch=1,
        optimiser=falling(1e-4, warmup=30),
        average=0.99,
        losses=LossWeights(gan=0.0, lpips=10.0, features=5.0, grid=3e4, spectrum=0.1),
        precision=PRECISION,
        seed=23,
        **COMMON,
    )
    follow(config, arguments)


def check(arguments: argparse.Namespace) -> None:
    """Score the middle frame of every held-out clip, at the start and after each stage."""
    generators = {"start": build_networks(image_config(arguments)).generator.eval()}
    for stage in STAGES:
        if weights(arguments, stage).exists():
            generators[stage] = load_generator(weights(arguments, stage))
    for folder in ("cache", "warm", "filmed-clips", "gathered", "enriched", "redrawn"):
        if (arguments.run / folder).exists():
            score(generators, arguments, folder=folder)


def export(arguments: argparse.Namespace) -> None:
    """Write both ends: the averaged weights, and where training began."""
    about = {
        "name": "base-4x-bi",
        "recipe": "Eq. 2 (adversary, R1, Charbonnier, LPIPS by AlexNet) and EfficientNet's "
        "features on BI 4x, at last under Muon and without the adversary; BasicVSR's "
        "propagation, frozen, with a run-up",
        "data": "254 photos with camera motion, 60 clips; see docs/data-credits.md",
        "licence": "Apache-2.0",
    }
    detailed = load_generator(weights(arguments, "polish"))
    picture = silenced(detailed, arguments.basicvsr)
    go_along(detailed, picture, SHORT_OF_POLISHED)
    ends = {"polish": detailed, "basicvsr": picture}
    write_ends(ends, about, arguments.output)


STAGES = {
    "cache": fill,
    "image": train_image,
    "video": train_video,
    "warm": fill_warm,
    "settle": train_settled,
    "more": fill_more,
    "meet": train_met,
    "contest": train_contest,
    "refill": fill_filmed,
    "filmed": train_filmed,
    "gather": fill_gathered,
    "renew": train_renewed,
    "widen": train_widened,
    "finish": train_finished,
    "enrich": fill_enriched,
    "one": train_one,
    "other": train_other,
    "redraw": fill_redrawn,
    "polish": train_polished,
    "check": check,
    "export": export,
}


def main() -> None:
    """Run one stage."""
    parser = argparse.ArgumentParser(description="Train the weights base-4x-bi.")
    follow_orders(parser, STAGES, run=Path("runs/base-4x-bi"))


if __name__ == "__main__":
    main()
