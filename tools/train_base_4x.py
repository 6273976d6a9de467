"""Make the weights `base-4x`, for video as it comes: `python tools/train_base_4x.py STAGE …`.

    cache       --data FOLDER               propagate clips as they come once, keep the features
    perceptual  --judges FOLDER             get used to them by perceptual distances
    clips       --data FOLDER               more clips, which are not propagated
    joint       --judges FOLDER             propagation learns with the rest
    again       --judges FOLDER             the same once more
    filmed      --data FOLDER               others, half of them as cameras sharpen them
    meet        --judges FOLDER             a discriminator joins in, on these
    contest     --judges FOLDER             on against it
    check       --judges FOLDER             figures of every stage on clips held out
    export      --basicvsr FILE --output FILE    both ends as one half-precision file

It starts from `--start`, unless given what stage `video` of `tools/train_base_4x_bi.py` leaves.
Every stage stores what it does in `--run` and goes on from there if it is called again. The
data folder holds `video/` (one shot a file) and `photos/`; the judges' folder LPIPS with
AlexNet and SqueezeNet, and EfficientNet-Lite0. `docs/training.md` tells the rest.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from recipe import (
    ADVERSARY,
    PRECISION,
    VIDEO,
    against_the_same,
    dueling,
    falling,
    fill_from,
    follow,
    follow_orders,
    half_way,
    mixture,
    score,
    silenced,
    weights,
    write_ends,
)

from videogigagan.data.clips import ClipSource
from videogigagan.model.checkpoint import load_generator
from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import LossWeights, StartConfig, TrainConfig

START = Path("runs/base-4x-bi/video/weights/generator.safetensors")
"""What stage `video` of `tools/train_base_4x_bi.py` leaves."""

DEGRADED_CLIPS, FILMED_CLIPS, LIVE_CLIPS = range(160), range(10), range(1000)
MORE_LIVE_CLIPS, LIVE_FILMED_CLIPS = range(600), range(600)
COMMON: dict[str, Any] = {
    "stage": "video",
    "generator": VIDEO,
    "trunk": "alex",
    "batch": 1,
    "precision": PRECISION,
    "save_every": 50,
}


def fill(arguments: argparse.Namespace) -> None:
    """Propagate clips as they come, a few clean ones, and a few as cameras sharpen them."""
    common: dict[str, Any] = {"material": mixture(arguments.data, photos=0.5), "frames": 17}
    degraded = ClipSource(degradation="real", clean=0.2, defocus=1.2, seed=31, **common)
    filmed = ClipSource(defocus=1.6, sharpening=1.5, seed=33, **common)
    sources = {"r": (degraded, DEGRADED_CLIPS), "f": (filmed, FILMED_CLIPS)}
    fill_from(sources, load_generator(arguments.start), arguments)


def fill_live(arguments: argparse.Namespace) -> None:
    """Keep the pixels of more such clips."""
    live = ClipSource(
        material=mixture(arguments.data, photos=0.5),
        frames=13,
        degradation="real",
        clean=0.2,
        defocus=1.2,
        seed=35,
    )
    fill_from({"p": (live, LIVE_CLIPS)}, None, arguments, folder="clips")


def train_perceptual(arguments: argparse.Namespace) -> None:
    """Get used to such clips; no adversary yet, which would win against what is new to both."""
    config = TrainConfig(
        name="perceptual",
        discriminator=None,
        start=StartConfig(generator=str(arguments.start)),
        data=CacheConfig(folder=str(arguments.run / "cache"), frames=4),
        steps=1300,
        optimiser=falling(3e-4, warmup=20),
        average=0.995,
        losses=LossWeights(gan=0.0, lpips=10.0, features=10.0, grid=3e4, spectrum=0.25),
        seed=30,
        **COMMON,
    )
    follow(config, arguments)


def train_joint(arguments: argparse.Namespace) -> None:
    """Let propagation meet such clips, too, and the U-Net what it then makes of them."""
    follow(joint_config(arguments), arguments)


def train_again(arguments: argparse.Namespace) -> None:
    """Let the rate rise and fall once more."""
    start = StartConfig(generator=str(weights(arguments, "joint")))
    follow(
        replace(joint_config(arguments), name="again", start=start, steps=900, seed=33),
        arguments,
    )


def joint_config(arguments: argparse.Namespace) -> TrainConfig:
    """Windows of 3 frames are rendered and judged, of 8 that are propagated."""
    return TrainConfig(
        name="joint",
        discriminator=None,
        start=StartConfig(generator=str(weights(arguments, "perceptual"))),
        data=CacheConfig(folder=str(arguments.run / "clips"), frames=3, propagated=8),
        steps=1500,
        optimiser=falling(1.5e-4, warmup=60),
        average=0.995,
        losses=LossWeights(gan=0.0, lpips=10.0, features=10.0, grid=1e5, spectrum=0.25),
        seed=32,
        **COMMON,
    )


def fill_filmed(arguments: argparse.Namespace) -> None:
    """Keep the pixels of other clips, more of them clean, half as cameras sharpen them."""
    common: dict[str, Any] = {
        "material": mixture(arguments.data, photos=0.5),
        "frames": 13,
        "degradation": "real",
    }
    sources = {
        "p": (ClipSource(clean=0.25, defocus=1.2, seed=36, **common), MORE_LIVE_CLIPS),
        "f": (
            ClipSource(clean=0.25, defocus=1.6, sharpening=1.5, seed=37, **common),
            LIVE_FILMED_CLIPS,
        ),
    }
    fill_from(sources, None, arguments, folder="filmed")


def train_met(arguments: argparse.Namespace) -> None:
    """Eq. 2 in full, and less weight on pixels, until the adversary knows what it looks at."""
    start = StartConfig(generator=str(weights(arguments, "again")))
    follow(contest_config(arguments, start), arguments)


def train_contest(arguments: argparse.Namespace) -> None:
    """Go on, more fiercely."""
    config = contest_config(arguments, against_the_same(arguments, "meet"))
    config = replace(
        config,
        name="contest",
        steps=800,
        optimiser=replace(config.optimiser, warmup=20, schedule="cosine"),
        losses=replace(config.losses, gan=0.1),
        seed=35,
    )
    follow(config, arguments)


def contest_config(arguments: argparse.Namespace, start: StartConfig) -> TrainConfig:
    """Against a small discriminator that is shown EfficientNet's features."""
    config = joint_config(arguments)
    return replace(
        config,
        name="meet",
        discriminator=ADVERSARY,
        start=start,
        data=CacheConfig(folder=str(arguments.run / "filmed"), frames=3, propagated=8),
        steps=200,
        optimiser=replace(dueling(1.5e-4, warmup=60), schedule="constant"),
        losses=replace(config.losses, gan=0.05, charbonnier=4.0),
        seed=34,
    )


def check(arguments: argparse.Namespace) -> None:
    """Score the middle frame of every held-out clip, at the start and after each stage."""
    generators = {"start": load_generator(arguments.start)}
    for stage in STAGES:
        if weights(arguments, stage).exists():
            generators[stage] = load_generator(weights(arguments, stage))
    score(generators, arguments)
    if (arguments.run / "filmed").exists():
        score(generators, arguments, folder="filmed", every=6)


def export(arguments: argparse.Namespace) -> None:
    """Write both ends: what was learnt, and BasicVSR's picture, where it began.

    Half way between what the adversary found and what it left is better than either.
    """
    detailed = half_way(arguments, "contest", "again")
    ends = {"contest": detailed, "basicvsr": silenced(detailed, arguments.basicvsr)}
    about = {
        "name": "base-4x",
        "recipe": "Charbonnier, LPIPS (AlexNet), EfficientNet, at last Eq. 2 in full "
        "(adversary, R1); propagation learns, too",
        "data": "254 photos with camera motion, 60 clips; see docs/data-credits.md",
        "licence": "Apache-2.0",
    }
    write_ends(ends, about, arguments.output)


STAGES = {
    "cache": fill,
    "perceptual": train_perceptual,
    "clips": fill_live,
    "joint": train_joint,
    "again": train_again,
    "filmed": fill_filmed,
    "meet": train_met,
    "contest": train_contest,
    "check": check,
    "export": export,
}


def main() -> None:
    """Run one stage."""
    parser = argparse.ArgumentParser(description="Train the weights base-4x.")
    parser.add_argument("--start", type=Path, default=START)
    follow_orders(parser, STAGES, run=Path("runs/real"))


if __name__ == "__main__":
    main()
