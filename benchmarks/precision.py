"""What bf16 gains and changes: `python benchmarks/precision.py VIDEO`.

Upscales the first frames of a video with `base-4x-bi` in fp32 and in bf16, in turn, and prints
the times of propagation and rendering, their ratios, and how far apart the results are. Where
the hardware has no instructions for bf16 it is slower, and `--precision auto` does not take it.
"""

import math
import statistics
import time
from itertools import islice
from pathlib import Path
from typing import Annotated

import torch
import tyro

from videogigagan.ops.allocator import keep_freed_memory
from videogigagan.upscale.options import Precision
from videogigagan.upscale.upscaler import VideoUpscaler
from videogigagan.video.reader import open_source

ROUNDS = 5


def main(video: Annotated[Path, tyro.conf.Positional], frames: int = 10) -> None:
    """Compare both.

    Args:
        video: A video, better a real one.
        frames: How many of its first frames to take.
    """
    keep_freed_memory()
    with open_source(video) as source:
        clip = torch.stack([frame.pixels for frame in islice(source.frames(), frames)])
    precisions: tuple[Precision, ...] = ("fp32", "bf16")
    upscalers = {
        name: VideoUpscaler.from_pretrained("base-4x-bi", precision=name) for name in precisions
    }
    results = {name: upscaler.upscale_tensor(clip) for name, upscaler in upscalers.items()}
    rounds = [
        {name: seconds(each, clip) for name, each in upscalers.items()} for _ in range(ROUNDS)
    ]
    print("| s a frame | fp32 | bf16 | ratio |\n|---|---|---|---|")
    for place, part in enumerate(("propagation", "rendering")):
        full, half = (
            statistics.median(made[name][place] for made in rounds) / len(clip)
            for name in precisions
        )
        print(f"| {part} | {full:.2f} | {half:.2f} | {full / half:.2f} |")
    apart = results["bf16"] - results["fp32"]
    psnr = -10 * math.log10(apart.square().mean())
    print(f"\nResults are {apart.abs().mean() * 255:.3f} of 255 apart, PSNR {psnr:.1f} dB.")


def seconds(upscaler: VideoUpscaler, clip: torch.Tensor) -> tuple[float, float]:
    """Time of propagation and of rendering."""
    count = len(clip)
    started = time.perf_counter()
    features, _ = upscaler.engine.propagate(clip, None, keep=count, onward=count)
    propagated = time.perf_counter()
    upscaler.engine.pictures(features)
    return propagated - started, time.perf_counter() - propagated


if __name__ == "__main__":
    tyro.cli(main)
