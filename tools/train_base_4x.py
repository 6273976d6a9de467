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
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from videogigagan.data.clips import ClipSource
from videogigagan.evaluate.fidelity import eight_bit, psnr_luma
from videogigagan.evaluate.peers.basicvsr import load_basicvsr
from videogigagan.frozen.lpips import LPIPS, load_lpips
from videogigagan.model.checkpoint import Header, save_weights
from videogigagan.model.config import GeneratorConfig
from videogigagan.model.generator import Generator, build_propagation
from videogigagan.model.presets import generator_preset
from videogigagan.model.warm_start import load_released
from videogigagan.ops.layout import channels_last, clips_of, frames_of
from videogigagan.train.batches import Batch, cached_files, draw_batch
from videogigagan.train.cache import HELD_OUT, fill_cache, read_cached
from videogigagan.train.config import LossWeights, TrainConfig
from videogigagan.train.inflate import inflate, without_temporal
from videogigagan.train.loop import train

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
    source = ClipSource(
        videos=arguments.data / "video", photos=arguments.data / "photos", seed=1
    )
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
    torch.manual_seed(0)
    generator = Generator(IMAGE)
    warm_start(generator.propagation, arguments.basicvsr)
    config = TrainConfig(
        run=arguments.run / "start",
        cache=arguments.run / "cache",
        steps=1900,
        learning_rate=5e-4,
    )
    follow(config, generator, arguments.lpips)


def train_decode(arguments: argparse.Namespace) -> None:
    """Learn to read features: imitate the frames that BasicVSR's own tail makes of them."""
    tail = load_basicvsr(arguments.basicvsr).tail.requires_grad_(requires_grad=False)

    def taught(config: TrainConfig, step: int) -> Batch:
        batch = draw_batch(config, step)
        features = frames_of(batch.features)
        with torch.no_grad():
            large = tail(features[:, :3], features[:, 3:])
        return replace(batch, large=clips_of(large, len(batch.features)))

    config = TrainConfig(
        run=arguments.run / "decode",
        cache=arguments.run / "cache",
        steps=650,
        learning_rate=5e-4,
        warmup=30,
        weights=LossWeights(lpips=0.0),
        seed=5,
    )
    follow(config, from_stage(IMAGE, arguments.run / "start"), arguments.lpips, taught)


def train_image(arguments: argparse.Namespace) -> None:
    """Go on with the truth, which now and then is a little softer than a photo scaled down."""
    config = TrainConfig(
        run=arguments.run / "image",
        cache=arguments.run / "cache",
        steps=2400,
        learning_rate=4e-4,
        warmup=50,
        softening=0.25,
        seed=6,
    )
    follow(config, from_stage(IMAGE, arguments.run / "decode"), arguments.lpips)


def train_video(arguments: argparse.Namespace) -> None:
    """Inflate the image model and train it on short clips."""
    image = from_stage(IMAGE, arguments.run / "image")
    torch.manual_seed(0)
    generator = Generator(VIDEO)
    inflate(image, generator)
    config = TrainConfig(
        run=arguments.run / "video",
        cache=arguments.run / "cache",
        steps=800,
        clips=2,
        frames=4,
        learning_rate=3e-4,
        warmup=30,
        average=0.995,
        softening=0.25,
        weights=LossWeights(lpips=20.0),
        seed=7,
    )
    follow(config, generator, arguments.lpips)


def check(arguments: argparse.Namespace) -> None:
    """Score the middle frame of every held-out clip after each stage that has run."""
    judges = [
        load_lpips(arguments.lpips / f"lpips_{trunk}.pth", trunk)
        for trunk in ("alex", "squeeze")
    ]
    files = cached_files(arguments.run / "cache" / HELD_OUT)
    print("| stage | clips | PSNR-Y | LPIPS-Alex | LPIPS-Squeeze |\n|---|---|---|---|---|")
    for stage in ("start", "decode", "image", "video"):
        if not (arguments.run / stage / "state.pt").exists():
            continue
        config = VIDEO if stage == "video" else IMAGE
        generator = from_stage(config, arguments.run / stage).eval()
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
    generator = from_stage(generator_preset("base-4x"), arguments.run / "video")
    about = {
        "name": "base-4x",
        "recipe": "Charbonnier and LPIPS (AlexNet) on BI 4x; BasicVSR's propagation, frozen",
        "data": "254 photos with camera motion, 60 clips; see docs/data-credits.md",
        "licence": "Apache-2.0",
    }
    header = Header(config=generator.config, about=about)
    save_weights(arguments.output, generator, header, dtype=torch.float16)


def from_stage(config: GeneratorConfig, run: Path) -> Generator:
    """The generator that a stage left behind: the moving average of its weights."""
    generator = Generator(config)
    state = torch.load(run / "state.pt", map_location="cpu", weights_only=True)
    generator.load_state_dict(state["average"])
    return generator


def warm_start(propagation: torch.nn.Module | None, path: Path) -> None:
    """Fill a propagation module from a released BasicVSR checkpoint."""
    content = torch.load(path, map_location="cpu", weights_only=True)
    load_released(propagation, content, name=str(path))


def follow(
    config: TrainConfig,
    generator: Generator,
    lpips: Path,
    draw: Callable[[TrainConfig, int], Batch] = draw_batch,
) -> None:
    """Train and print a line now and then."""
    for figures in train(config, generator, load_lpips(lpips / "lpips_alex.pth"), draw):
        if figures["step"] % 20 == 0:
            print({name: round(figure, 4) for name, figure in figures.items()}, flush=True)


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
