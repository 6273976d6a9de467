"""What computes in full precision whatever is around it."""

import torch
from torch import nn

from videogigagan.ops.precision import full_precision


def test_autocast_is_left_and_entered_again() -> None:
    layer, x = nn.Linear(3, 3), torch.randn(2, 3)
    with torch.autocast("cpu", torch.bfloat16):
        with full_precision(x.device):
            exact = layer(x)
        rounded = layer(x)
    assert exact.dtype == torch.float32
    assert torch.equal(exact, layer(x))
    assert rounded.dtype == torch.bfloat16


def test_a_device_without_autocast_is_fine() -> None:
    layer = nn.Linear(3, 3, device="meta")
    with full_precision(torch.device("meta")):
        assert layer(torch.empty(2, 3, device="meta")).dtype == torch.float32
