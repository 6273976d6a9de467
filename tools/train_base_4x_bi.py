"""Make the weights `base-4x-bi`: `python tools/train_base_4x_bi.py STAGE …`, stage by stage.

    cache    --data FOLDER --basicvsr FILE    propagate training clips once, keep the features
    image    --judges FOLDER --basicvsr FILE  U-Net and reconstruction on single frames
    video    --judges FOLDER                  inflated by temporal modules, on clips
    warm     --data FOLDER                    longer clips, propagated with a run-up
    settle   --judges FOLDER                  U-Net, reconstruction once more, on these
    clips    --data FOLDER                    more clips, which are not propagated
    joint    --judges FOLDER                  propagation learns with the rest; not distributed
    check    --judges FOLDER --basicvsr FILE  figures of every stage on clips held out
    export   --output FILE --basicvsr FILE    both ends as one half-precision file

Every stage stores what it does in `--run` and goes on from there if it is called again. The
data folder holds `video/` (one shot a file) and `photos/`; `docs/training.md` tells the rest.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from recipe import (
    PRECISION,
    VIDEO,
    falling,
    fill_from,
    follow,
    follow_orders,
    mixture,
    score,
    silenced,
    weights,
    write_ends,
)

from videogigagan.data.clips import ClipSource
from videogigagan.model.checkpoint import load_generator, read_pickle
from videogigagan.model.detail import beyond
from videogigagan.model.generator import Generator
from videogigagan.model.presets import without_temporal
from videogigagan.model.warm_start import load_released
from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import LossWeights, StartConfig, TrainConfig
from videogigagan.train.start import build_networks

SOFT_CLIPS = range(400)
SHARP_CLIPS = range(0, 500, 4)
MORE_CLIPS, FILMED_CLIPS = range(720), range(80)
WARM_CLIPS, WARM_FILMED_CLIPS = range(0, 360, 4), range(0, 80, 8)
assert VIDEO.propagation is not None
WARM = replace(VIDEO, propagation=replace(VIDEO.propagation, run_up=10))
OVERSHOOT = 1.15
"""How far from BasicVSR's picture the result goes, where what was learnt goes 1.

An average of weights and a distance of pixels both pull towards that picture. Clips held out
come out best between 1.1 and 1.2.
"""
COMMON: dict[str, Any] = {
    "discriminator": None,
    "trunk": "alex",
    "save_every": 100,
}


def fill(arguments: argparse.Namespace) -> None:
    """Propagate clips and store their features: soft to all degrees, and sharp."""
    material = mixture(arguments.data, photos=0.6)
    soft = ClipSource(material=material, frames=9, seed=2, defocus=1.2)
    sharp = ClipSource(material=material, seed=1)
    generator = Generator(VIDEO).eval()
    assert generator.propagation is not None
    content = read_pickle(arguments.basicvsr)
    load_released(generator.propagation, content, name=str(arguments.basicvsr))
    fill_from({"d": (soft, SOFT_CLIPS), "o": (sharp, SHARP_CLIPS)}, generator, arguments)


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


def fill_warm(arguments: argparse.Namespace) -> None:
    """Propagate longer clips from warm states; some are as cameras sharpen them."""
    generator = Generator(WARM).eval()
    generator.load_state_dict(load_generator(weights(arguments, "video")).state_dict())
    sources = longer_clips(arguments, WARM_CLIPS, WARM_FILMED_CLIPS)
    fill_from(sources, generator, arguments, folder="warm")


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


def fill_more(arguments: argparse.Namespace) -> None:
    """Keep the pixels of more such clips."""
    sources = longer_clips(arguments, MORE_CLIPS, FILMED_CLIPS)
    fill_from(sources, None, arguments, folder="clips")


def longer_clips(
    arguments: argparse.Namespace, soft: range, filmed: range
) -> dict[str, tuple[ClipSource, range]]:
    """Clips of 13 frames, soft to all degrees, and some as cameras sharpen them."""
    common: dict[str, Any] = {"material": mixture(arguments.data, photos=0.5), "frames": 13}
    return {
        "p": (ClipSource(defocus=1.2, seed=41, **common), soft),
        "f": (ClipSource(defocus=1.6, sharpening=1.5, seed=42, **common), filmed),
    }


def train_joint(arguments: argparse.Namespace) -> None:
    """Let propagation learn, too, from states as they are in the midst of a shot."""
    config = TrainConfig(
        name="joint",
        stage="video",
        generator=WARM,
        start=StartConfig(generator=str(weights(arguments, "video"))),
        data=CacheConfig(
            folder=str(arguments.run / "clips"), frames=3, propagated=13, still=0.1
        ),
        reach=1,
        steps=800,
        batch=1,
        optimiser=falling(1.5e-4, warmup=60),
        average=0.995,
        losses=LossWeights(
            gan=0.0,
            lpips=10.0,
            charbonnier=5.0,
            features=10.0,
            grid=1e5,
            spectrum=0.25,
            steadiness=10.0,
        ),
        precision=PRECISION,
        seed=22,
        **{**COMMON, "save_every": 50},
    )
    follow(config, arguments)


def check(arguments: argparse.Namespace) -> None:
    """Score the middle frame of every held-out clip, at the start and after each stage."""
    generators = {"start": build_networks(image_config(arguments)).generator.eval()}
    for stage in ("image", "video", "settle", "joint"):
        if weights(arguments, stage).exists():
            generators[stage] = load_generator(weights(arguments, stage))
    if "settle" in generators:
        generators["export"] = ends(arguments)["beyond"]
    for folder in ("cache", "warm"):  # short clips, and those of which `settle` sees others
        if (arguments.run / folder).exists():
            score(generators, arguments, folder=folder)


def export(arguments: argparse.Namespace) -> None:
    """Write both ends as one file."""
    about = {
        "name": "base-4x-bi",
        "recipe": "Charbonnier, LPIPS (AlexNet) and EfficientNet's features on BI 4x; "
        "BasicVSR's propagation, frozen, with a run-up",
        "data": "254 photos with camera motion, 60 clips; see docs/data-credits.md",
        "licence": "Apache-2.0",
    }
    write_ends(ends(arguments), about, arguments.output)


def ends(arguments: argparse.Namespace) -> dict[str, Generator]:
    """Past the averaged weights, and BasicVSR's picture, where they began."""
    detailed = load_generator(weights(arguments, "settle"))
    start = silenced(detailed, arguments.basicvsr)
    further = beyond(detailed.state_dict(), start.state_dict(), OVERSHOOT)
    detailed.load_state_dict(further)
    return {"beyond": detailed, "basicvsr": start}


STAGES = {
    "cache": fill,
    "image": train_image,
    "video": train_video,
    "warm": fill_warm,
    "settle": train_settled,
    "clips": fill_more,
    "joint": train_joint,
    "check": check,
    "export": export,
}


def main() -> None:
    """Run one stage."""
    parser = argparse.ArgumentParser(description="Train the weights base-4x-bi.")
    follow_orders(parser, STAGES, run=Path("runs/base-4x-bi"))


if __name__ == "__main__":
    main()
