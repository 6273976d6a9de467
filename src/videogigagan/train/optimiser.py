"""How the weights move: Adam, or Muon; flow learns later and more slowly (D24, D25)."""

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from videogigagan.model.discriminator import Discriminator
from videogigagan.model.generator import Generator
from videogigagan.train.config import OptimiserConfig, TrainConfig
from videogigagan.train.devices import alike, collected, whole
from videogigagan.train.muon import KernelMuon, is_kernel

PROPAGATION = "propagation."
FLOW = f"{PROPAGATION}flow."


class Optimiser:
    """What moves the weights of one network that learn: Adam, and kernels Muon if so asked."""

    def __init__(
        self,
        network: nn.Module,
        config: OptimiserConfig,
        *,
        rate: float,
        muon_rate: float | None = None,
    ) -> None:
        self.config = config
        self.rate = rate
        learning = {key: p for key, p in network.named_parameters() if p.requires_grad}
        flow = {key: p for key, p in learning.items() if key.startswith(FLOW)}
        propagation = {
            key: p
            for key, p in learning.items()
            if key.startswith(PROPAGATION) and key not in flow
        }
        rest = {key: p for key, p in learning.items() if not key.startswith(PROPAGATION)}
        kernels: dict[str, nn.Parameter] = {}
        self.muon = None
        if muon_rate is not None:
            kernels = {key: p for key, p in rest.items() if is_kernel(p)}
            rest = {key: p for key, p in rest.items() if key not in kernels}
            self.muon = KernelMuon(list(kernels.values()), share=muon_rate / rate)
        self.named = kernels | rest | propagation | flow
        self.flow = list(flow.values())
        shares = (
            (rest, 1.0),
            (propagation, config.propagation_share),
            (flow, config.flow_share),
        )
        groups = [
            {"params": list(part.values()), "share": share} for part, share in shares if part
        ]
        self.adam = torch.optim.Adam(groups, lr=rate, betas=config.betas, eps=config.eps)
        self.rate_now = rate
        """The rate of the step that was prepared last."""

    @property
    def names(self) -> list[str]:
        """What moves; the flow network comes last."""
        return list(self.named)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Everything that moves, in the order of `names`."""
        return list(self.named.values())

    def forget(self) -> None:
        """Drop the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    def prepare(self, step: int, steps: int) -> float:
        """Set the rates of a step, shorten its gradient; return the gradient's length."""
        self.rate_now = scheduled(self.rate, self.config, step, steps)
        for group in self.adam.param_groups:
            group["lr"] = self.rate_now * group["share"]
        if step < self.config.flow_frozen:
            for parameter in self.flow:
                parameter.grad = None
        return self._shorten()

    def _shorten(self) -> float:
        norm = whole(nn.utils.get_total_norm(gradients(self.parameters))).item()
        limit = self.config.gradient_norm
        if limit is not None and norm > limit:
            for gradient in gradients(self.parameters):
                gradient.mul_(limit / norm)
        return norm

    def step(self) -> None:
        """Move."""
        self.adam.step()
        if self.muon is not None:
            self.muon.step(self.rate_now)

    def moments(self, *, keep: bool) -> dict[str, dict[str, Tensor]]:
        """What is remembered of each weight, whole; every device must ask, `keep` or not."""
        remembered = {name: self._moments(parameter) for name, parameter in self.named.items()}
        return {name: collected(each, keep=keep) for name, each in remembered.items() if each}

    def _moments(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        if self.muon is not None and parameter in self.muon:
            return self.muon.moments(parameter)
        return self.adam.state.get(parameter, {})

    def restore(self, moments: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Go back to what `moments` returned.

        Raises:
            KeyError: It names a weight that does not learn here.
        """
        self.adam.state.clear()
        if self.muon is not None:
            self.muon.forget()
        for name, saved in moments.items():
            parameter = self.named[name]
            here = {
                key: value.clone() if key == "step" else alike(parameter, value).clone()
                for key, value in saved.items()
            }
            if self.muon is not None and parameter in self.muon:
                self.muon.restore(parameter, here)
            else:
                self.adam.state[parameter] = here


def generator_optimiser(generator: Generator, config: TrainConfig) -> Optimiser:
    """What of the generator requires a gradient learns."""
    rates = config.optimiser
    return Optimiser(generator, rates, rate=rates.rate, muon_rate=rates.muon_rate)


def discriminator_optimiser(network: Discriminator, config: TrainConfig) -> Optimiser:
    """All of the discriminator learns."""
    rate = config.optimiser.discriminator_rate
    return Optimiser(network, config.optimiser, rate=rate)


def scheduled(highest: float, config: OptimiserConfig, step: int, steps: int) -> float:
    """The rate of a step: a linear rise, then `highest`, or half a cosine down from it."""
    if step < config.warmup:
        return highest * (step + 1) / config.warmup
    if config.schedule == "constant":
        return highest
    progress = (step - config.warmup) / max(steps - config.warmup, 1)
    share = (1 + math.cos(math.pi * progress)) / 2
    return highest * (config.final_share + (1 - config.final_share) * share)


def gradients(parameters: Iterable[nn.Parameter]) -> list[Tensor]:
    """Those gradients that there are."""
    return [p.grad for p in parameters if p.grad is not None]
