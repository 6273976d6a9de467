"""Batches: what step s sees follows from (seed, s)."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from videogigagan.errors import DataError
from videogigagan.train.batches import Batch, cached_files, draw_batch, soften
from videogigagan.train.config import TrainConfig


def place(rows: int, columns: int, index: int) -> Tensor:
    """Bytes that know their frame, row and column; four frames."""
    grid = torch.meshgrid(
        torch.arange(4), torch.arange(rows), torch.arange(columns), indexing="ij"
    )
    stacked = torch.stack(grid, dim=1)
    stacked[:, 0] += 10 * index
    return stacked.to(torch.uint8)


@pytest.fixture
def ramps(tmp_path: Path, config: TrainConfig) -> TrainConfig:
    """A run on a cache whose pixels tell where they were cut out."""
    for index in range(3):
        small = place(9, 11, index)
        tensors = {
            "small": small,
            "features": small.half(),
            "large": small.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3),
        }
        save_file(tensors, tmp_path / f"{index:06d}.safetensors")
    return replace(config, cache=tmp_path, clips=4, crop=5)


def same(one: Batch, other: Batch) -> bool:
    return torch.equal(one.features, other.features) and torch.equal(one.large, other.large)


def test_a_step_always_sees_the_same(ramps: TrainConfig) -> None:
    first = draw_batch(ramps, 7)
    torch.manual_seed(123)
    draw_batch(ramps, 8)
    assert same(first, draw_batch(ramps, 7))


def test_another_step_or_seed_sees_something_else(ramps: TrainConfig) -> None:
    first = draw_batch(ramps, 7)
    assert not same(first, draw_batch(ramps, 8))
    assert not same(first, draw_batch(replace(ramps, seed=1), 7))


def test_shapes_are_those_of_the_run(ramps: TrainConfig) -> None:
    batch = draw_batch(ramps, 0)
    assert batch.features.shape == (4, 2, 6, 5, 5)
    assert batch.large.shape == (4, 2, 3, 20, 20)


def test_pixels_features_and_truth_are_cut_from_one_place(ramps: TrainConfig) -> None:
    for step in range(5):
        batch = draw_batch(ramps, step)
        pixels, features = (255 * batch.features[:, :, :3]).round(), batch.features[:, :, 3:]
        assert torch.equal(pixels, features)
        assert torch.equal((255 * batch.large[..., ::4, ::4]).round(), pixels)


def test_windows_are_consecutive_and_reach_every_corner(ramps: TrainConfig) -> None:
    corners = set()
    for step in range(100):
        places = draw_batch(ramps, step).features[:, :, 3:, 0, 0].int()
        assert torch.equal(places[:, 1] - places[:, 0], torch.tensor([[1, 0, 0]] * 4).int())
        corners |= {tuple(place.tolist()) for place in places[:, 0]}
    for axis, last in ((1, 4), (2, 6)):
        assert {corner[axis] for corner in corners} == set(range(last + 1))
    assert {corner[0] for corner in corners} == {
        clip + t for clip in (0, 10, 20) for t in range(3)
    }


def test_unfinished_files_are_not_read(ramps: TrainConfig) -> None:
    (ramps.cache / "000009.partial").touch()
    names = [path.name for path in cached_files(ramps.cache)]
    assert names == [f"{index:06d}.safetensors" for index in range(3)]


def test_an_empty_cache_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r": holds no cached features\. Fill it first\.$"):
        cached_files(tmp_path / "nothing")


def test_a_clip_that_is_too_small_is_one_line(ramps: TrainConfig) -> None:
    with pytest.raises(DataError, match=r"is too small \(.* need 9 of 5\)\. Fill the cache"):
        draw_batch(replace(ramps, frames=9), 0)


def test_softening_takes_the_finest_band_and_nothing_else() -> None:
    checkerboard = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).tile(8, 8).expand(2, 3, 16, 16)
    assert torch.equal(soften(checkerboard, 0.0), checkerboard)
    torch.testing.assert_close(soften(checkerboard, 0.5), checkerboard / 2)
    assert soften(checkerboard, 1.0).abs().max() < 1e-6
    ramp = torch.arange(16.0).expand(2, 3, 16, 16)
    torch.testing.assert_close(soften(ramp, 1.0)[..., 1:-1], ramp[..., 1:-1])


def test_softening_reaches_the_truth_alone(ramps: TrainConfig) -> None:
    plain, soft = draw_batch(ramps, 0), draw_batch(replace(ramps, softening=0.5), 0)
    assert torch.equal(plain.features, soft.features)
    assert not torch.equal(plain.large, soft.large)
