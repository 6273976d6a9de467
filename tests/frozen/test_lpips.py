"""The learned perceptual distance (D27)."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
import torch
from torch.testing import assert_close

from videogigagan.errors import CheckpointError
from videogigagan.frozen.lpips import LPIPS, Trunk, load_lpips

TRUNKS = get_args(Trunk)


def pictures(seed: int = 0) -> torch.Tensor:
    return torch.rand(2, 3, 64, 48, generator=torch.Generator().manual_seed(seed))


def network(trunk: Trunk) -> LPIPS:
    torch.manual_seed(0)
    return LPIPS(trunk)


@pytest.mark.parametrize("trunk", TRUNKS)
def test_a_picture_is_no_distance_from_itself(trunk: Trunk) -> None:
    assert_close(network(trunk)(pictures(), pictures()), torch.zeros(2))


@pytest.mark.parametrize("trunk", TRUNKS)
def test_distance_is_symmetric_and_positive(trunk: Trunk) -> None:
    made, first, second = network(trunk), pictures(0), pictures(1)
    assert_close(made(first, second), made(second, first))
    assert made(first, second).min() > 0


def test_pictures_of_a_batch_do_not_mix() -> None:
    made, first, second = network("alex"), pictures(0), pictures(1)
    assert_close(made(first, second)[1:], made(first[1:], second[1:]))


@pytest.mark.parametrize("trunk", TRUNKS)
def test_descriptions_can_be_kept_and_compared(trunk: Trunk) -> None:
    made, first, second = network(trunk), pictures(0), pictures(1)
    kept = tuple(made.describe(first))
    assert len(kept) == len(made.heads)
    assert_close(kept[0].norm(dim=1).amax(), torch.tensor(1.0))
    assert_close(made.compare(kept, made.describe(second)), made(first, second))
    assert_close(made.compare(kept, kept), torch.zeros(2))


def test_distance_is_the_weighted_mean_over_space() -> None:
    made, first, second = network("alex"), pictures(0), pictures(1)
    for head in made.heads:
        head.copy_(torch.rand_like(head))
    taps = zip(made.heads, made.describe(first), made.describe(second), strict=True)
    expected = sum((head * (a - b) ** 2).sum(dim=1).mean(dim=(1, 2)) for head, a, b in taps)
    assert_close(made(first, second), expected)


def test_picture_learns_and_network_does_not(picture_alone_learns) -> None:
    picture_alone_learns(network("alex"), pictures(0), pictures(1))


def test_gradient_is_finite_where_no_feature_fires() -> None:
    """The norm of nothing has no slope of its own; it must not become NaN."""
    made = network("alex")
    made.features[0].bias.data.fill_(-1e3)
    picture = pictures(0).requires_grad_()
    made(picture, pictures(1)).sum().backward()
    assert picture.grad is not None
    assert picture.grad.isfinite().all()


def published(trunk: Trunk) -> dict[str, torch.Tensor]:
    """A state dict with the published names."""
    state = network(trunk).state_dict()
    heads = {key for key in state if key.startswith("heads.")}
    named = {f"lin{key.split('.')[1]}.model.1.weight": state[key] for key in heads}
    return named | {key: tensor for key, tensor in state.items() if key not in heads}


SLICES: dict[Trunk, tuple[int, ...]] = {
    "alex": (2, 5, 8, 10, 12),
    "squeeze": (2, 5, 8, 10, 11, 12, 13),
    "vgg": (4, 9, 16, 23, 30),
}
"""Where the authors' package cuts the trunks: a slice ends before that layer."""


def packaged(trunk: Trunk) -> dict[str, torch.Tensor]:
    """A state dict as the authors' package names it, constants included."""
    state = {"scaling_layer.shift": torch.zeros(1, 3, 1, 1)}
    for key, tensor in published(trunk).items():
        _, index, _ = key.split(".", 2)
        part = 1 + sum(end <= int(index) for end in SLICES[trunk]) if index.isdigit() else 0
        state[key.replace("features", f"net.slice{part}") if part else key] = tensor
    return state


@pytest.mark.parametrize("names", [published, packaged])
@pytest.mark.parametrize("trunk", TRUNKS)
def test_published_names_are_read(
    tmp_path: Path, trunk: Trunk, names: Callable[[Trunk], dict[str, torch.Tensor]]
) -> None:
    torch.save(names(trunk), tmp_path / "weights.pth")
    loaded = load_lpips(tmp_path / "weights.pth", trunk)
    assert_close(loaded.state_dict(), network(trunk).state_dict())
    assert not loaded.training


def test_rest_of_a_classifier_is_left_out(tmp_path: Path) -> None:
    state = published("vgg") | {"classifier.0.weight": torch.ones(2, 2)}
    torch.save(state, tmp_path / "weights.pth")
    assert_close(
        load_lpips(tmp_path / "weights.pth", "vgg").state_dict(), network("vgg").state_dict()
    )


def test_vgg_is_vgg16() -> None:
    made = network("vgg")
    assert sum(parameter.numel() for parameter in made.features.parameters()) == 14_714_688
    sizes = [tuple(x.shape[1:]) for x in made.features.maps(pictures()[:1])]
    assert sizes == [(64, 64, 48), (128, 32, 24), (256, 16, 12), (512, 8, 6), (512, 4, 3)]


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.pth: no such file\. .* alex weights"):
        load_lpips(tmp_path / "none.pth")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({}, "tensors differ"),
        (torch.ones(1), "found Tensor, not named tensors"),
        (published("squeeze"), "tensors differ"),
    ],
)
def test_foreign_content_is_one_line(tmp_path: Path, content: object, found: str) -> None:
    torch.save(content, tmp_path / "weights.pth")
    message = rf"does not hold LPIPS alex weights \(.*{found}"
    with pytest.raises(CheckpointError, match=message) as caught:
        load_lpips(tmp_path / "weights.pth")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"hello", pickle.dumps(len, protocol=2)], ids=["empty", "text", "code"]
)
def test_damaged_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "weights.pth").write_bytes(content)
    message = r"can be read safely \(\w+\)\. Put the published LPIPS alex weights there\.$"
    with pytest.raises(CheckpointError, match=message):
        load_lpips(tmp_path / "weights.pth")


@pytest.mark.parametrize("trunk", TRUNKS)
def test_published_weights_see_blur_as_worse_than_a_shade(
    shared_weights: Path, trunk: Trunk
) -> None:
    """What PSNR gets wrong: equal error, but blur is what people mind."""
    path = shared_weights / f"lpips_{trunk}.pth"
    if not path.is_file():
        pytest.skip(f"no {path.name}")
    made = load_lpips(path, trunk)
    sharp = torch.nn.functional.interpolate(pictures(), scale_factor=4.0)
    blurred = torch.nn.functional.avg_pool2d(sharp, 9, 1, 4, count_include_pad=False)
    error = (sharp - blurred).square().mean().sqrt()
    assert (made(sharp, blurred) > made(sharp, sharp + error)).all()
    assert_close(made(sharp, sharp), torch.zeros(2))
