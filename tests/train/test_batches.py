"""Batches: clip n of a run follows from (seed, n), whoever draws it."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from train_fakes import tiny

from videogigagan.data.settings import DataConfig, Weighted
from videogigagan.errors import DataError
from videogigagan.train.batches import (
    Batch,
    Share,
    cached_batch,
    cached_files,
    clip_numbers,
    micro_batches,
    soften,
)
from videogigagan.train.cache import CacheConfig, read_cached


def place(rows: int, columns: int, index: int) -> Tensor:
    """Bytes that know their frame, row and column; four frames."""
    grid = torch.meshgrid(
        torch.arange(4), torch.arange(rows), torch.arange(columns), indexing="ij"
    )
    stacked = torch.stack(grid, dim=1)
    stacked[:, 0] += 10 * index
    return stacked.to(torch.uint8)


@pytest.fixture
def ramps(tmp_path: Path) -> CacheConfig:
    """A cache whose pixels tell where they were cut out."""
    for index in range(3):
        small = place(9, 11, index)
        tensors = {
            "small": small,
            "features": small.half(),
            "large": small.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3),
        }
        save_file(tensors, tmp_path / f"{index:06d}.safetensors")
    return CacheConfig(folder=str(tmp_path), frames=2, crop=5)


@pytest.fixture
def photos(tmp_path: Path) -> DataConfig:
    """Clips of 2 frames out of two photos of noise; one of them is held out."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("one", "two"):
        picture = rng.integers(0, 256, (96, 96, 3), dtype=np.uint8)
        Image.fromarray(picture).save(folder / f"{name}.png")
    weighted = (Weighted(path=str(folder)),)
    return DataConfig(photos=weighted, motion="plane", frames=2, small_size=12, workers=0)


def same(one: Batch, other: Batch) -> bool:
    return torch.equal(one.small, other.small) and torch.equal(one.large, other.large)


def test_devices_share_a_step_out_in_contiguous_blocks() -> None:
    config = tiny(batch=8, micro_batch=2, steps=3)
    whole = [list(chain) for chain in clip_numbers(config, Share())]
    assert whole[1] == [range(8, 10), range(10, 12), range(12, 14), range(14, 16)]
    halves = [list(clip_numbers(config, Share(rank=rank, ranks=2))) for rank in range(2)]
    assert [left + right for left, right in zip(*halves, strict=True)] == whole
    assert list(clip_numbers(config, Share(step=2))) == whole[2:]
    assert list(clip_numbers(config, Share(step=3))) == []


def test_material_is_drawn_by_number(photos: DataConfig) -> None:
    config = tiny(batch=4, micro_batch=2, steps=3, data=photos)
    steps = list(micro_batches(config, Share()))
    assert [[batch.number for batch in step] for step in steps] == [[0, 2], [4, 6], [8, 10]]
    for batch in steps[0]:
        assert batch.small.shape == (2, 2, 3, 12, 12)
        assert batch.large.shape == (2, 2, 3, 48, 48)
        assert batch.features is None
    (late,) = islice(micro_batches(config, Share(step=2, rank=1, ranks=2)), 1)
    assert same(late[0], steps[2][1])
    (other,) = islice(micro_batches(replace(config, seed=1), Share()), 1)
    assert not same(other[0], steps[0][0])


def test_a_feed_that_is_left_early_is_closed(photos: DataConfig) -> None:
    feed = micro_batches(tiny(data=photos), Share())
    next(feed)
    feed.close()


def test_a_batch_moves_as_one(ramps: CacheConfig) -> None:
    batch = cached_batch(ramps, 0, range(2))
    moved = batch.to(torch.device("cpu"))
    assert same(batch, moved)
    assert moved.number == batch.number
    assert torch.equal(moved.features, batch.features)


def test_a_cached_number_always_gives_the_same(ramps: CacheConfig) -> None:
    first = cached_batch(ramps, 0, range(8, 12))
    torch.manual_seed(123)
    assert same(first, cached_batch(ramps, 0, range(8, 12)))
    halves = [cached_batch(ramps, 0, part) for part in (range(8, 10), range(10, 12))]
    assert torch.equal(first.large, torch.cat([half.large for half in halves]))
    assert not same(first, cached_batch(ramps, 0, range(12, 16)))
    assert not same(first, cached_batch(ramps, 1, range(8, 12)))


def test_cached_shapes_are_those_of_the_run(ramps: CacheConfig) -> None:
    config = tiny(batch=4, micro_batch=4, steps=1, data=ramps)
    ((batch,),) = micro_batches(config, Share())
    assert batch.number == 0
    assert batch.small.shape == (4, 2, 3, 5, 5)
    assert batch.features.shape == (4, 2, 6, 5, 5)
    assert batch.large.shape == (4, 2, 3, 20, 20)


def test_pixels_features_and_truth_are_cut_from_one_place(ramps: CacheConfig) -> None:
    for number in range(5):
        batch = cached_batch(ramps, 0, range(number, number + 1))
        pixels, features = (255 * batch.small).round(), batch.features[:, :, 3:]
        assert torch.equal(batch.small, batch.features[:, :, :3])
        assert torch.equal(pixels, features)
        assert torch.equal((255 * batch.large[..., ::4, ::4]).round(), pixels)


def test_windows_are_consecutive_and_reach_every_corner(ramps: CacheConfig) -> None:
    batch = cached_batch(ramps, 0, range(400))
    places = batch.features[:, :, 3:, 0, 0].int()
    assert torch.equal(places[:, 1] - places[:, 0], torch.tensor([[1, 0, 0]] * 400).int())
    corners = {tuple(place) for place in places[:, 0].tolist()}
    for axis, last in ((1, 4), (2, 6)):
        assert {corner[axis] for corner in corners} == set(range(last + 1))
    assert {corner[0] for corner in corners} == {
        clip + t for clip in (0, 10, 20) for t in range(3)
    }


def test_frames_around_a_window_are_there_to_be_propagated_anew(ramps: CacheConfig) -> None:
    anew = replace(ramps, propagated=4)
    starts = set()
    for number in range(40):
        batch = cached_batch(anew, 0, range(number, number + 1))
        assert batch.features is None
        assert batch.small.shape == (1, 4, 3, 5, 5)
        assert batch.shown.shape == (1, 2, 3, 5, 5)
        assert torch.equal(batch.large[..., ::4, ::4], batch.shown)
        starts.add(batch.window.start)
    assert starts == {0, 1, 2}


def test_time_can_stand_still(ramps: CacheConfig) -> None:
    for share, stills in ((0.0, 0), (0.5, 12), (1.0, 20)):
        cache = replace(ramps, propagated=4, still=share)
        drawn = [cached_batch(cache, 0, range(n, n + 1)) for n in range(20)]
        still = [batch for batch in drawn if (batch.small == batch.small[:, :1]).all()]
        assert abs(len(still) - stills) <= 4 * share * (1 - share) * 8
        for batch in still:
            assert torch.equal(batch.large[..., ::4, ::4], batch.shown)


def test_features_are_not_read_where_none_are_needed(ramps: CacheConfig) -> None:
    for path in cached_files(Path(ramps.folder)):
        save_file(read_cached(path, "small", "large"), path)
    cached_batch(replace(ramps, propagated=2), 0, range(1))
    with pytest.raises(DataError, match=r"holds no features\. Fill the cache again, or prop"):
        cached_batch(ramps, 0, range(1))


def test_unfinished_files_are_not_read(ramps: CacheConfig) -> None:
    (Path(ramps.folder) / "000009.partial").touch()
    names = [path.name for path in cached_files(Path(ramps.folder))]
    assert names == [f"{index:06d}.safetensors" for index in range(3)]


def test_an_empty_cache_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r": holds no cached features\. Fill it first\.$"):
        cached_files(tmp_path / "nothing")


def test_a_clip_that_is_too_small_is_one_line(ramps: CacheConfig) -> None:
    with pytest.raises(DataError, match=r"is too small \(.* need 9 of 5\)\. Fill the cache"):
        cached_batch(replace(ramps, frames=9), 0, range(1))


def test_softening_takes_the_finest_band_and_nothing_else() -> None:
    checkerboard = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).tile(8, 8).expand(2, 3, 16, 16)
    assert torch.equal(soften(checkerboard, 0.0), checkerboard)
    torch.testing.assert_close(soften(checkerboard, 0.5), checkerboard / 2)
    assert soften(checkerboard, 1.0).abs().max() < 1e-6
    ramp = torch.arange(16.0).expand(2, 3, 16, 16)
    torch.testing.assert_close(soften(ramp, 1.0)[..., 1:-1], ramp[..., 1:-1])


def test_softening_reaches_the_truth_alone(ramps: CacheConfig) -> None:
    plain = cached_batch(ramps, 0, range(4))
    soft = cached_batch(replace(ramps, softening=0.5), 0, range(4))
    assert torch.equal(plain.features, soft.features)
    assert not torch.equal(plain.large, soft.large)
