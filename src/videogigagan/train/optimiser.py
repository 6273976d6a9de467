"""How the weights move: Adam; the flow network learns later and more slowly (D24, D25)."""

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from videogigagan.model.discriminator import Discriminator
from videogigagan.model.generator import Generator
from videogigagan.train.config import OptimiserConfig, TrainConfig
from videogigagan.train.devices import alike, collected, whole

FLOW = "propagation.flow."


class Optimiser:
    """Adam on the weights of one network that learn."""

    def __init__(self, network: nn.Module, config: OptimiserConfig, *, rate: float) -> None:
        self.config = config
        self.rate = rate
        named = [(key, p) for key, p in network.named_parameters() if p.requires_grad]
        self.names = [key for key, _ in named if not key.startswith(FLOW)]
        self.names += [key for key, _ in named if key.startswith(FLOW)]
        self.flow = [p for key, p in named if key.startswith(FLOW)]
        rest = [p for key, p in named if not key.startswith(FLOW)]
        groups = [{"params": part} for part in (rest, self.flow) if part]
        self.adam = torch.optim.Adam(groups, lr=rate, betas=config.betas, eps=config.eps)

    @property
    def rate_now(self) -> float:
        """The rate of the step that was prepared last."""
        return self.adam.param_groups[0]["lr"]

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Everything that moves, in the order of `names`."""
        return [p for group in self.adam.param_groups for p in group["params"]]

    def forget(self) -> None:
        """Drop the gradients."""
        self.adam.zero_grad(set_to_none=True)

    def prepare(self, step: int, steps: int) -> float:
        """Set the rates of a step, shorten its gradient; return the gradient's length."""
        rate = scheduled(self.rate, self.config, step, steps)
        for group in self.adam.param_groups:
            group["lr"] = rate
        if self.flow:
            self.adam.param_groups[-1]["lr"] = rate * self.config.flow_share
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

    def moments(self, *, keep: bool) -> dict[str, dict[str, Tensor]]:
        """What Adam remembers of each weight, whole; every device must ask, `keep` or not."""
        named = zip(self.names, self.parameters, strict=True)
        return {
            name: collected(self.adam.state[parameter], keep=keep)
            for name, parameter in named
            if parameter in self.adam.state
        }

    def restore(self, moments: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Go back to what `moments` returned.

        Raises:
            KeyError: It names a weight that does not learn here.
        """
        known = dict(zip(self.names, self.parameters, strict=True))
        self.adam.state.clear()
        for name, saved in moments.items():
            parameter = known[name]
            self.adam.state[parameter] = {
                key: value.clone() if key == "step" else alike(parameter, value).clone()
                for key, value in saved.items()
            }


def generator_optimiser(generator: Generator, config: TrainConfig) -> Optimiser:
    """What of the generator requires a gradient learns."""
    return Optimiser(generator, config.optimiser, rate=config.optimiser.rate)


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
