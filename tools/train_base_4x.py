"""Make the weights `base-4x`: `python tools/train_base_4x.py STAGE …`, stage by stage.

    cache    --data FOLDER --basicvsr FILE    propagate training clips once, keep the features
    start    --lpips FOLDER --basicvsr FILE   the U-Net on single frames
    decode   --lpips FOLDER --basicvsr FILE   it learns to read the features as BasicVSR does
    image    --lpips FOLDER                   single frames again
    video    --lpips FOLDER                   inflated by temporal modules, on clips
    check    --lpips FOLDER                   figures of every stage on clips held out
    export   --output FILE                    the averaged weights as one half-precision file

Every stage stores what it does in `--run` and goes on from there if it is called again. The
data folder holds `video/` (one shot a file) and `photos/`; `docs/training.md` tells the rest.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from videogigagan.data.clips import ClipSource
from videogigagan.data.material import Mixture, PhotoFolder, VideoFolder
from videogigagan.evaluate.fidelity import eight_bit, psnr_luma
from videogigagan.evaluate.peers.basicvsr import load_basicvsr
from videogigagan.frozen.lpips import LPIPS, load_lpips
from videogigagan.model.checkpoint import Header, load_generator, save_weights
from videogigagan.model.generator import Generator, build_propagation
from videogigagan.model.presets import generator_preset
from videogigagan.model.warm_start import load_released
from videogigagan.ops.layout import channels_last, clips_of, frames_of
from videogigagan.train.batches import Batch, Feed, Share, cached_files, micro_batches
from videogigagan.train.cache import HELD_OUT, fill_cache, read_cached
from videogigagan.train.config import (
    CacheConfig,
    LossWeights,
    OptimiserConfig,
    StartConfig,
    TrainConfig,
)
from videogigagan.train.devices import open_devices
from videogigagan.train.inflate import without_temporal
from videogigagan.train.loop import run

CLIPS = 500
# Noise adds nothing to a regression; its strengths stay zero until an adversary asks for it.
VIDEO = replace(generator_preset("base-4x"), noise="none")
IMAGE = without_temporal(VIDEO)

HELD_OUT_VIDEOS = (13, 14, 15, 16, 28, 35, 36, 47, 58, 59, 60, 61)
"""Every fifth source of our training videos, all clips of it."""


def held_out(data: Path) -> set[str]:
    """Names of the files that judge: those videos, and every tenth photo."""
    photos = sorted(path.name for path in (data / "photos").iterdir())
    return {f"{number:04d}.mp4" for number in HELD_OUT_VIDEOS} | set(photos[9::10])


def fill(arguments: argparse.Namespace) -> None:
    """Propagate clips and store their features."""
    assert VIDEO.propagation is not None
    propagation = build_propagation(VIDEO.propagation).eval()
    warm_start(propagation, arguments.basicvsr)
    photos = PhotoFolder(arguments.data / "photos", motion="plane")
    videos = VideoFolder(arguments.data / "video")
    source = ClipSource(material=Mixture(((photos, 0.6), (videos, 0.4))), seed=1)
    for index in fill_cache(
        arguments.run / "cache",
        source,
        channels_last(propagation),
        CLIPS,
        held_out=held_out(arguments.data),
    ):
        print(f"clip {index + 1}/{CLIPS}", flush=True)


def train_start(arguments: argparse.Namespace) -> None:
    """Train the U-Net on single frames."""
    config = replace(
        on_frames(arguments),
        name="start",
        start=StartConfig(propagation=str(arguments.basicvsr)),
        steps=1900,
        optimiser=falling(5e-4, warmup=100),
    )
    follow(config, arguments)


def train_decode(arguments: argparse.Namespace) -> None:
    """Learn to read features: imitate the frames that BasicVSR's own tail makes of them."""
    tail = load_basicvsr(arguments.basicvsr).tail.requires_grad_(requires_grad=False)

    def taught(batch: Batch) -> Batch:
        assert batch.features is not None
        features = frames_of(batch.features)
        with torch.no_grad():
            large = tail(features[:, :3], features[:, 3:])
        return replace(batch, large=clips_of(large, len(batch.features)))

    def feed(config: TrainConfig, share: Share) -> Iterator[list[Batch]]:
        for batches in micro_batches(config, share):
            yield [taught(batch) for batch in batches]

    config = replace(
        on_frames(arguments),
        name="decode",
        start=StartConfig(generator=str(weights(arguments, "start"))),
        steps=650,
        optimiser=falling(5e-4, warmup=30),
        losses=LossWeights(gan=0.0, lpips=0.0),
        seed=5,
    )
    follow(config, arguments, feed)


def train_image(arguments: argparse.Namespace) -> None:
    """Go on with the truth, which now and then is a little softer than a photo scaled down."""
    config = on_frames(arguments)
    config = replace(
        config,
        name="image",
        start=StartConfig(generator=str(weights(arguments, "decode"))),
        data=CacheConfig(folder=str(arguments.run / "cache"), softening=0.25),
        steps=2400,
        optimiser=falling(4e-4, warmup=50),
        seed=6,
    )
    follow(config, arguments)


def train_video(arguments: argparse.Namespace) -> None:
    """Inflate the image model and train it on short clips."""
    config = replace(
        on_frames(arguments),
        name="video",
        stage="video",
        generator=VIDEO,
        start=StartConfig(image=str(weights(arguments, "image"))),
        data=CacheConfig(folder=str(arguments.run / "cache"), frames=4, softening=0.25),
        steps=800,
        batch=2,
        micro_batch=2,
        optimiser=falling(3e-4, warmup=30),
        average=0.995,
        losses=LossWeights(gan=0.0, lpips=20.0),
        seed=7,
    )
    follow(config, arguments)


def on_frames(arguments: argparse.Namespace) -> TrainConfig:
    """What the stages have in common: single frames, four a step, no adversary."""
    return TrainConfig(
        stage="image",
        generator=IMAGE,
        discriminator=None,
        data=CacheConfig(folder=str(arguments.run / "cache")),
        losses=LossWeights(gan=0.0),
        trunk="alex",
        batch=4,
        micro_batch=4,
        average=0.997,
        save_every=100,
    )


def falling(rate: float, *, warmup: int) -> OptimiserConfig:
    """A rate that rises, then falls along a cosine."""
    return OptimiserConfig(
        rate=rate, betas=(0.9, 0.99), warmup=warmup, schedule="cosine", gradient_norm=2.0
    )


def check(arguments: argparse.Namespace) -> None:
    """Score the middle frame of every held-out clip after each stage that has run."""
    judges = [
        load_lpips(arguments.lpips / f"lpips_{trunk}.pth", trunk)
        for trunk in ("alex", "squeeze")
    ]
    files = cached_files(arguments.run / "cache" / HELD_OUT)
    print("| stage | clips | PSNR-Y | LPIPS-Alex | LPIPS-Squeeze |\n|---|---|---|---|---|")
    for stage in ("start", "decode", "image", "video"):
        if not weights(arguments, stage).exists():
            continue
        generator = load_generator(weights(arguments, stage))
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
    """Write the averaged weights in half precision."""
    generator = Generator(generator_preset("base-4x"))
    trained = load_generator(weights(arguments, "video"))
    generator.load_state_dict(trained.state_dict())
    about = {
        "name": "base-4x",
        "recipe": "Charbonnier and LPIPS (AlexNet) on BI 4x; BasicVSR's propagation, frozen",
        "data": "254 photos with camera motion, 60 clips; see docs/data-credits.md",
        "licence": "Apache-2.0",
    }
    header = Header(config=generator.config, about=about)
    save_weights(arguments.output, generator, header, dtype=torch.float16)


def weights(arguments: argparse.Namespace, stage: str) -> Path:
    """What a stage leaves behind: the moving average of its weights."""
    return arguments.run / stage / "weights" / "generator.safetensors"


def warm_start(propagation: torch.nn.Module | None, path: Path) -> None:
    """Fill a propagation module from a released BasicVSR checkpoint."""
    content = torch.load(path, map_location="cpu", weights_only=True)
    load_released(propagation, content, name=str(path))


def follow(
    config: TrainConfig, arguments: argparse.Namespace, feed: Feed = micro_batches
) -> None:
    """Train and print a line now and then."""
    folder = arguments.run / config.name
    with open_devices("cpu") as devices:
        steps = run(config, folder, judges=arguments.lpips, devices=devices, feed=feed)
        for made in steps:
            if made.step % 20 == 0:
                figures = {name: round(figure, 4) for name, figure in made.figures.items()}
                print(made.step, figures, f"{made.seconds:.2f} s", flush=True)


STAGES = {
    "cache": fill,
    "start": train_start,
    "decode": train_decode,
    "image": train_image,
    "video": train_video,
    "check": check,
    "export": export,
}


def main() -> None:
    """Run one stage."""
    parser = argparse.ArgumentParser(description="Train the weights base-4x.")
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--run", type=Path, default=Path("runs/base-4x"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--basicvsr", type=Path)
    parser.add_argument("--lpips", type=Path)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    STAGES[arguments.stage](arguments)


if __name__ == "__main__":
    main()
