"""The loop: the U-Net learns from cached features; chance follows from (seed, step) alone."""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch
from torch import nn

from videogigagan.errors import VideoGigaGANError
from videogigagan.frozen.lpips import LPIPS
from videogigagan.model.generator import Generator
from videogigagan.ops.layout import frames_of
from videogigagan.train.average import MovingAverage
from videogigagan.train.batches import Batch, draw_batch
from videogigagan.train.config import TrainConfig
from videogigagan.train.losses import charbonnier, perceptual
from videogigagan.train.state import RunState


def train(
    config: TrainConfig,
    generator: Generator,
    lpips: LPIPS,
    draw: Callable[[TrainConfig, int], Batch] = draw_batch,
) -> Iterator[dict[str, float]]:
    """Train, or go on training, in `config.run`; yield each step's named figures.

    Propagation does not take part: its features come from the cache. The generator passed in is
    trained in place; the averaged weights lie in `state.pt` under `average`. `draw` makes the
    batch of a step, from nothing but its arguments.
    """
    config.run.mkdir(parents=True, exist_ok=True)
    learning = [
        p for name, p in generator.named_parameters() if not name.startswith("propagation.")
    ]
    optimizer = torch.optim.Adam(learning, lr=config.learning_rate, betas=(0.9, 0.99))
    state = RunState(generator, MovingAverage(generator, config.average), optimizer)
    path = config.run / "state.pt"
    if path.exists():
        state.load(path)
    while state.step < config.steps:
        started = time.monotonic()
        torch.manual_seed(config.seed * 1_000_003 + state.step)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config, state.step)
        figures = generator_step(generator, lpips, draw(config, state.step), config, optimizer)
        state.average.update(generator, state.step)
        state.step += 1
        if not math.isfinite(figures["total"]):
            raise VideoGigaGANError(
                f"{config.run}: the loss is not finite at step {state.step}. The last saved "
                f"state is whole; lower the learning rate and start again."
            )
        if state.step % config.save_every == 0 or state.step == config.steps:
            state.save(path)
        figures = {"step": state.step, **figures, "seconds": time.monotonic() - started}
        _note(config.run / "journal.jsonl", figures)
        yield figures


def generator_step(
    generator: Generator,
    lpips: LPIPS,
    batch: Batch,
    config: TrainConfig,
    optimizer: torch.optim.Optimizer,
) -> dict[str, float]:
    """One optimiser step on the regression terms of Eq. 2, averaged over frames."""
    draws = torch.Generator().manual_seed(int(torch.randint(2**31, ())))
    style = generator.style(int(torch.randint(2**31, ())))
    result = frames_of(generator.render(batch.features, style))
    truth = frames_of(batch.large)
    weights = config.weights
    terms = {"charbonnier": charbonnier(result, truth)}
    total = weights.charbonnier * terms["charbonnier"]
    if weights.lpips:
        terms["lpips"] = perceptual(lpips, result, truth, draws)
        total = total + weights.lpips * terms["lpips"]
    optimizer.zero_grad(set_to_none=True)
    total.backward()
    norm = nn.utils.clip_grad_norm_(generator.parameters(), config.gradient_norm)
    optimizer.step()
    figures = {"total": total, **terms, "gradient": norm}
    return {name: figure.item() for name, figure in figures.items()}


def learning_rate(config: TrainConfig, step: int) -> float:
    """Linear warm-up, then half a cosine down to `final_rate`."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    progress = (step - config.warmup) / max(config.steps - config.warmup, 1)
    share = (1 + math.cos(math.pi * progress)) / 2
    return config.learning_rate * (config.final_rate + (1 - config.final_rate) * share)


def _note(path: Path, figures: Mapping[str, float | int]) -> None:
    with path.open("a") as journal:
        journal.write(json.dumps(figures) + "\n")
