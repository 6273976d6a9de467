"""Layers that start as nothing."""

import torch
from torch import nn

from videogigagan.ops.initialise import zeroed


def test_output_is_zero_and_still_learns() -> None:
    layer = zeroed(nn.Conv2d(2, 3, 3))
    result = layer(torch.randn(1, 2, 5, 5))
    assert not result.any()
    (result - 1).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in layer.parameters())


def test_module_itself_is_returned() -> None:
    layer = nn.Linear(2, 2)
    assert zeroed(layer) is layer
