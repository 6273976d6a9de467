"""Cached features: computed once, the same whenever they are filled."""

from functools import partial
from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from videogigagan.data.clips import ClipSource
from videogigagan.errors import ConfigError, DataError
from videogigagan.train.batches import cached_files
from videogigagan.train.cache import CacheConfig, fill_cache, read_cached


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_filling_goes_on_where_it_was_stopped(
    tmp_path: Path, cache: Path, clip_source: ClipSource, propagation: nn.Module
) -> None:
    list(islice(fill_cache(tmp_path, clip_source, propagation, range(2)), 1))
    assert [path.name for path in tmp_path.iterdir()] == ["000000.safetensors"]
    assert list(fill_cache(tmp_path, clip_source, propagation, range(2))) == [1]
    assert contents(tmp_path) == contents(cache)


def test_clips_of_held_out_files_lie_apart_and_are_not_learnt_from(
    tmp_path: Path, cache: Path, clip_source: ClipSource, propagation: nn.Module
) -> None:
    fill = partial(fill_cache, tmp_path, clip_source, propagation, held_out={"waves.png"})
    assert list(fill(range(2))) == [0, 1]
    assert contents(tmp_path / "held-out") == contents(cache)
    with pytest.raises(DataError, match="holds no cached features"):
        cached_files(tmp_path)
    assert list(fill(range(2))) == []


def test_clips_of_several_sources_share_a_cache(
    tmp_path: Path, cache: Path, clip_source: ClipSource, propagation: nn.Module
) -> None:
    assert list(fill_cache(tmp_path, clip_source, propagation, [1])) == [1]
    assert list(fill_cache(tmp_path, clip_source, propagation, [1], prefix="b")) == [1]
    one, other = cached_files(tmp_path)
    assert (one.name, other.name) == ("000001.safetensors", "b000001.safetensors")
    assert one.read_bytes() == other.read_bytes() == contents(cache)[one.name]


def test_a_full_cache_is_left_alone(cache: Path, clip_source: ClipSource) -> None:
    class Forbidden(nn.Module):
        def forward(self, _clip: torch.Tensor) -> torch.Tensor:
            raise AssertionError("the features are there already")

    before = contents(cache)
    assert list(fill_cache(cache, clip_source, Forbidden(), range(2))) == []
    assert contents(cache) == before


def test_frames_can_be_cleaned_first(
    tmp_path: Path, clip_source: ClipSource, propagation: nn.Module
) -> None:
    dark = partial(fill_cache, tmp_path, clip_source, propagation, clean=lambda clip: clip / 2)
    assert list(dark([1])) == [1]
    cached, pair = read_cached(tmp_path / "000001.safetensors"), clip_source.pair(1)
    small = cached["small"].float() / 255
    assert_close(small, pair.small / 2, atol=0.5 / 255 + 1e-6, rtol=0)
    with torch.no_grad():
        features = propagation(small[None])[0]
    assert_close(cached["features"].float(), features, atol=1e-3, rtol=1e-3)


def test_pixels_can_be_kept_alone(tmp_path: Path, clip_source: ClipSource) -> None:
    assert list(fill_cache(tmp_path, clip_source, None, [1])) == [1]
    path = tmp_path / "000001.safetensors"
    cached, pair = read_cached(path), clip_source.pair(1)
    assert set(cached) == {"small", "large"}
    assert_close(cached["small"].float() / 255, pair.small)
    with pytest.raises(DataError, match=r"holds no features\. Fill the cache again, or prop"):
        read_cached(path, "small", "features")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop": 0}, "cache: frames and crop must be at least 1."),
        (
            {"frames": 4, "propagated": 3},
            "cache: propagated must be 0, or at least the 4 frames of a window, not 3.",
        ),
        ({"propagated": 1, "still": 1.1}, "cache: still must lie in [0, 1], not 1.1."),
        (
            {"still": 0.1},
            "cache: features that are read cannot stand still. Give propagated, or set still "
            "to 0.",
        ),
        ({"softening": 1.1}, "cache: softening must lie in [0, 1], not 1.1."),
    ],
)
def test_settings_that_make_no_sense_are_one_line(changes: dict, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        CacheConfig(folder="clips", **changes)
    assert str(caught.value) == message


def test_an_interrupted_file_is_written_again(
    tmp_path: Path, cache: Path, clip_source: ClipSource, propagation: nn.Module
) -> None:
    (tmp_path / "000000.partial").write_bytes(b"half of it")
    assert list(fill_cache(tmp_path, clip_source, propagation, range(1))) == [0]
    name = "000000.safetensors"
    assert contents(tmp_path) == {name: contents(cache)[name]}


def test_a_clip_that_fails_leaves_no_file(tmp_path: Path, clip_source: ClipSource) -> None:
    class Broken(nn.Module):
        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            raise RuntimeError(f"no features for {len(clip)} clip")

    with pytest.raises(RuntimeError, match="no features for 1 clip"):
        list(fill_cache(tmp_path / "new" / "cache", clip_source, Broken(), range(1)))
    assert contents(tmp_path / "new" / "cache") == {}


def test_cached_clip_is_the_clip_and_its_features(
    cache: Path, clip_source: ClipSource, propagation: nn.Module
) -> None:
    cached, pair = read_cached(cache / "000001.safetensors"), clip_source.pair(1)
    assert cached["features"].dtype == torch.float16
    assert_close(cached["small"].float() / 255, pair.small)
    assert_close(cached["large"].float() / 255, pair.large)
    with torch.no_grad():
        features = propagation(pair.small[None])[0]
    assert_close(cached["features"].float(), features, atol=1e-3, rtol=1e-3)
