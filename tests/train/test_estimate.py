"""The estimate of memory and arithmetic, checked against PyTorch's own allocator."""

from dataclasses import replace

import pytest
import torch
from train_fakes import PLAIN, tiny

from videogigagan.model.config import DiscriminatorConfig, GeneratorConfig, Level
from videogigagan.model.generator import Generator
from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import TrainConfig
from videogigagan.train.estimate import (
    Estimate,
    Tally,
    allocated,
    blank_batch,
    estimate,
    fill_moments,
    learner_of,
)


def small_step(**changes: object) -> TrainConfig:
    """Single frames and the smallest networks that there can be: a step of few operations."""
    level = Level(channels=8, blocks=1)
    generator = GeneratorConfig(
        scale=2,
        latent_dim=8,
        style_dim=8,
        mapping_layers=1,
        encoder=(level,),
        decoder=(level, level),
        propagation=None,
    )
    settings = {
        "batch": 1,
        "micro_batch": 1,
        "generator": generator,
        "discriminator": DiscriminatorConfig(levels=(level, level)),
    }
    return tiny("image", **(settings | changes))


def real_step(config: TrainConfig) -> None:
    learner = learner_of(config)
    shown = Generator(config.generator)
    fill_moments(learner)
    learner.step([blank_batch(config)], {})
    del shown


@pytest.fixture(scope="module")
def plain() -> Estimate:
    return estimate(small_step())


def test_memory_is_what_the_allocator_hands_out_short_of_kernels_own_needs(plain) -> None:
    measured = allocated(lambda: real_step(small_step()))
    assert plain.memory <= measured < 1.2 * plain.memory


def test_a_live_sum_counts_each_storage_once_and_forgets_it() -> None:
    with Tally() as tally:
        one = torch.ones(1000)
        view = one.view(10, 100).t()
        assert tally.now == 4000
        two = one * 2
        assert tally.now == 8000
        del one
        assert tally.now == 8000  # the view still needs it
        del view
        assert tally.now == 4000
        assert two @ two == 4000
    assert tally.peak >= 8000


def test_parameters_and_arithmetic_are_counted(plain) -> None:
    learner = learner_of(small_step())
    networks = learner.state.networks
    assert plain.generator == sum(p.numel() for p in networks.generator.parameters())
    assert plain.discriminator == sum(p.numel() for p in networks.discriminator.parameters())
    with Tally() as tally:
        torch.ones(3, 5) @ torch.ones(5, 7)
    assert tally.flops == 2 * 3 * 5 * 7
    assert plain.held > 4 * 4 * (plain.generator + plain.discriminator)
    assert plain.flops > plain.penalty_flops > 0
    config = small_step(batch=32, r1_every=16)
    assert plain.step_flops(config) == 32 * plain.flops + 2 * plain.penalty_flops


def test_gradients_that_wait_for_other_clips_take_room(plain) -> None:
    more = estimate(small_step(batch=2))
    weights = 4 * (plain.generator + plain.discriminator)
    assert 0.9 * weights < more.memory - plain.memory <= weights


def test_without_an_adversary_there_is_less(plain, tmp_path) -> None:
    alone = small_step(discriminator=None, losses=replace(PLAIN, gan=0.0))
    cached = replace(alone, data=CacheConfig(folder=str(tmp_path), crop=16))
    for config in (alone, cached):
        found = estimate(config)
        assert found.discriminator == found.penalty_flops == 0
        assert found.memory < plain.memory
        assert found.flops < plain.flops


def test_what_is_propagated_anew_costs_work(tmp_path) -> None:
    cache = CacheConfig(folder=str(tmp_path), frames=2, crop=16)
    alone = tiny("video", discriminator=None, losses=replace(PLAIN, gan=0.0))
    costs = [
        estimate(replace(alone, data=replace(cache, propagated=frames))).flops
        for frames in (0, 2, 4)
    ]
    first, second = costs[1] - costs[0], costs[2] - costs[1]
    assert 0 < first < 1.5 * second < 3 * first


@pytest.mark.slow
@pytest.mark.parametrize("checkpointing", [False, True])
def test_memory_of_a_video_step_is_what_the_allocator_hands_out(checkpointing) -> None:
    config = tiny("video", batch=1, micro_batch=1, checkpointing=checkpointing)
    found = estimate(config).memory
    assert found == pytest.approx(allocated(lambda: real_step(config)), rel=0.05)
