"""Train `base-4x` on, for degraded video: `python tools/train_real.py STAGE …`.

    cleaning    --data FOLDER               noise and compression out of the small frames alone
    cache       --data FOLDER               clean and propagate clips once, keep the features
    perceptual  --judges FOLDER             get used to them by perceptual distances
    adversary   --judges FOLDER             the same against a discriminator: detail 1
    check       --data FOLDER --judges FOLDER    figures of every stage on clips held out
    export      --basicvsr FILE --output FILE    both ends as one half-precision file

Every stage stores what it does in `--run` and goes on from there if it is called again. The
data folder holds `video/` (one shot a file) and `photos/`; the judges' folder LPIPS with
AlexNet and SqueezeNet, and EfficientNet-Lite0. `docs/training.md` tells the rest.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from train_base_4x import (
    VIDEO,
    falling,
    fill_from,
    follow,
    follow_orders,
    held_out,
    score,
    silenced,
    weights,
    write_ends,
)

from videogigagan.data.clips import ClipSource
from videogigagan.data.degrade import bicubic_degradation
from videogigagan.data.material import (
    Mixture,
    PhotoFolder,
    VideoFolder,
    photo_files,
    video_files,
)
from videogigagan.data.settings import DataConfig, Weighted
from videogigagan.frozen.efficientnet import WIDTHS
from videogigagan.model.checkpoint import find_weights, load_generator
from videogigagan.model.config import CleaningConfig, DiscriminatorConfig, Level
from videogigagan.train.batches import Batch, Share, drawn_from
from videogigagan.train.config import CacheConfig, LossWeights, StartConfig, TrainConfig

START = "base-4x"
DEGRADED_CLIPS, FILMED_CLIPS = range(120), range(10)
JUDGED_CLIPS = range(32)
# From 192 pixels down to 12; each place has its own verdict, for texture is a local matter.
ADVERSARY = DiscriminatorConfig(
    levels=(
        Level(channels=32, blocks=1),
        Level(channels=64, blocks=1),
        Level(channels=128, blocks=1),
        Level(channels=256, blocks=1, temporal=1),
        Level(channels=256, blocks=1, temporal=1),
    ),
    places=True,
    seen=WIDTHS,
)
COMMON: dict[str, Any] = {
    "stage": "video",
    "generator": replace(VIDEO, cleaning=CleaningConfig()),
    "trunk": "alex",
    "precision": "bf16",
    "save_every": 50,
}


def material(data: Path, *, judging: bool | None = None) -> Mixture:
    """Photos and videos in equal shares: all, or those that judge, or those that do not."""

    def part(files: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(f for f in files if judging is None or (f.name in judges) is judging)

    judges = held_out(data)
    photos, videos = data / "photos", data / "video"
    moving = PhotoFolder(photos, files=part(photo_files(photos)), motion="plane")
    filmed = VideoFolder(videos, files=part(video_files(videos)))
    return Mixture(((moving, 0.5), (filmed, 0.5)))


def train_cleaning(arguments: argparse.Namespace) -> None:
    """Teach cleaning alone what frames were before the camera and the codec; all else waits."""
    source = ClipSource(
        material=material(arguments.data, judging=False),
        degradation="real",
        clean=0.15,
        defocus=1.2,
        frames=5,
        small_size=64,
        candidates=1,
        seed=40,
    )

    def feed(config: TrainConfig, share: Share) -> Iterator[list[Batch]]:
        return drawn_from(source, config, share, workers=1)

    folders = (Weighted(path=str(arguments.data)),)
    config = TrainConfig(
        name="cleaning",
        discriminator=None,
        start=StartConfig(generator=str(find_weights(START))),
        data=DataConfig(videos=folders, degradation="real", frames=5, small_size=64),
        frozen_propagation=True,
        steps=1000,
        batch=3,
        micro_batch=3,
        optimiser=falling(6e-4, warmup=50),
        average=0.99,
        losses=LossWeights(gan=0.0, lpips=0.0, charbonnier=0.0, cleaning=10.0),
        seed=40,
        **COMMON,
    )
    follow(config, arguments, feed)


def fill(arguments: argparse.Namespace) -> None:
    """Clean and propagate clips as they come, and a few as cameras sharpen them."""
    common: dict[str, Any] = {"material": material(arguments.data), "frames": 17}
    degraded = ClipSource(degradation="real", clean=0.2, defocus=1.2, seed=31, **common)
    filmed = ClipSource(defocus=1.6, sharpening=1.5, seed=33, **common)
    sources = {"r": (degraded, DEGRADED_CLIPS), "f": (filmed, FILMED_CLIPS)}
    fill_from(sources, load_generator(weights(arguments, "cleaning")), arguments)


def train_perceptual(arguments: argparse.Namespace) -> None:
    """Get used to such clips; no adversary yet, which would win against what is new to both."""
    config = TrainConfig(
        name="perceptual",
        discriminator=None,
        start=StartConfig(generator=str(weights(arguments, "cleaning"))),
        data=CacheConfig(folder=str(arguments.run / "cache"), frames=4),
        steps=300,
        batch=1,
        optimiser=falling(3e-4, warmup=20),
        average=0.98,
        losses=LossWeights(gan=0.0, lpips=10.0, features=10.0, grid=1e5, spectrum=0.5),
        seed=30,
        **COMMON,
    )
    follow(config, arguments)


def train_adversary(arguments: argparse.Namespace) -> None:
    """Eq. 2 in full."""
    config = TrainConfig(
        name="adversary",
        discriminator=ADVERSARY,
        start=StartConfig(generator=str(weights(arguments, "perceptual"))),
        data=CacheConfig(folder=str(arguments.run / "cache"), frames=4),
        steps=600,
        batch=1,
        optimiser=replace(falling(2e-4, warmup=30), betas=(0.5, 0.99), discriminator_rate=5e-5),
        average=0.997,
        losses=LossWeights(gan=0.1, r1=1.0, lpips=10.0, features=10.0, grid=1e5, spectrum=0.5),
        seed=31,
        **COMMON,
    )
    follow(config, arguments)


def check(arguments: argparse.Namespace) -> None:
    """Score what has been trained so far on clips held out: cleaning, then every stage."""
    if weights(arguments, "cleaning").exists():
        check_cleaning(arguments)
    generators = {
        stage: load_generator(weights(arguments, stage))
        for stage in ("cleaning", "perceptual", "adversary")
        if weights(arguments, stage).exists()
    }
    score(generators, arguments)


def check_cleaning(arguments: argparse.Namespace) -> None:
    """Print how far small frames are from clean ones, before and after, in dB."""
    generator = load_generator(weights(arguments, "cleaning"))
    source = ClipSource(
        material=material(arguments.data, judging=True), degradation="real", seed=41, frames=7
    )
    ratios = []
    for number in JUDGED_CLIPS:
        pair = source.pair(number)
        truth = bicubic_degradation(pair.large, 4)
        with torch.inference_mode():
            cleaned = generator.clean(pair.small[None])[0]
        errors = torch.stack([(clip - truth).square().mean() for clip in (pair.small, cleaned)])
        ratios.append(-10 * errors.log10())
    before, after = torch.stack(ratios).mean(dim=0).tolist()
    print(f"small frames of {len(ratios)} clips: {before:.2f} dB, cleaned {after:.2f} dB")


def export(arguments: argparse.Namespace) -> None:
    """Write both ends: the averaged weights, and BasicVSR's picture of cleaned frames."""
    detailed = load_generator(weights(arguments, "adversary"))
    ends = {"adversary": detailed, "basicvsr": silenced(detailed, arguments.basicvsr)}
    about = {
        "name": "base-4x",
        "recipe": "Eq. 2 and EfficientNet's features on clips as they come (`real`), cleaned",
        "data": "254 photos with camera motion, 60 clips; see docs/data-credits.md",
        "licence": "Apache-2.0",
    }
    write_ends(ends, about, arguments.output)


STAGES = {
    "cleaning": train_cleaning,
    "cache": fill,
    "perceptual": train_perceptual,
    "adversary": train_adversary,
    "check": check,
    "export": export,
}


def main() -> None:
    """Run one stage."""
    parser = argparse.ArgumentParser(description="Train base-4x on, for degraded video.")
    follow_orders(parser, STAGES, run=Path("runs/real"))


if __name__ == "__main__":
    main()
