"""How much faster baked kernels render: `python benchmarks/baking.py`.

Renders one chunk with `base-4x` in turn as trained (kernels selected, modulated and demodulated
at each call) and baked (plain convolutions), and prints the ratio of the medians.
"""

import statistics
import time
from dataclasses import replace

import torch

from videogigagan.model.generator import Generator
from videogigagan.model.presets import generator_preset
from videogigagan.ops.layout import channels_last

ROUNDS = 7
SIZES = ((1, 32, 32), (10, 32, 32), (1, 144, 176), (4, 144, 176))


def main() -> None:
    """Print a table."""
    torch.manual_seed(0)
    generator = channels_last(Generator(generator_preset("base-4x")).eval())
    style = generator.style(0)
    baked = generator.bake(style)
    style = replace(style, noise="none")
    print("| frames | size | as trained, s | baked, s | ratio |")
    print("|---|---|---|---|---|")
    for frames, height, width in SIZES:
        features = torch.rand(1, frames, 67, height, width)
        plain: list[float] = []
        fast: list[float] = []
        for _ in range(ROUNDS):
            plain.append(seconds(generator, features, style))
            fast.append(seconds(baked, features, style))
        before, after = statistics.median(plain), statistics.median(fast)
        figures = f"{before:.3f} | {after:.3f} | {before / after:.2f}"
        print(f"| {frames} | {width}x{height} | {figures} |")


def seconds(generator: Generator, features: torch.Tensor, style: object) -> float:
    """Time one rendering."""
    started = time.perf_counter()
    with torch.inference_mode():
        generator.render(features, style)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
