"""What each network is asked to do (Eq. 2)."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from train_fakes import PLAIN, batch_of, tiny

from videogigagan.data.degrade import bicubic_degradation
from videogigagan.frozen.efficientnet import WIDTHS
from videogigagan.model.config import CleaningConfig
from videogigagan.model.discriminator import Discriminator
from videogigagan.model.presets import GENERATORS
from videogigagan.train.config import LossWeights, TrainConfig
from videogigagan.train.likeness import Likeness, Seen, untrained_likeness
from videogigagan.train.objective import (
    DiscriminatorObjective,
    GeneratorObjective,
    Judges,
    Made,
    mixed,
)
from videogigagan.train.start import Networks, build_networks

DIRTY = replace(GENERATORS["tiny"], cleaning=CleaningConfig(channels=8, blocks=1))


def networks(config: TrainConfig) -> tuple[GeneratorObjective, Judges, Discriminator]:
    made: Networks = build_networks(config)
    assert made.discriminator is not None
    judges = Judges(discriminator=made.discriminator, likeness=untrained_likeness(config))
    return GeneratorObjective(made.generator, config), judges, made.discriminator


def test_the_total_is_eq_2() -> None:
    config = tiny(losses=LossWeights(features=4.0, grid=2.0, spectrum=6.0, steadiness=3.0))
    objective, judges, _ = networks(config)
    verdict, made = objective(batch_of(config, range(2)), judges)
    assert made.result.shape == (2, 2, 3, 64, 64)
    terms = {name: term.item() for name, term in verdict.terms.items()}
    papers = {"charbonnier", "lpips", "gan"}
    assert set(terms) == papers | {"features", "grid", "spectrum", "steadiness"}
    weighted = 10 * terms["charbonnier"] + 5 * terms["lpips"] + 0.05 * terms["gan"]
    ours = 4 * terms["features"] + 2 * terms["grid"]
    ours += 6 * terms["spectrum"] + 3 * terms["steadiness"]
    assert verdict.total.item() == pytest.approx(weighted + ours)


def test_what_weighs_nothing_is_not_computed() -> None:
    config = tiny(losses=replace(PLAIN, gan=0.0), discriminator=None)
    objective = GeneratorObjective(build_networks(config).generator, config)
    verdict, _ = objective(
        batch_of(config, range(2)), Judges(discriminator=None, likeness=Likeness())
    )
    assert set(verdict.terms) == {"charbonnier"}


def test_cleaned_frames_are_held_against_the_reduced_truth() -> None:
    """Beside the terms of Eq. 2; or alone, and then nothing is rendered."""
    config = tiny(generator=DIRTY, losses=replace(PLAIN, cleaning=3.0))
    objective, judges, _ = networks(config)
    batch = batch_of(config, range(2))
    verdict, _ = objective(batch, judges)
    clean = bicubic_degradation(batch.large, 4)
    assert_close(verdict.terms["cleaning"], (batch.small - clean).abs().mean())
    assert verdict.total > 3 * verdict.terms["cleaning"]
    alone = LossWeights(gan=0.0, lpips=0.0, charbonnier=0.0, cleaning=3.0)
    config = tiny(generator=DIRTY, losses=alone, discriminator=None)
    objective = GeneratorObjective(build_networks(config).generator, config)
    single, made = objective(batch, Judges(discriminator=None, likeness=Likeness()))
    assert made is None
    assert_close(single.total, 3 * verdict.terms["cleaning"])
    single.total.backward()
    learning = {name for name, p in objective.generator.named_parameters() if p.requires_grad}
    assert {name.partition(".")[0] for name in learning} == {"cleaning"}
    assert objective.generator.cleaning.change.weight.grad is not None


def test_z_and_noise_follow_from_the_batchs_number() -> None:
    config = tiny()
    objective, judges, _ = networks(config)
    with torch.no_grad():
        for name, strength in objective.named_parameters():
            if name.endswith("noise_strength"):
                strength.fill_(0.1)
    batch = batch_of(config, range(2))
    _, first = objective(batch, judges)
    torch.manual_seed(5)
    _, again = objective(batch, judges)
    _, other = objective(replace(batch, number=1), judges)
    assert torch.equal(first.result, again.result)
    assert not torch.equal(first.result, other.result)
    assert len({mixed(seed, number) for seed in range(4) for number in range(50)}) == 200


def test_gradients_reach_the_generator_through_its_judge() -> None:
    config = tiny(losses=LossWeights(lpips=0.0, charbonnier=0.0))
    objective, judges, discriminator = networks(config)
    discriminator.requires_grad_(False)
    verdict, _ = objective(batch_of(config, range(2)), judges)
    verdict.total.backward()
    assert all(p.grad is None for p in discriminator.parameters())
    for parameter in objective.parameters():  # a device waits for every one that learns
        assert (parameter.grad is not None) is parameter.requires_grad


def test_cached_features_stand_in_for_propagation() -> None:
    config = tiny()
    objective, judges, _ = networks(config)
    batch = batch_of(config, range(2))
    features = objective.generator.propagate(batch.small)
    _, direct = objective(batch, judges)
    _, cached = objective(replace(batch, features=features), judges)
    assert_close(direct.result, cached.result)


def test_only_a_window_of_what_is_propagated_is_rendered_and_judged() -> None:
    """What lies around it comes in through propagation alone, which learns from it."""
    config = tiny()
    objective, judges, discriminator = networks(config)
    batch = batch_of(config, range(2))
    wide = replace(batch, small=batch.small[:, [1, 0, 1, 0]], window=slice(1, 3))
    for colours in objective.generator.decoder.to_rgb:
        nn.init.normal_(colours.weight)
    nn.init.normal_(objective.generator.stem.features.weight)
    verdict, made = objective(wide, judges)
    assert made.result.shape == batch.large.shape
    verdict.total.backward()
    assert objective.generator.propagation.fusion.weight.grad.abs().max() > 0
    _, alone = objective(replace(batch, small=wide.shown), judges)
    assert not torch.equal(made.result, alone.result)
    told = DiscriminatorObjective(discriminator, config)(wide, made, penalised=False)
    assert torch.isfinite(told.total)


def test_gradients_may_end_where_the_window_does() -> None:
    """The result is the same, and propagation learns otherwise."""
    config = tiny()
    objective, judges, _ = networks(config)
    batch = batch_of(config, range(2))
    wide = replace(batch, small=batch.small[:, [1, 0, 1, 0]], window=slice(1, 3))
    nn.init.normal_(objective.generator.stem.features.weight)
    for colours in objective.generator.decoder.to_rgb:
        nn.init.normal_(colours.weight)
    weight = objective.generator.propagation.forward_branch.entry.weight
    results, gradients = [], []
    for reach in (0, None):
        objective.config = replace(config, reach=reach)
        verdict, made = objective(wide, judges)
        results.append(made.result)
        gradients += torch.autograd.grad(verdict.total, weight)
    assert_close(*results)
    assert not torch.equal(*gradients)


def test_discriminator_learns_from_true_clips_and_results() -> None:
    config = tiny()
    _, judges, discriminator = networks(config)
    objective = DiscriminatorObjective(discriminator, config)
    batch = batch_of(config, range(2))
    result = torch.rand_like(batch.large).requires_grad_()
    verdict = objective(batch, Made(result=result), penalised=False)
    assert set(verdict.terms) == {"real", "fake"}
    assert_close(verdict.total, verdict.terms["real"] + verdict.terms["fake"])
    verdict.total.backward()
    assert result.grad is None
    assert all(p.grad is not None for p in discriminator.parameters())
    assert judges.discriminator is discriminator


def test_r1_weighs_more_the_rarer_it_is() -> None:
    config = tiny(r1_every=16)
    _, _, discriminator = networks(config)
    objective = DiscriminatorObjective(discriminator, config)
    batch = batch_of(config, range(2))
    verdict = objective(batch, Made(result=torch.rand_like(batch.large)), penalised=True)
    terms = verdict.terms
    rest = terms["real"] + terms["fake"]
    assert terms["r1"] > 0
    assert_close(verdict.total - rest, 0.2048 * 16 * terms["r1"], rtol=1e-3, atol=1e-6)


def test_bfloat16_gives_nearly_the_same_losses() -> None:
    config = tiny()
    objective, judges, discriminator = networks(config)
    batch = batch_of(config, range(2))
    full, made = objective(batch, judges)
    objective.config = replace(config, precision="bf16")
    half, rough = objective(batch, judges)
    assert rough.result.dtype == torch.float32
    assert_close(half.total, full.total, rtol=0.02, atol=0.0)
    assert not torch.equal(rough.result, made.result)
    judge = DiscriminatorObjective(discriminator, objective.config)
    verdict = judge(batch, rough, penalised=True)
    verdict.total.backward()
    assert verdict.total.dtype == torch.float32
    assert all(p.grad.isfinite().all() for p in discriminator.parameters())


def test_a_discriminator_is_shown_what_a_frozen_network_sees() -> None:
    """It sees the features of what it judges, and neither they nor the result learn from it."""
    config = tiny(discriminator=replace(tiny().discriminator, seen=WIDTHS[:3]))
    objective, judges, discriminator = networks(config)
    batch = batch_of(config, range(2))
    _, made = objective(batch, judges)
    assert made.seen is not None
    judge = DiscriminatorObjective(discriminator, config)
    same = Made(result=batch.large, seen=Seen(result=made.seen.truth, truth=made.seen.truth))
    alike = judge(batch, same, penalised=False).terms
    told = judge(batch, Made(result=batch.large, seen=made.seen), penalised=False)
    assert told.terms["real"] == alike["real"]
    assert told.terms["fake"] != alike["fake"]
    told.total.backward()
    assert all(p.grad is not None for p in discriminator.parameters())
    assert all(p.grad is None for p in objective.parameters())
