"""Whether data keeps up with training: `python benchmarks/training_data.py --data FOLDER`.

Prints how many clips a second the pipeline makes, for each kind of material and degradation,
and how many a training step of `base-4x` on the CPU takes in: the U-Net's forward and backward
pass on 64x64 crops, which is the least that a step does. The folder holds `video/` and
`photos/`. Run it on a machine that does nothing else.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import torch

from videogigagan.data.clips import ClipSource
from videogigagan.data.loader import batches
from videogigagan.data.settings import DataConfig, Weighted, clip_source
from videogigagan.model.generator import Generator
from videogigagan.model.presets import generator_preset
from videogigagan.ops.layout import channels_last

CLIPS = 20
STEPS = 3


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="Compare data with training.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--workers", type=int, default=0)
    arguments = parser.parse_args()
    videos = (Weighted(path=str(arguments.data / "video")),)
    photos = (Weighted(path=str(arguments.data / "photos")),)
    mixed = DataConfig(videos=videos, photos=photos, frames=arguments.frames, held_out=0.0)
    configs = {
        "video, bi": replace(mixed, photos=()),
        "photos as a plane, bi": replace(mixed, videos=(), motion="plane"),
        "photos in layers, bi": replace(mixed, videos=()),
        "mixed, bi": mixed,
        "mixed, bd": replace(mixed, degradation="bd"),
        "mixed, real": replace(mixed, degradation="real"),
        "mixed, bi, two candidates": replace(mixed, candidates=2),
    }
    seconds = step_seconds(arguments.frames)
    print(f"One step of base-4x on a clip of {arguments.frames} frames: {seconds:.2f} s.\n")
    print("| material | clips/s | times what training takes in |\n|---|---|---|")
    for name, config in configs.items():
        source = clip_source(config, scale=4, seed=0, part="train")
        rate = clips_per_second(source, arguments.workers)
        print(f"| {name} | {rate:.2f} | {rate * seconds:.1f} |", flush=True)


def clips_per_second(source: ClipSource, workers: int) -> float:
    """Time the pipeline alone, from the second clip on: files are looked into only once."""
    prepared = batches(source, ((number,) for number in range(CLIPS + 1)), workers)
    next(prepared)
    started = time.perf_counter()
    for _ in prepared:
        pass
    return CLIPS / (time.perf_counter() - started)


def step_seconds(frames: int) -> float:
    """Time the U-Net's forward and backward pass on one clip; the first is left out."""
    torch.manual_seed(0)
    generator = channels_last(Generator(generator_preset("base-4x")))
    features = torch.rand(1, frames, 67, 64, 64)
    for step in range(STEPS + 1):
        if step == 1:
            started = time.perf_counter()
        generator.render(features, generator.style()).square().mean().backward()
    return (time.perf_counter() - started) / STEPS


if __name__ == "__main__":
    main()
