"""Activation checkpointing: a block forgets what it computed and computes it again."""

from abc import ABC
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class Forgetful(nn.Module, ABC):
    """A block that can trade time for memory; its weights, their names and results stay."""

    forgets = False
    """Whether it does; see `recompute`."""

    def __call__(self, *inputs: Any) -> Tensor:  # noqa: ANN401 - whatever `forward` takes
        """Compute, and remember no more than the inputs if so told."""
        if self.forgets and torch.is_grad_enabled():
            return checkpoint(super().__call__, *inputs, use_reentrant=False)
        return super().__call__(*inputs)


def recompute(network: nn.Module, *, on: bool) -> None:
    """Let every block of a network that can forget do so, or not."""
    for module in network.modules():
        if isinstance(module, Forgetful):
            module.forgets = on
