"""Make the weights `base-4x`: `python tools/train_base_4x.py STAGE …`, stage by stage.

    cache    --data FOLDER --basicvsr FILE    propagate training clips once, keep the features
    image    --judges FOLDER --basicvsr FILE  U-Net and reconstruction on single frames
    video    --judges FOLDER                  inflated by temporal modules, on clips
    check    --judges FOLDER --basicvsr FILE  figures of every stage on clips held out
    export   --output FILE --basicvsr FILE    both ends as one half-precision file

Every stage stores what it does in `--run` and goes on from there if it is called again. The
data folder holds `video/` (one shot a file) and `photos/`; `docs/training.md` tells the rest.
"""

import argparse
import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

from videogigagan.data.clips import ClipSource
from videogigagan.data.material import Mixture, PhotoFolder, VideoFolder
from videogigagan.evaluate.fidelity import eight_bit, psnr_luma
from videogigagan.frozen.lpips import LPIPS, load_lpips
from videogigagan.model.checkpoint import Header, load_generator, read_pickle, save_weights
from videogigagan.model.generator import Generator
from videogigagan.model.join import join_weights
from videogigagan.model.presets import generator_preset, without_temporal
from videogigagan.model.warm_start import load_released
from videogigagan.ops.layout import channels_last
from videogigagan.train.batches import cached_files
from videogigagan.train.cache import HELD_OUT, fill_cache, read_cached
from videogigagan.train.config import (
    CacheConfig,
    LossWeights,
    OptimiserConfig,
    StartConfig,
    TrainConfig,
)
from videogigagan.train.devices import open_devices
from videogigagan.train.journal import Journal
from videogigagan.train.loop import run
from videogigagan.train.start import build_networks

SOFT_CLIPS = range(400)
SHARP_CLIPS = range(0, 500, 4)
# Noise adds nothing to a regression; its strengths stay zero until an adversary asks for it.
VIDEO = replace(generator_preset("base-4x"), noise="none")
COMMON: dict[str, Any] = {
    "discriminator": None,
    "trunk": "alex",
    "save_every": 100,
}

HELD_OUT_VIDEOS = (13, 14, 15, 16, 28, 35, 36, 47, 58, 59, 60, 61)
"""Every fifth source of our training videos, all clips of it."""


def held_out(data: Path) -> set[str]:
    """Names of the files that judge: those videos, and every tenth photo."""
    photos = sorted(path.name for path in (data / "photos").iterdir())
    return {f"{number:04d}.mp4" for number in HELD_OUT_VIDEOS} | set(photos[9::10])


def fill(arguments: argparse.Namespace) -> None:
    """Propagate clips and store their features: soft to all degrees, and sharp."""
    photos = PhotoFolder(arguments.data / "photos", motion="plane")
    material = Mixture(((photos, 0.6), (VideoFolder(arguments.data / "video"), 0.4)))
    soft = ClipSource(material=material, frames=9, seed=2, defocus=1.2)
    sharp = ClipSource(material=material, seed=1)
    generator = Generator(VIDEO).eval()
    assert generator.propagation is not None
    content = read_pickle(arguments.basicvsr)
    load_released(generator.propagation, content, name=str(arguments.basicvsr))
    fill_from({"d": (soft, SOFT_CLIPS), "o": (sharp, SHARP_CLIPS)}, generator, arguments)


def fill_from(
    sources: dict[str, tuple[ClipSource, range]],
    generator: Generator,
    arguments: argparse.Namespace,
) -> None:
    """Fill the cache with clips of several sources, told apart by the first letter."""
    channels_last(generator)
    assert generator.propagation is not None
    for prefix, (source, indices) in sources.items():
        for index in fill_cache(
            arguments.run / "cache",
            source,
            generator.propagation,
            indices,
            held_out=held_out(arguments.data),
            prefix=prefix,
            clean=generator.clean,
        ):
            print(f"clip {prefix}{index} of {indices.stop}", flush=True)


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


def falling(rate: float, *, warmup: int) -> OptimiserConfig:
    """A rate that rises, then falls along a cosine."""
    return OptimiserConfig(
        rate=rate, betas=(0.9, 0.99), warmup=warmup, schedule="cosine", gradient_norm=2.0
    )


def check(arguments: argparse.Namespace) -> None:
    """Score the middle frame of every held-out clip, at the start and after each stage."""
    generators = {"start": build_networks(image_config(arguments)).generator.eval()}
    for stage in ("image", "video"):
        if weights(arguments, stage).exists():
            generators[stage] = load_generator(weights(arguments, stage))
    score(generators, arguments)


def score(generators: dict[str, Generator], arguments: argparse.Namespace) -> None:
    """Print what the judges say of each generator's results on clips held out."""
    judges = [
        load_lpips(arguments.judges / f"lpips_{trunk}.pth", trunk)
        for trunk in ("alex", "squeeze")
    ]
    files = cached_files(arguments.run / "cache" / HELD_OUT)
    print("| stage | clips | PSNR-Y | LPIPS-Alex | LPIPS-Squeeze |\n|---|---|---|---|---|")
    for stage, generator in generators.items():
        with torch.inference_mode():
            scores = torch.stack([held_out_scores(generator, path, judges) for path in files])
        figures = " | ".join(f"{figure:.4f}" for figure in scores.mean(dim=0))
        print(f"| {stage} | {len(files)} | {figures} |", flush=True)


def held_out_scores(generator: Generator, path: Path, judges: list[LPIPS]) -> torch.Tensor:
    """PSNR-Y and the judges' distances of a clip's middle frame."""
    cached = read_cached(path)
    small, truth = (cached[name].float() / 255 for name in ("small", "large"))
    features = torch.cat((small, cached["features"].float()), dim=1)[None]
    middle = len(small) // 2
    result = eight_bit(generator.render(features, generator.style()))[0, middle, None]
    truth = truth[middle, None]
    return torch.cat([psnr_luma(result, truth), *(judge(result, truth) for judge in judges)])


def export(arguments: argparse.Namespace) -> None:
    """Write both ends: the averaged weights, and BasicVSR's picture, where they began."""
    detailed = load_generator(weights(arguments, "video"))
    about = {
        "name": "base-4x",
        "recipe": "Charbonnier and LPIPS (AlexNet) on BI 4x; BasicVSR's propagation, frozen",
        "data": "254 photos with camera motion, 60 clips; see docs/data-credits.md",
        "licence": "Apache-2.0",
    }
    ends = {"video": detailed, "basicvsr": silenced(detailed, arguments.basicvsr)}
    write_ends(ends, about, arguments.output)


def silenced(generator: Generator, basicvsr: Path) -> Generator:
    """What the weights are where training began: the U-Net adds nothing to BasicVSR's picture.

    Its inner layers stay as they are, so that all between the ends works.
    """
    start = copy.deepcopy(generator)
    assert start.reconstruction is not None
    load_released(start.reconstruction, read_pickle(basicvsr), name=str(basicvsr))
    for projection in start.decoder.to_rgb:
        for parameter in projection.parameters(recurse=False):
            nn.init.zeros_(parameter)
    return start


def write_ends(ends: dict[str, Generator], about: dict[str, str], target: Path) -> None:
    """Write a file whose detail can be chosen: first the end of detail 1, then that of 0."""
    header = Header(config=generator_preset("base-4x"), about=about)
    with TemporaryDirectory() as folder:
        detailed, regression = (Path(folder) / f"{name}.safetensors" for name in ends)
        for file, end in zip((detailed, regression), ends.values(), strict=True):
            save_weights(file, end, header)
        join_weights(detailed, regression, target)


def weights(arguments: argparse.Namespace, stage: str) -> Path:
    """What a stage leaves behind: the moving average of its weights."""
    return arguments.run / stage / "weights" / "generator.safetensors"


def follow(config: TrainConfig, arguments: argparse.Namespace) -> None:
    """Train and print a line now and then."""
    folder = arguments.run / config.name
    with open_devices("cpu") as devices:
        steps = run(
            config, folder, judges=arguments.judges, devices=devices, observers=[Journal()]
        )
        for made in steps:
            if made.step % 20 == 0:
                figures = {name: round(figure, 4) for name, figure in made.figures.items()}
                print(made.step, figures, f"{made.seconds:.2f} s", flush=True)


STAGES = {
    "cache": fill,
    "image": train_image,
    "video": train_video,
    "check": check,
    "export": export,
}


def main() -> None:
    """Run one stage."""
    parser = argparse.ArgumentParser(description="Train the weights base-4x.")
    follow_orders(parser, STAGES, run=Path("runs/base-4x"))


def follow_orders(
    parser: argparse.ArgumentParser,
    stages: dict[str, Callable[[argparse.Namespace], None]],
    run: Path,
) -> None:
    """Read the command line and run the stage that it names."""
    parser.add_argument("stage", choices=stages)
    parser.add_argument("--run", type=Path, default=run)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--basicvsr", type=Path)
    parser.add_argument("--judges", type=Path)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    stages[arguments.stage](arguments)


if __name__ == "__main__":
    main()
