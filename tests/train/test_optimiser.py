"""How the weights move."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from train_fakes import tiny

from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import OptimiserConfig
from videogigagan.train.optimiser import Optimiser, generator_optimiser, scheduled
from videogigagan.train.start import build_networks

PAPER = OptimiserConfig()


def network() -> nn.Module:
    """A layer, and one named as a generator's flow network."""
    torch.manual_seed(0)
    layers = nn.ModuleDict({"stem": nn.Linear(2, 2)})
    layers["propagation"] = nn.ModuleDict({"flow": nn.Linear(2, 2)})
    return layers


def learn(module: nn.Module, optimiser: Optimiser, step: int) -> float:
    optimiser.forget()
    x = torch.ones(1, 2)
    sum(layer(x).square().sum() for layer in flat(module)).backward()
    norm = optimiser.prepare(step, 10)
    optimiser.step()
    return norm


def flat(module: nn.Module) -> list[nn.Module]:
    return [part for part in module.modules() if isinstance(part, nn.Linear)]


def test_the_papers_rate_never_changes() -> None:
    assert {scheduled(5e-5, PAPER, step, 100) for step in range(100)} == {5e-5}


def test_rate_rises_then_falls_along_a_cosine() -> None:
    config = OptimiserConfig(schedule="cosine", warmup=10, final_share=0.1)
    rates = [scheduled(1.0, config, step, 110) for step in range(111)]
    assert rates[:10] == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert rates[10] == pytest.approx(1)
    assert rates[60] == pytest.approx(0.55)
    assert rates[110] == pytest.approx(0.1)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert scheduled(1.0, replace(config, warmup=0), 0, 110) == 1


def test_the_flow_network_waits_and_then_learns_more_slowly() -> None:
    module = network()
    stem, flow = flat(module)
    optimiser = Optimiser(module, OptimiserConfig(flow_frozen=2), rate=0.1)
    before = flow.weight.clone()
    for step in range(2):
        learn(module, optimiser, step)
    assert torch.equal(flow.weight, before)
    assert not optimiser.adam.state[flow.weight]
    place = stem.weight.clone()
    learn(module, optimiser, 2)
    moved = (flow.weight - before).abs().max().item()
    assert moved == pytest.approx(0.025, rel=0.01)
    assert (stem.weight - place).abs().max() > 0.05
    assert optimiser.rate_now == 0.1


def test_long_gradients_are_shortened_and_short_ones_left() -> None:
    module = network()
    free = Optimiser(module, PAPER, rate=0.1)
    norm = learn(module, free, 0)
    assert norm > 1
    module = network()
    bound = Optimiser(module, OptimiserConfig(gradient_norm=1.0, flow_frozen=0), rate=0.0001)
    assert learn(module, bound, 0) > 1
    assert nn.utils.get_total_norm([p.grad for p in module.parameters()]) == pytest.approx(1)
    loose = Optimiser(module, OptimiserConfig(gradient_norm=1e6, flow_frozen=0), rate=0.0001)
    norm = learn(module, loose, 0)
    assert nn.utils.get_total_norm([p.grad for p in module.parameters()]) == pytest.approx(norm)


def test_moments_come_back_by_name() -> None:
    one, other = network(), network()
    source, target = (
        Optimiser(module, replace(PAPER, flow_frozen=1), rate=0.1) for module in (one, other)
    )
    for step in range(2):
        learn(one, source, step)
    other.load_state_dict(one.state_dict())
    target.restore(source.moments(keep=True))
    assert source.moments(keep=False)["stem.weight"] == {}
    for step in range(2, 4):
        learn(one, source, step)
        learn(other, target, step)
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(p, q)
    with pytest.raises(KeyError):
        target.restore({"nose.weight": {}})


def test_muon_moves_kernels_and_adam_the_rest() -> None:
    config = tiny(optimiser=OptimiserConfig(muon_rate=1e-3, flow_frozen=0))
    generator = build_networks(config).generator
    optimiser = generator_optimiser(generator, config)
    assert optimiser.muon is not None
    by_muon = {name for name, p in optimiser.named.items() if p in optimiser.muon}
    assert {"stem.features.weight", "decoder.levels.0.blocks.0.first.bank"} <= by_muon
    left = ("propagation.", "decoder.to_rgb.", "mapping.", "reconstruction.conv_last.")
    assert not any(name.startswith(left) or name.endswith("bias") for name in by_muon)
    assert generator_optimiser(generator, tiny()).muon is None


@pytest.mark.parametrize("muon_rate", [None, 1e-3])
def test_propagation_moves_by_its_share(muon_rate: float | None) -> None:
    rates = OptimiserConfig(rate=0.1, muon_rate=muon_rate, propagation_share=0.25)
    config = tiny(optimiser=rates)
    generator = build_networks(config).generator
    optimiser = generator_optimiser(generator, config)
    before = {name: p.detach().clone() for name, p in optimiser.named.items()}
    for p in optimiser.parameters:
        p.grad = torch.ones_like(p)
    optimiser.prepare(0, 10)
    optimiser.step()
    steps = {name: (p - before[name]).abs().max().item() for name, p in optimiser.named.items()}
    own = [step for name, step in steps.items() if name.startswith("propagation.")]
    assert own == pytest.approx([0.025] * len(own), rel=1e-3)
    assert steps["mapping.layers.0.weight"] == pytest.approx(0.1, rel=1e-3)


def test_muons_rate_follows_the_schedule() -> None:
    places = []
    for step in (0, 1):
        torch.manual_seed(0)
        layer = nn.Conv2d(4, 4, 3, bias=False)
        layers = nn.ModuleDict({"layer": layer, "other": nn.Linear(2, 2)})
        config = OptimiserConfig(warmup=2)
        optimiser = Optimiser(layers, config, rate=0.1, muon_rate=0.4)
        before = layer.weight.detach().clone()
        layer.weight.grad = torch.ones_like(layer.weight).tril()
        layers["other"].weight.grad = torch.ones(2, 2)
        optimiser.prepare(step, 10)
        optimiser.step()
        places.append((layer.weight.detach() - before, optimiser.rate_now))
    (half, half_rate), (full, full_rate) = places
    assert (half_rate, full_rate) == (0.05, 0.1)
    torch.testing.assert_close(2 * half, full)


@pytest.mark.parametrize("setting", ["frozen", "cached"])
def test_frozen_propagation_is_not_moved(setting: str) -> None:
    cached = CacheConfig(folder="nowhere", frames=2)
    changes = {"frozen_propagation": True} if setting == "frozen" else {"data": cached}
    config = tiny(**changes)
    generator = build_networks(config).generator
    names = generator_optimiser(generator, config).names
    every = [name for name, _ in generator.named_parameters()]
    assert set(every) - set(names) == {n for n in every if n.startswith("propagation.")}


def test_noise_that_is_off_is_not_moved() -> None:
    config = tiny()
    config = replace(config, generator=replace(config.generator, noise="none"))
    names = generator_optimiser(build_networks(config).generator, config).names
    assert names
    assert not any(name.endswith("noise_strength") for name in names)


def test_the_flow_comes_last() -> None:
    config = tiny(optimiser=OptimiserConfig(flow_frozen=0))
    names = generator_optimiser(build_networks(config).generator, config).names
    flow = [name.startswith("propagation.flow.") for name in names]
    assert flow == sorted(flow)
    assert any(flow)
