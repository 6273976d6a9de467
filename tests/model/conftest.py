"""What tests of networks share."""

import pytest
import torch

from videogigagan.model.flow import SpyNet


@pytest.fixture
def quick_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flow that depends on both frames and their order as SpyNet's does, and costs nothing."""

    def difference(self: SpyNet, frame: torch.Tensor, other: torch.Tensor) -> torch.Tensor:  # noqa: ARG001
        return 3 * (other - frame)[:, :2]

    monkeypatch.setattr(SpyNet, "forward", difference)
