"""Memory of a training step: `python benchmarks/training_memory.py`.

Checks the estimate of `videogigagan train --dry-run` against a step of `base-4x` that is really
made: against what PyTorch's allocator hands out, and against what the process takes from the
system. Then estimates a step of `paper-4x` (one clip of 10 frames, 64x64). Where there is a GPU
that step is made, too, and measured.
"""

import gc
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import tyro

from videogigagan.cli.screen import peak_memory
from videogigagan.model.generator import Generator
from videogigagan.train.config import Precision, TrainConfig
from videogigagan.train.devices import Devices
from videogigagan.train.estimate import (
    allocated,
    blank_batch,
    estimate,
    fill_moments,
    learner_of,
)
from videogigagan.train.recipes import recipe

GPU = 141e9
"""Bytes of the GPU that a step should fit."""
LEAN_FIRST: tuple[tuple[Precision, bool], ...] = (
    ("bf16", True),
    ("fp32", True),
    ("fp32", False),
)
"""Precision and checkpointing; a process remembers only its peak, so less comes before more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Estimate and measure the memory of training steps."""

    checked: str = "base-4x"
    """Preset whose step is made on the CPU."""
    wanted: str = "paper-4x"
    """Preset whose step is estimated; empty: none."""

    def run(self) -> None:
        """Print a table, and one for the GPU."""
        print("| step | estimate, MiB | allocator, MiB | process, MiB |")
        print("|---|---:|---:|---:|")
        checked = variants(self.checked, LEAN_FIRST[1:])
        for config, process in zip(checked, taken(checked), strict=True):
            measured = allocated(lambda config=config: step(config))
            found = estimate(config).memory
            figures = " | ".join(f"{size / 2**20:.0f}" for size in (found, measured, process))
            print(f"| {named(config)} | {figures} |", flush=True)
        if self.wanted:
            print(f"\n| step | estimate, GB | of {GPU / 1e9:.0f} GB | measured, GB |")
            print("|---|---:|---:|---:|")
            for config in variants(self.wanted, LEAN_FIRST):
                found = estimate(config).memory
                made = f"{on_gpu(config) / 1e9:.1f}" if torch.cuda.is_available() else "-"
                share = f"{found / 1e9:.1f} | {found / GPU:.0%} | {made}"
                print(f"| {named(config)} | {share} |", flush=True)


def variants(preset: str, settings: Sequence[tuple[Precision, bool]]) -> list[TrainConfig]:
    """Steps of one clip, by precision and checkpointing."""
    config = replace(recipe(preset, "video"), batch=1, micro_batch=1)
    return [
        replace(config, precision=precision, checkpointing=checkpointing)
        for precision, checkpointing in settings
    ]


def named(config: TrainConfig) -> str:
    """What tells a variant from the others."""
    kept = "checkpointing" if config.checkpointing else "activations kept"
    return f"{config.name}, {config.precision}, {kept}"


def step(config: TrainConfig, device: str = "cpu") -> None:
    """Make one step with R1, as a run does it after its first."""
    devices = Devices(device=torch.device(device))
    learner = learner_of(config, devices)
    shown = Generator(config.generator).to(device)
    fill_moments(learner)
    learner.step([blank_batch(config)], {})
    del learner, shown
    gc.collect()


def taken(configs: Sequence[TrainConfig]) -> list[int]:
    """Bytes that the process has taken from the system by the end of each step.

    What it held before the first is not counted: Python and PyTorch.
    """
    before, peaks = peak_memory() or 0, []
    for config in configs:
        step(config)
        peaks.append((peak_memory() or 0) - before)
    return peaks


def on_gpu(config: TrainConfig) -> int:
    """The most bytes that the step really takes on a GPU."""
    torch.cuda.reset_peak_memory_stats()
    step(config, "cuda")
    return torch.cuda.max_memory_allocated()


if __name__ == "__main__":
    tyro.cli(Memory, description=__doc__).run()
