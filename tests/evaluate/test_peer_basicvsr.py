"""BasicVSR as a baseline, with BasicSR's names."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from videogigagan.errors import CheckpointError
from videogigagan.evaluate.peers.basicvsr import BasicVSR


def theirs(key: str) -> str:
    """Our name of a weight in BasicSR's words."""
    for ours, released in {
        "propagation.flow.levels.": "spynet.basic_module.",
        "propagation.backward_branch.entry.": "backward_trunk.main.0.",
        "propagation.forward_branch.entry.": "forward_trunk.main.0.",
        "propagation.backward_branch.blocks.": "backward_trunk.main.2.",
        "propagation.forward_branch.blocks.": "forward_trunk.main.2.",
        "propagation.fusion.": "fusion.",
    }.items():
        key = key.replace(ours, released)
    if key.startswith("spynet."):
        _, _, level, rest = key.split(".", 3)
        return f"spynet.basic_module.{level}.basic_module.{rest}"
    return key


def released(network: BasicVSR) -> dict[str, torch.Tensor]:
    """What BasicSR would have saved of it, SPyNet's constants included."""
    state = {theirs(key): tensor for key, tensor in network.state_dict().items()}
    return state | {"spynet.mean": torch.ones(1, 3, 1, 1), "spynet.std": torch.ones(1, 3, 1, 1)}


def small(seed: int) -> BasicVSR:
    torch.manual_seed(seed)
    return BasicVSR(channels=8, blocks=2)


def test_size_is_the_published_one() -> None:
    with torch.device("meta"):
        network = BasicVSR()
    assert sum(p.numel() for p in network.parameters()) == 6_291_311


@pytest.mark.parametrize("wrapped", [True, False])
def test_released_names_are_read_strictly(wrapped: bool) -> None:
    origin, copy = small(0), small(1)
    weights = released(origin)
    copy.load_released({"params": weights} if wrapped else weights)
    assert_close(copy.state_dict(), origin.state_dict())


def test_incomplete_weights_are_one_line() -> None:
    weights = released(small(0))
    del weights["conv_last.bias"]
    with pytest.raises(CheckpointError, match=r"^x\.pth: .* \(1 missing: conv_last\.bias …\)"):
        small(1).load_released(weights, name="x.pth")


def test_foreign_weights_are_one_line() -> None:
    weights = released(small(0)) | {"head.bias": torch.ones(1)}
    with pytest.raises(CheckpointError, match=r"\(1 unexpected: propagation\.head\.bias …\)"):
        small(1).load_released(weights)


@torch.no_grad()
def test_network_that_adds_nothing_is_the_bilinear_enlargement() -> None:
    network, clip = small(0), torch.rand(1, 3, 3, 8, 10)
    torch.nn.init.zeros_(network.conv_last.weight)
    torch.nn.init.zeros_(network.conv_last.bias)
    enlarged = F.interpolate(clip[0], scale_factor=4, mode="bilinear", align_corners=False)
    assert_close(network(clip), enlarged[None])


@torch.no_grad()
def test_published_weights_beat_the_bilinear_enlargement(basicvsr_weights: Path) -> None:
    """A slanted grating: interpolation loses it, a network that knows edges gets it back."""
    path = basicvsr_weights / "BasicVSR_Vimeo90K_BIx4.pth"
    network = BasicVSR()
    network.load_released(
        torch.load(path, map_location="cpu", weights_only=True), name=path.name
    )
    axis = torch.arange(64.0)
    grating = ((axis[:, None] + 2 * axis) % 20 < 10).float().expand(1, 2, 3, 64, 64)
    reduced = F.interpolate(grating[0], scale_factor=0.25, mode="bicubic", antialias=True)
    enlarged = F.interpolate(reduced, scale_factor=4, mode="bilinear", align_corners=False)
    result = network(reduced[None])[0]
    assert (result - grating[0]).square().mean() < (enlarged - grating[0]).square().mean() / 2
