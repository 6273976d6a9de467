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
    check    --judges FOLDER --basicvsr FILE  figures of every stage on clips held out
    export   --output FILE --basicvsr FILE    both ends as one half-precision file

Every stage stores what it does in `--run` and goes on from there if it is called again. The
data folder holds `video/` (one shot a file) and `photos/`; `docs/training.md` tells the rest.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from base_4x_bi_clips import (
    WARM,
    fill,
    fill_filmed,
    fill_gathered,
    fill_more,
    fill_warm,
)
from recipe import (
    ADVERSARY,
    PRECISION,
    VIDEO,
    against_the_same,
    dueling,
    falling,
    follow,
    follow_orders,
    score,
    silenced,
    weights,
    write_ends,
)

from videogigagan.model.checkpoint import Header, load_generator, save_weights
from videogigagan.model.detail import beyond
from videogigagan.model.presets import without_temporal
from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import LossWeights, StartConfig, TrainConfig
from videogigagan.train.start import build_networks

OVERSHOOT = 1.15
"""How far from BasicVSR's picture `settle` goes, where what it learnt goes 1.

An average of weights and a distance of pixels both pull towards that picture. Clips held out
come out best between 1.1 and 1.2. With less weight on pixels, later stages need none of this.
"""
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


def train_met(arguments: argparse.Namespace) -> None:
    """Eq. 2 in full, and less weight on pixels, until the adversary knows what it looks at."""
    settled = load_generator(weights(arguments, "settle"))
    picture = silenced(settled, arguments.basicvsr)
    settled.load_state_dict(beyond(settled.state_dict(), picture.state_dict(), OVERSHOOT))
    start = arguments.run / "settle" / "beyond.safetensors"
    save_weights(start, settled, Header(config=settled.config))
    follow(contest_config(arguments, StartConfig(generator=str(start))), arguments)


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
        **{**COMMON, "discriminator": ADVERSARY, "save_every": 50},
    )


def check(arguments: argparse.Namespace) -> None:
    """Score the middle frame of every held-out clip, at the start and after each stage."""
    generators = {"start": build_networks(image_config(arguments)).generator.eval()}
    for stage in STAGES:
        if weights(arguments, stage).exists():
            generators[stage] = load_generator(weights(arguments, stage))
    for folder in ("cache", "warm", "filmed-clips", "gathered"):
        if (arguments.run / folder).exists():
            score(generators, arguments, folder=folder)


def export(arguments: argparse.Namespace) -> None:
    """Write both ends as one file: the averaged weights, and where training began."""
    about = {
        "name": "base-4x-bi",
        "recipe": "Eq. 2 (adversary, R1, Charbonnier, LPIPS by AlexNet) and EfficientNet's "
        "features on BI 4x; BasicVSR's propagation, frozen, with a run-up",
        "data": "254 photos with camera motion, 60 clips; see docs/data-credits.md",
        "licence": "Apache-2.0",
    }
    detailed = load_generator(weights(arguments, "finish"))
    ends = {"finish": detailed, "basicvsr": silenced(detailed, arguments.basicvsr)}
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
    "check": check,
    "export": export,
}


def main() -> None:
    """Run one stage."""
    parser = argparse.ArgumentParser(description="Train the weights base-4x-bi.")
    follow_orders(parser, STAGES, run=Path("runs/base-4x-bi"))


if __name__ == "__main__":
    main()
