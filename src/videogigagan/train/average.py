"""A moving average of the generator's weights: what is validated and shipped."""

import copy

import torch
from torch import nn


class MovingAverage:
    """Exponential moving average; early on it follows faster, so the start is forgotten."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(module).requires_grad_(False).eval()  # noqa: FBT003 - PyTorch's own signature
        self.decay = decay

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Move towards `module`'s weights."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for mean, value in zip(self.module.parameters(), module.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)
