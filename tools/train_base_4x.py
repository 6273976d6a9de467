"""Make the weights `base-4x`: `python tools/train_base_4x.py STAGE …`, stage by stage.

    cache    --data FOLDER --basicvsr FILE    propagate training clips once, keep the features
    image    --lpips FILE --basicvsr FILE     the U-Net on single frames
    video    --lpips FILE                     the same, inflated by temporal modules, on clips
    finish   --lpips FILE                     on with softer truths, against hairlines
    export   --output FILE                    the averaged weights as one half-precision file

Every stage stores what it does in `--run` and goes on from there if it is called again. FOLDER
holds `video/` (one shot a file) and `photos/`; `docs/training.md` tells the rest.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from videogigagan.data.clips import ClipSource
from videogigagan.frozen.lpips import load_lpips
from videogigagan.model.checkpoint import Header, save_weights
from videogigagan.model.generator import Generator, build_propagation
from videogigagan.model.presets import generator_preset
from videogigagan.model.warm_start import load_released
from videogigagan.ops.layout import channels_last
from videogigagan.train.cache import fill_cache
from videogigagan.train.config import TrainConfig
from videogigagan.train.inflate import inflate, without_temporal
from videogigagan.train.loop import train

CLIPS = 500
# Noise adds nothing to a regression; its strengths stay zero until an adversary asks for it.
VIDEO = replace(generator_preset("base-4x"), noise="none")
IMAGE = without_temporal(VIDEO)


def fill(arguments: argparse.Namespace) -> None:
    """Propagate clips and store their features."""
    assert VIDEO.propagation is not None
    propagation = build_propagation(VIDEO.propagation).eval()
    warm_start(propagation, arguments.basicvsr)
    source = ClipSource(
        videos=arguments.data / "video", photos=arguments.data / "photos", seed=1
    )
    for index in fill_cache(arguments.run / "cache", source, channels_last(propagation), CLIPS):
        print(f"clip {index + 1}/{CLIPS}", flush=True)


def train_image(arguments: argparse.Namespace) -> None:
    """Train the U-Net on single frames."""
    torch.manual_seed(0)
    generator = Generator(IMAGE)
    warm_start(generator.propagation, arguments.basicvsr)
    config = TrainConfig(
        run=arguments.run / "image",
        cache=arguments.run / "cache",
        steps=1900,
        learning_rate=5e-4,
    )
    follow(config, generator, arguments.lpips)


def train_video(arguments: argparse.Namespace) -> None:
    """Inflate the image model and train it on clips of five frames."""
    image = Generator(IMAGE)
    image.load_state_dict(averaged(arguments.run / "image"))
    torch.manual_seed(0)
    generator = Generator(VIDEO)
    inflate(image, generator)
    config = TrainConfig(
        run=arguments.run / "video",
        cache=arguments.run / "cache",
        steps=400,
        clips=1,
        frames=5,
        learning_rate=2e-4,
        seed=1,
    )
    follow(config, generator, arguments.lpips)


def train_finish(arguments: argparse.Namespace) -> None:
    """Go on from the video model with the finest band of the truth halved."""
    torch.manual_seed(0)
    generator = Generator(VIDEO)
    generator.load_state_dict(averaged(arguments.run / "video"))
    config = TrainConfig(
        run=arguments.run / "finish",
        cache=arguments.run / "cache",
        steps=380,
        clips=2,
        frames=3,
        learning_rate=3e-4,
        warmup=30,
        average=0.99,
        softening=0.5,
        seed=3,
    )
    follow(config, generator, arguments.lpips)


def export(arguments: argparse.Namespace) -> None:
    """Write the averaged weights in half precision."""
    config = generator_preset("base-4x")
    generator = Generator(config)
    generator.load_state_dict(averaged(arguments.run / "finish"))
    about = {
        "name": "base-4x",
        "recipe": "Charbonnier 10 + LPIPS (AlexNet) 5 on BI 4x; BasicVSR's propagation, frozen",
        "data": "254 photos with camera motion, 60 clips; see docs/data-credits.md",
        "licence": "Apache-2.0",
    }
    header = Header(config=config, about=about)
    save_weights(arguments.output, generator, header, dtype=torch.float16)


def warm_start(propagation: torch.nn.Module | None, path: Path) -> None:
    """Fill a propagation module from a released BasicVSR checkpoint."""
    content = torch.load(path, map_location="cpu", weights_only=True)
    load_released(propagation, content, name=str(path))


def averaged(run: Path) -> dict[str, torch.Tensor]:
    """The moving average of a finished stage."""
    return torch.load(run / "state.pt", map_location="cpu", weights_only=True)["average"]


def follow(config: TrainConfig, generator: Generator, lpips: Path) -> None:
    """Train and print a line now and then."""
    for figures in train(config, generator, load_lpips(lpips)):
        if figures["step"] % 20 == 0:
            print({name: round(figure, 4) for name, figure in figures.items()}, flush=True)


STAGES = {
    "cache": fill,
    "image": train_image,
    "video": train_video,
    "finish": train_finish,
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
