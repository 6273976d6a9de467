"""The adversarial part learns: minutes, so only with `-m slow`."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from train_fakes import CPU, batch_of, drifting, tiny

from videogigagan.ops.layout import clips_of, frames_of
from videogigagan.train.batches import Batch
from videogigagan.train.config import LossWeights
from videogigagan.train.loop import run
from videogigagan.train.objective import DiscriminatorObjective, Made
from videogigagan.train.optimiser import discriminator_optimiser
from videogigagan.train.start import build_networks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def blurred(batch: Batch) -> torch.Tensor:
    """The truth without its fine detail: what its small clip still shows."""
    enlarged = F.interpolate(
        frames_of(batch.small), scale_factor=4, mode="bicubic", align_corners=False
    )
    return clips_of(enlarged, len(batch.small))


def test_discriminator_tells_true_clips_from_blurred_ones_within_200_steps() -> None:
    config = tiny(steps=200)
    discriminator = build_networks(config).discriminator
    assert discriminator is not None
    objective = DiscriminatorObjective(discriminator, config)
    optimiser = discriminator_optimiser(discriminator, config)
    for step in range(config.steps):
        batch = batch_of(config, range(2 * step, 2 * step + 2))
        optimiser.forget()
        verdict = objective(batch, Made(result=blurred(batch)), penalised=step % 16 == 0)
        verdict.total.backward()
        optimiser.prepare(step, config.steps)
        optimiser.step()
    with torch.no_grad():
        unseen = batch_of(config, range(10_000, 10_016))
        true, false = discriminator(unseen.large), discriminator(blurred(unseen))
    assert (true > 0).float().mean() > 0.95
    assert (false < 0).float().mean() > 0.95


def test_generators_lpips_falls_while_its_adversary_learns(
    tmp_path: Path, shared_weights: Path
) -> None:
    """It starts as the bicubic enlargement; all of Eq. 2, with the published AlexNet."""
    config = tiny("image", steps=200, losses=LossWeights(), save_every=200, r1_every=16)
    config = replace(config, generator=replace(config.generator, residual="bicubic"))
    steps = run(config, tmp_path, judges=shared_weights, devices=CPU, feed=drifting)
    figures = [step.figures for step in steps]

    def mean(name: str, part: slice) -> float:
        values = [step[name] for step in figures[part]]
        return sum(values) / len(values)

    first, last = slice(0, 20), slice(-20, None)
    assert mean("generator/lpips", last) < 0.8 * mean("generator/lpips", first)
    apart = "discriminator/real", "discriminator/fake"
    assert sum(mean(name, last) for name in apart) < sum(mean(name, first) for name in apart)
