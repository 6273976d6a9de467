"""The second opinion on likeness."""

from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from videogigagan.errors import CheckpointError
from videogigagan.frozen.efficientnet import EfficientNetLite, load_efficientnet


def pictures(seed: int = 0, *, side: int = 64) -> torch.Tensor:
    return torch.rand(2, 3, side, side - 16, generator=torch.Generator().manual_seed(seed))


def network() -> EfficientNetLite:
    """Random weights, and norms that have seen something."""
    torch.manual_seed(0)
    made = EfficientNetLite()
    for name, tensor in made.state_dict().items():
        if name.endswith(("running_mean", "bias")):
            tensor.copy_(0.1 * torch.randn_like(tensor))
        elif name.endswith("running_var"):
            tensor.copy_(0.02 + 0.02 * torch.rand_like(tensor))
    return made


def test_a_picture_is_no_distance_from_itself() -> None:
    assert_close(network()(pictures(), pictures()), torch.zeros(2))


def test_distance_is_symmetric_and_positive() -> None:
    made, first, second = network(), pictures(0), pictures(1)
    assert_close(made(first, second), made(second, first))
    assert made(first, second).min() > 0


def test_pictures_of_a_batch_do_not_mix() -> None:
    made, first, second = network(), pictures(0), pictures(1)
    assert_close(made(first, second)[1:], made(first[1:], second[1:]))


def test_unit_features_of_half_the_size_and_less() -> None:
    maps = list(network().describe(pictures()))
    sizes = [tuple(one.shape[1:]) for one in maps]
    assert sizes == [
        (32, 32, 24),
        (96, 32, 24),
        (144, 16, 12),
        (240, 8, 6),
        (480, 4, 3),
        (672, 4, 3),
    ]
    assert all(one.norm(dim=1).amax() <= 1.0001 for one in maps)


@pytest.mark.parametrize("side", [33, 50])
def test_any_size_is_taken(side: int) -> None:
    assert network()(pictures(0, side=side), pictures(1, side=side)).isfinite().all()


def test_picture_learns_and_network_does_not(picture_alone_learns) -> None:
    picture_alone_learns(network(), pictures(0), pictures(1))


def test_gradient_is_finite_where_no_feature_fires() -> None:
    made = network()
    made.get_submodule("_bn0").bias.data.fill_(-1e3)
    picture = pictures(0).requires_grad_()
    made(picture, pictures(1)).sum().backward()
    assert picture.grad is not None
    assert picture.grad.isfinite().all()


def test_norms_are_folded_into_convolutions(tmp_path: Path) -> None:
    made = network()
    rest = {"_fc.weight": torch.ones(2, 2), "_blocks.15._bn2.bias": torch.ones(2)}
    torch.save(made.state_dict() | rest, tmp_path / "weights.pth")
    loaded = load_efficientnet(tmp_path / "weights.pth")
    assert not any("running" in name for name in loaded.state_dict())
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    found, expected = (one(pictures(0), pictures(1)) for one in (loaded, made))
    assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.pth: no such file\. .* EfficientNet"):
        load_efficientnet(tmp_path / "none.pth")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({}, r"\(\d+ tensors differ, first '_blocks"),
        ({"_bn0.weight": torch.ones(32)}, r"tensors differ, first '_blocks"),
        ([1], r"found list, not named tensors"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: object, found: str) -> None:
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(CheckpointError, match=found):
        load_efficientnet(tmp_path / "weights.pth")
