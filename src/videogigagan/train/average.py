"""A moving average of the generator's weights: what is validated and shipped."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from videogigagan.train.devices import collected, fill


class MovingAverage:
    """Exponential moving average; early on it follows faster, so the start is forgotten.

    Where devices hold a network in parts, they hold its average in the same parts.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.values = {
            name: parameter.detach().clone() for name, parameter in network.named_parameters()
        }
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move towards `network`'s weights after step number `step`, from 0 on."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, parameter in network.named_parameters():
            self.values[name].lerp_(parameter, 1 - decay)

    def gathered(self, *, keep: bool) -> dict[str, Tensor]:
        """Whole weights on the CPU; every device must ask, `keep` or not."""
        return collected(self.values, keep=keep)

    def restore(self, values: Mapping[str, Tensor]) -> None:
        """Go back to what `gathered` returned."""
        fill(self.values, values)
