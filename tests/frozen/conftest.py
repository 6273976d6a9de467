"""What is asked of every network that judges pictures."""

from collections.abc import Callable

import pytest
import torch
from torch import nn


@pytest.fixture
def picture_alone_learns() -> Callable[[nn.Module, torch.Tensor, torch.Tensor], None]:
    """Checks that a distance teaches the first of two pictures, and nobody the network."""

    def check(distance: nn.Module, picture: torch.Tensor, other: torch.Tensor) -> None:
        picture.requires_grad_()
        distance(picture, other).sum().backward()
        assert picture.grad is not None
        assert picture.grad.isfinite().all()
        assert picture.grad.any()
        assert not any(parameter.requires_grad for parameter in distance.parameters())

    return check
