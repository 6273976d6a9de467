"""What a run takes, before it is begun: one step on tensors that have shapes and no values.

PyTorch's fake tensors go through every operation of the step without computing or holding
anything. A tally looks on: it adds up the storages that are alive, and the arithmetic of
convolutions and products.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import itemgetter

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode, is_fake
from torch.profiler import ProfilerActivity, profile

from videogigagan.model.generator import Generator
from videogigagan.ops.layout import frames_of
from videogigagan.ops.tally import Tally
from videogigagan.train.batches import Batch
from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import StartConfig, TrainConfig
from videogigagan.train.devices import Devices
from videogigagan.train.likeness import untrained_likeness
from videogigagan.train.objective import DiscriminatorObjective, Made
from videogigagan.train.start import build_networks
from videogigagan.train.step import Learner


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What one device needs, and what one clip costs."""

    generator: int
    """Weights of the generator, propagation included."""
    discriminator: int
    """Weights of the discriminator; 0 if there is none."""
    memory: int
    """Bytes at the fullest moment of a step with R1. What kernels need for themselves, and what
    an allocator cannot use, comes on top."""
    held: int
    """Bytes of it that are there between steps: weights, their average, Adam's moments."""
    flops: int
    """Floating-point operations of one clip, forwards and backwards, without R1."""
    penalty_flops: int
    """Those that R1 adds on the steps on which it is due."""

    def step_flops(self, config: TrainConfig) -> float:
        """Operations of a whole batch, mean over the steps."""
        return config.batch * (self.flops + self.penalty_flops / config.r1_every)


def estimate(config: TrainConfig) -> Estimate:
    """Work out what a step takes.

    For a small model that is a matter of seconds, for the paper's of a minute or two. Files
    that the run starts from are not read.
    """
    config = replace(config, start=StartConfig())
    with FakeTensorMode(), Tally() as tally:
        learner = learner_of(config)
        shown = Generator(config.generator)  # the averaged generator, for observers
        batch = blank_batch(config)
        fill_moments(learner)
        held = tally.peak = tally.now
        tally.flops = 0
        learner.step([batch], {})
        peak, flops = tally.peak, tally.flops
        penalty = _penalty_flops(learner, batch, tally)
    moving = [p for one in learner.state.optimisers.values() for p in one.parameters]
    waiting = _bytes(moving) if config.batch > config.micro_batch else 0
    discriminator = learner.state.networks.discriminator
    return Estimate(
        generator=_count(shown),
        discriminator=0 if discriminator is None else _count(discriminator),
        memory=peak + waiting,
        held=held,
        flops=(flops - penalty) // config.micro_batch,
        penalty_flops=penalty // config.micro_batch,
    )


def learner_of(config: TrainConfig, devices: Devices | None = None) -> Learner:
    """What makes the steps of a run, on the CPU unless told; LPIPS has random weights."""
    devices = devices or Devices(device=torch.device("cpu"))
    networks = build_networks(config)
    likeness = untrained_likeness(config)
    for network in (networks.generator, networks.discriminator, *likeness.networks()):
        if network is not None and is_fake(next(network.parameters())):
            _keep_in_place(network)
    return Learner(networks, config, devices, likeness)


def blank_batch(config: TrainConfig) -> Batch:
    """A micro-batch of the size that a run has, with nothing to see in it."""
    data, scale = config.data, config.generator.scale
    if isinstance(data, CacheConfig):
        side, anew = data.crop, data.propagated
    else:
        side, anew = data.small_size, data.frames
    small = torch.rand(config.micro_batch, anew or data.frames, 3, side, side)
    large = torch.rand(config.micro_batch, data.frames, 3, scale * side, scale * side)
    propagation = config.generator.propagation
    width = 0 if propagation is None else propagation.channels
    features = torch.cat((small, small[:, :, :1].expand(-1, -1, width, -1, -1)), dim=2)
    return Batch(
        number=0,
        small=small,
        large=large,
        window=slice(data.frames),
        features=None if anew else features,
    )


def fill_moments(learner: Learner) -> None:
    """Let Adam make its moments, which it else makes at the end of the first step."""
    for optimiser in learner.state.optimisers.values():
        for parameter in optimiser.parameters:
            parameter.grad = torch.zeros_like(parameter)
        optimiser.step()
        optimiser.forget()


def allocated(work: Callable[[], object]) -> int:
    """The most bytes that PyTorch's allocator had handed out at once while `work` ran.

    What `estimate` is checked against: its profiler writes down each allocation on the CPU,
    those inside kernels included.
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        work()
    assert profiler.profiler is not None
    assert profiler.profiler.kineto_results is not None
    events = profiler.profiler.kineto_results.events()
    changes = [
        (one.start_ns(), one.nbytes())  # pyright: ignore[reportAttributeAccessIssue] - it is there
        for one in events
        if one.name() == "[memory]"
    ]
    return max(accumulate(size for _, size in sorted(changes, key=itemgetter(0))), default=0)


def _penalty_flops(learner: Learner, batch: Batch, tally: Tally) -> int:
    """What R1 adds to the discriminator's pass."""
    discriminator = learner.state.networks.discriminator
    if discriminator is None or not learner.config.losses.r1:
        return 0
    objective = DiscriminatorObjective(discriminator, learner.config)
    frames = frames_of(batch.large)
    made = Made(result=batch.large, seen=learner.judges.likeness.seen(frames, frames))
    counts = []
    for penalised in (False, True):
        before = tally.flops
        objective(batch, made, penalised=penalised).total.backward()
        counts.append(tally.flops - before)
    return counts[1] - counts[0]


def _keep_in_place(network: nn.Module) -> None:
    """Fake tensors cannot be moved, not even to where they are."""

    def stay(device: torch.device) -> nn.Module:
        assert device.type == "cpu"
        return network

    network.to = stay  # pyright: ignore[reportAttributeAccessIssue]


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
