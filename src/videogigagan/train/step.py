"""One step of training: both networks learn from one forward pass of the generator (Eq. 2).

The generator is judged by the discriminator as it stands; the discriminator learns from the
same result; then both move at once. That is our choice, because it halves the passes through
the generator, the larger of the two.
"""

import math

import torch
from torch import Tensor

from videogigagan.errors import ConfigError, VideoGigaGANError
from videogigagan.ops.layout import channels_last, learns_channels_last
from videogigagan.train.batches import Batch
from videogigagan.train.config import TrainConfig
from videogigagan.train.devices import Devices, accumulating
from videogigagan.train.likeness import Likeness
from videogigagan.train.objective import (
    DiscriminatorObjective,
    GeneratorObjective,
    Judges,
    Verdict,
    mixed,
)
from videogigagan.train.start import Networks
from videogigagan.train.state import RunState


class NotFiniteError(VideoGigaGANError):
    """A figure of a step is no number; what there was before the step stands."""


class Learner:
    """Both networks of a run on their device, spread over all devices, and how they learn.

    Raises:
        ConfigError: They cannot learn so on these devices.
    """

    def __init__(
        self, networks: Networks, config: TrainConfig, devices: Devices, likeness: Likeness
    ) -> None:
        if devices.shard and config.optimiser.muon_rate is not None:
            raise ConfigError(
                "training: Muon moves whole kernels, and devices that shard hold parts of "
                "them. Train without sharding, or set optimiser.muon_rate to null."
            )
        self.config = config
        self.devices = devices
        discriminator = networks.discriminator
        last = not devices.shard and learns_channels_last(devices.device, config.picture_side)
        for network in (networks.generator, discriminator, *likeness.networks()):
            if network is not None:
                network.to(devices.device)
                if last:  # FSDP2 takes contiguous weights only
                    channels_last(network)
        self.judges = Judges(discriminator=discriminator, likeness=likeness)
        self.generator = devices.spread_generator(
            GeneratorObjective(networks.generator, config)
        )
        self.discriminator = (
            None
            if discriminator is None
            else devices.spread_discriminator(DiscriminatorObjective(discriminator, config))
        )
        self.state = RunState(networks, config)  # after spreading: it holds what is spread

    def step(self, batches: list[Batch], flags: dict[str, float]) -> dict[str, float]:
        """Make one step; return the means of all terms, gradients' lengths and flags.

        Args:
            batches: This device's micro-batches.
            flags: Figures of this device to be averaged along with the rest.

        Raises:
            NotFiniteError: No weight has moved then.
        """
        state = self.state
        for optimiser in state.optimisers.values():
            optimiser.forget()
        terms: dict[str, Tensor] = {}
        for number, batch in enumerate(batches, start=1):
            last = number == len(batches)
            for name, term in self._learn(batch, share=1 / len(batches), last=last).items():
                terms[name] = terms.get(name, 0) + term.detach() / len(batches)
        self.devices.settle(self.generator)
        figures = {name: term.item() for name, term in terms.items()}
        for name, optimiser in state.optimisers.items():
            figures[f"{name}/gradient"] = optimiser.prepare(state.step, self.config.steps)
        figures = self.devices.mean({**figures, **flags})
        self._check(figures)
        for optimiser in state.optimisers.values():
            optimiser.step()
        state.average.update(state.networks.generator, state.step)
        state.step += 1
        return figures

    def _learn(self, batch: Batch, *, share: float, last: bool) -> dict[str, Tensor]:
        """Add one micro-batch to the gradients of both networks."""
        batch = batch.to(self.devices.device)
        torch.manual_seed(mixed(self.config.seed, batch.number))
        if self.judges.discriminator is not None:
            self.judges.discriminator.requires_grad_(requires_grad=False)
        with accumulating(self.generator, last=last):
            verdict, made = self.generator(batch, self.judges)
            (share * verdict.total).backward()
        terms = named("generator", verdict)
        if self.judges.discriminator is None or self.discriminator is None:
            return terms
        assert made is not None, "an adversary asks for results"
        self.judges.discriminator.requires_grad_(requires_grad=True)
        penalised = self.config.losses.r1 > 0 and self.state.step % self.config.r1_every == 0
        with accumulating(self.discriminator, last=last):
            verdict = self.discriminator(batch, made.detached(), penalised=penalised)
            (share * verdict.total).backward()
        return terms | named("discriminator", verdict)

    def _check(self, figures: dict[str, float]) -> None:
        lost = [name for name, figure in figures.items() if not math.isfinite(figure)]
        if lost:
            raise NotFiniteError(
                f"training: {lost[0]} is not finite at step {self.state.step + 1}. What was "
                f"before it is saved; start another run from its weights at a lower rate."
            )


def named(network: str, verdict: Verdict) -> dict[str, Tensor]:
    """A verdict's figures under the name of the network that it is about."""
    figures = {f"{network}/{name}": term for name, term in verdict.terms.items()}
    return {f"{network}/total": verdict.total, **figures}
