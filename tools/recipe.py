"""What the recipes of the distributed weights share: clips, steps, figures, and the file."""

import argparse
import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn

from videogigagan.data.clips import ClipSource
from videogigagan.data.material import Mixture, PhotoFolder, VideoFolder
from videogigagan.evaluate.fidelity import eight_bit, psnr_luma
from videogigagan.frozen.efficientnet import WIDTHS
from videogigagan.frozen.lpips import LPIPS, load_lpips
from videogigagan.model.checkpoint import Header, load_generator, read_pickle, save_weights
from videogigagan.model.config import DiscriminatorConfig, GeneratorConfig, Level
from videogigagan.model.detail import beyond
from videogigagan.model.generator import Generator
from videogigagan.model.join import join_weights
from videogigagan.model.presets import generator_preset
from videogigagan.model.warm_start import load_released
from videogigagan.ops.layout import channels_last
from videogigagan.ops.residual import blocks_in_bf16
from videogigagan.train.batches import cached_files
from videogigagan.train.cache import HELD_OUT, fill_cache, read_cached
from videogigagan.train.config import OptimiserConfig, Precision, StartConfig, TrainConfig
from videogigagan.train.devices import open_devices
from videogigagan.train.journal import Journal
from videogigagan.train.loop import run
from videogigagan.upscale.device import wants_bf16
from videogigagan.upscale.upscaler import VideoUpscaler

# Noise adds nothing to a regression; its strengths stay zero until an adversary asks for it.
VIDEO = replace(generator_preset("base-4x"), noise="none")

ADVERSARY = DiscriminatorConfig(
    levels=(
        Level(channels=16, blocks=1),  # 192 px
        Level(channels=32, blocks=1),
        Level(channels=64, blocks=1),
        Level(channels=128, blocks=1, temporal=1),
        Level(channels=128, blocks=1, temporal=1),  # 12 px; each place has its own verdict
    ),
    places=True,
    seen=WIDTHS,
)

PRECISION: Precision = "bf16" if wants_bf16("auto", torch.device("cpu")) else "fp32"
"""What the hardware gains by: where it has to imitate bf16, that is ten times as slow."""

HELD_OUT_VIDEOS = (13, 14, 15, 16, 28, 35, 36, 47, 58, 59, 60, 61)
"""Every fifth source of our training videos, all clips of it."""


def held_out(data: Path) -> set[str]:
    """Names of the files that judge: those videos, and every tenth photo."""
    photos = sorted(path.name for path in (data / "photos").iterdir())
    return {f"{number:04d}.mp4" for number in HELD_OUT_VIDEOS} | set(photos[9::10])


def mixture(data: Path, *, photos: float) -> Mixture:
    """Photographs under a moving camera, with this weight, and video."""
    still = PhotoFolder(data / "photos", motion="plane")
    return Mixture(((still, photos), (VideoFolder(data / "video"), 1 - photos)))


def fill_from(
    sources: Mapping[str, tuple[ClipSource, Sequence[int]]],
    generator: Generator | None,
    arguments: argparse.Namespace,
    *,
    folder: str = "cache",
) -> None:
    """Fill a cache with clips of several sources, told apart by the first letter.

    Without a generator to propagate them their pixels are kept alone.
    """
    if generator is not None:
        channels_last(generator)
        if PRECISION == "bf16":  # as it will be where it is used
            blocks_in_bf16(generator)
    for prefix, (source, indices) in sources.items():
        for index in fill_cache(
            arguments.run / folder,
            source,
            None if generator is None else generator.propagation,
            indices,
            held_out=held_out(arguments.data),
            prefix=prefix,
            clean=(lambda clip: clip) if generator is None else generator.clean,
        ):
            print(f"clip {prefix}{index}, at most {indices[-1]}", flush=True)


def falling(rate: float, *, warmup: int) -> OptimiserConfig:
    """A rate that rises, then falls along a cosine."""
    return OptimiserConfig(
        rate=rate, betas=(0.9, 0.99), warmup=warmup, schedule="cosine", gradient_norm=2.0
    )


def dueling(rate: float, *, warmup: int) -> OptimiserConfig:
    """As against an adversary: it forgets sooner where it came from, and takes longer steps."""
    return replace(falling(rate, warmup=warmup), betas=(0.5, 0.99), gradient_norm=8.0)


def follow(config: TrainConfig, arguments: argparse.Namespace) -> None:
    """Train and print a line now and then."""
    folder = arguments.run / config.name
    with open_devices("cpu") as devices:
        steps = run(
            config, folder, judges=arguments.judges, devices=devices, observers=[Journal()]
        )
        for made in steps:
            if made.step % 10 == 0:
                figures = {name: round(figure, 4) for name, figure in made.figures.items()}
                print(made.step, figures, f"{made.seconds:.2f} s", flush=True)


def weights(arguments: argparse.Namespace, stage: str) -> Path:
    """What a stage leaves behind: the moving average of its weights."""
    return arguments.run / stage / "weights" / "generator.safetensors"


def half_way(arguments: argparse.Namespace, one: str, other: str) -> Generator:
    """The mean of what two stages left behind; both must come from the same beginnings."""
    mean, second = (load_generator(weights(arguments, stage)) for stage in (one, other))
    go_along(mean, second, 0.5)
    return mean


def go_along(generator: Generator, zero: Generator, times: float) -> None:
    """Put a generator on the line from `zero` through where it is, so many times as far."""
    generator.load_state_dict(beyond(generator.state_dict(), zero.state_dict(), times))


def start_beyond(
    generator: Generator, arguments: argparse.Namespace, stage: str, times: float
) -> StartConfig:
    """Begin so many times as far from BasicVSR's picture; the file lies beside `stage`'s."""
    go_along(generator, silenced(generator, arguments.basicvsr), times)
    start = arguments.run / stage / "beyond.safetensors"
    save_weights(start, generator, Header(config=generator.config))
    return StartConfig(generator=str(start))


def against_the_same(arguments: argparse.Namespace, stage: str) -> StartConfig:
    """Begin where a stage ended, and with the adversary that it had."""
    before = weights(arguments, stage)
    return StartConfig(
        generator=str(before), discriminator=str(before.with_name("discriminator.safetensors"))
    )


def score(
    generators: dict[str, Generator],
    arguments: argparse.Namespace,
    *,
    folder: str = "cache",
    every: int = 1,
) -> None:
    """Print what the judges say of each generator's results on clips held out of a cache.

    Of many, every so many-th one is enough.
    """
    judges = [
        load_lpips(arguments.judges / f"lpips_{trunk}.pth", trunk)
        for trunk in ("alex", "squeeze")
    ]
    files = cached_files(arguments.run / folder / HELD_OUT)[::every]
    print("| stage | clips | PSNR-Y | LPIPS-Alex | LPIPS-Squeeze |\n|---|---|---|---|---|")
    for stage, generator in generators.items():
        upscaler = VideoUpscaler(generator)
        with torch.inference_mode():
            scores = torch.stack([held_out_scores(upscaler, path, judges) for path in files])
        figures = " | ".join(f"{figure:.4f}" for figure in scores.mean(dim=0))
        print(f"| {stage} | {len(files)} | {figures} |", flush=True)


def held_out_scores(upscaler: VideoUpscaler, path: Path, judges: list[LPIPS]) -> torch.Tensor:
    """PSNR-Y and the judges' distances of a clip's middle frame; all frames are upscaled."""
    cached = read_cached(path, "small", "large")
    small, truth = (cached[name].float() / 255 for name in ("small", "large"))
    middle = slice(len(small) // 2, len(small) // 2 + 1)
    result, truth = eight_bit(upscaler.upscale_tensor(small))[middle], truth[middle]
    return torch.cat([psnr_luma(result, truth), *(judge(result, truth) for judge in judges)])


def propagating(config: GeneratorConfig, arguments: argparse.Namespace) -> Generator:
    """A generator that propagates as the released BasicVSR does, and is otherwise fresh."""
    generator = Generator(config).eval()
    assert generator.propagation is not None
    content = read_pickle(arguments.basicvsr)
    load_released(generator.propagation, content, name=str(arguments.basicvsr))
    return generator


def silenced(generator: Generator, basicvsr: Path) -> Generator:
    """What the weights are where training began: the U-Net adds nothing to BasicVSR's picture.

    Its inner layers stay as they are, so that all between the ends works.
    """
    start, released = copy.deepcopy(generator), read_pickle(basicvsr)
    for part in (start.propagation, start.reconstruction):
        assert part is not None
        load_released(part, released, name=str(basicvsr))
    for projection in start.decoder.to_rgb:
        for parameter in projection.parameters(recurse=False):
            nn.init.zeros_(parameter)
    return start


def write_ends(ends: dict[str, Generator], about: dict[str, str], target: Path) -> None:
    """Write a file whose detail can be chosen: first the end of detail 1, then that of 0."""
    config = generator_preset("base-4x")
    propagation = next(iter(ends.values())).config.propagation
    header = Header(config=replace(config, propagation=propagation), about=about)
    with TemporaryDirectory() as folder:
        detailed, regression = (Path(folder) / f"{name}.safetensors" for name in ends)
        for file, end in zip((detailed, regression), ends.values(), strict=True):
            save_weights(file, end, header)
        join_weights(detailed, regression, target)


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
