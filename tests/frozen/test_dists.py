"""DISTS: structure and texture."""

from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from videogigagan.errors import CheckpointError
from videogigagan.frozen.dists import DISTS, L2Pool, load_dists


@pytest.fixture(scope="module")
def network() -> DISTS:
    torch.manual_seed(0)
    return DISTS()


def pictures(seed: int = 0) -> torch.Tensor:
    return torch.rand(2, 3, 48, 40, generator=torch.Generator().manual_seed(seed))


def test_a_picture_is_no_distance_from_itself(network: DISTS) -> None:
    assert_close(network(pictures(), pictures()), torch.zeros(2), atol=1e-6, rtol=0)


def test_distance_is_symmetric_and_positive(network: DISTS) -> None:
    first, second = pictures(0), pictures(1)
    assert_close(network(first, second), network(second, first))
    assert network(first, second).min() > 0


def test_distance_grows_with_the_distortion(network: DISTS) -> None:
    picture, noise = pictures(0), pictures(1) - 0.5
    distances = [network(picture, picture + share * noise)[0] for share in (0.1, 0.3, 1.0)]
    assert distances == sorted(distances)


def test_pictures_of_a_batch_do_not_mix(network: DISTS) -> None:
    first, second = pictures(0), pictures(1)
    assert_close(network(first, second)[1:], network(first[1:], second[1:]))


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_flat_pictures_are_compared_without_dividing_by_zero(
    network: DISTS, level: float
) -> None:
    flat = torch.full((1, 3, 32, 32), level)
    assert_close(network(flat, flat), torch.zeros(1), atol=1e-6, rtol=0)
    assert network(flat, pictures()[:1, :, :32, :32]).isfinite().all()


def test_gradient_is_finite_where_no_feature_fires() -> None:
    torch.manual_seed(0)
    network = DISTS()
    network.features[0].bias.data.fill_(-1e3)
    picture = pictures(0).requires_grad_()
    network(picture, pictures(1)).sum().backward()
    assert picture.grad is not None
    assert picture.grad.isfinite().all()
    assert picture.grad.any()


def test_pooling_keeps_the_level_and_halves_the_size() -> None:
    pooled = L2Pool(2)(torch.full((1, 2, 9, 12), 0.5))
    assert pooled.shape == (1, 2, 5, 6)
    assert_close(pooled[..., 1:-1, 1:], torch.full((1, 2, 3, 5), 0.5))


def test_texture_and_structure_are_weighed_apart(network: DISTS) -> None:
    """A brighter picture has another mean and the same course."""
    made = DISTS()
    made.features = network.features
    for name in ("alpha", "beta"):
        made.weights[name].zero_()
    made.weights["beta"][:, :3] = 1  # structure of the colours alone
    assert_close(made(pictures(), pictures() + 0.2), torch.zeros(2), atol=1e-5, rtol=0)
    made.weights["beta"].zero_()
    made.weights["alpha"][:, :3] = 1
    assert made(pictures(), pictures() + 0.2).min() > 0.01


def published(network: DISTS) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """What torchvision's file and the authors' hold."""
    features = network.features.state_dict()
    vgg = {f"features.{key}": tensor for key, tensor in features.items()}
    vgg["classifier.0.weight"] = torch.ones(2, 2)
    return vgg, {name: torch.rand(1, 1475, 1, 1) for name in ("alpha", "beta")}


def test_published_files_are_read(tmp_path: Path, network: DISTS) -> None:
    vgg, weights = published(network)
    torch.save(vgg, tmp_path / "vgg16.pth")
    torch.save(weights, tmp_path / "dists.pt")
    loaded = load_dists(tmp_path / "vgg16.pth", tmp_path / "dists.pt")
    assert_close(loaded.features.state_dict(), network.features.state_dict())
    assert_close(dict(loaded.weights.state_dict()), weights)
    assert not loaded.training


def test_the_file_at_fault_is_named(tmp_path: Path, network: DISTS) -> None:
    vgg, weights = published(network)
    torch.save(vgg, tmp_path / "vgg16.pth")
    torch.save({"alpha": weights["alpha"]}, tmp_path / "dists.pt")
    with pytest.raises(CheckpointError, match=r"none\.pth: no such file\. Put .* VGG16"):
        load_dists(tmp_path / "none.pth", tmp_path / "dists.pt")
    with pytest.raises(CheckpointError, match=r"dists\.pt: .* hold DISTS .* first 'beta'"):
        load_dists(tmp_path / "vgg16.pth", tmp_path / "dists.pt")
    with pytest.raises(CheckpointError, match=r"dists\.pt: does not hold VGG16 weights"):
        load_dists(tmp_path / "dists.pt", tmp_path / "dists.pt")
