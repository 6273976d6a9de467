"""Training clips: number n is the same clip for ever."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.testing import assert_close
from training_material import brightening, write_photo, write_video

from videogigagan.data.clips import ClipSource
from videogigagan.data.degrade import bicubic_degradation, blur_degradation
from videogigagan.data.material import Material, Mixture, PhotoFolder, VideoFolder
from videogigagan.errors import ConfigError, DataError

Degrade = Callable[[torch.Tensor], torch.Tensor]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> VideoFolder:
    folder = tmp_path_factory.mktemp("videos")
    write_video(folder / "a.mkv", brightening(9))
    return VideoFolder(folder)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> PhotoFolder:
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(2):
        write_photo(folder / f"{seed}.png", seed=seed)
    return PhotoFolder(folder)


@pytest.fixture
def source(videos: VideoFolder, photos: PhotoFolder) -> ClipSource:
    mixture = Mixture(((photos, 0.6), (videos, 0.4)))
    return ClipSource(material=mixture, frames=3, small_size=8, scale=4)


@pytest.fixture(params=["videos", "photos"])
def material(request: pytest.FixtureRequest) -> Material:
    return request.getfixturevalue(request.param)


def test_same_seed_and_number_are_the_same_clip(source: ClipSource, material: Material) -> None:
    source = replace(source, material=material)
    first, again = source.pair(3), replace(source).pair(3)
    assert torch.equal(first.large, again.large)
    assert torch.equal(first.small, again.small)
    for other in (source.pair(4), replace(source, seed=1).pair(3)):
        assert not torch.equal(first.large, other.large)


def test_order_of_asking_does_not_matter(source: ClipSource) -> None:
    forwards = [source.pair(index).large for index in range(3)]
    backwards = [source.pair(index).large for index in (2, 1, 0)]
    assert_close(torch.stack(forwards), torch.stack(backwards[::-1]))


@pytest.mark.parametrize("degradation", ["bi", "bd", "real"])
def test_sizes_and_range(source: ClipSource, material: Material, degradation: str) -> None:
    pair = replace(source, material=material, degradation=degradation).pair(0)
    assert pair.large.shape == (3, 3, 32, 32)
    assert pair.small.shape == (3, 3, 8, 8)
    for clip in (pair.large, pair.small):
        levels = clip * 255
        assert_close(levels, levels.round(), atol=1e-4, rtol=0)
        assert 0 <= clip.min() <= clip.max() <= 1


@pytest.mark.parametrize(
    ("degradation", "degrade"), [("bi", bicubic_degradation), ("bd", blur_degradation)]
)
def test_small_clip_is_the_degraded_large_one(
    source: ClipSource, degradation: str, degrade: Degrade
) -> None:
    pair = replace(source, degradation=degradation).pair(0)
    assert torch.equal(pair.small, degrade(pair.large))


def test_degradation_leaves_the_choice_of_clips_alone(source: ClipSource) -> None:
    real = replace(source, degradation="real")
    for index in range(3):
        assert torch.equal(source.pair(index).large, real.pair(index).large)
        assert torch.equal(real.pair(index).small, real.pair(index).small)


def detail(clip: torch.Tensor) -> torch.Tensor:
    return (clip[..., 1:] - clip[..., :-1]).abs().mean(dim=(1, 2, 3))


def test_defocus_varies_from_clip_to_clip_and_not_within_one(source: ClipSource) -> None:
    blurred = replace(source, defocus=2.0)
    ratios = torch.stack(
        [detail(blurred.pair(i).large) / detail(source.pair(i).large) for i in range(8)]
    )
    assert (ratios <= 1).all()
    assert ratios.mean(dim=1).std() > 0.1
    assert (ratios.std(dim=1) < 0.05).all()
    for index in range(2):
        pair = blurred.pair(index)
        assert torch.equal(pair.small, bicubic_degradation(pair.large, 4))


def test_what_is_sharpened_has_more_contrast_when_it_is_reduced(source: ClipSource) -> None:
    blurred = replace(source, defocus=2.0)
    sharpened = replace(blurred, sharpening=1.5)
    before, after = (
        torch.stack([detail(clips.pair(index).small) for index in range(8)])
        for clips in (blurred, sharpened)
    )
    ratios = after / before
    assert (ratios > 0.99).all()
    assert ratios.mean(dim=1).std() > 0.05
    assert (ratios.std(dim=1) < 0.05).all()


def test_a_share_of_the_clips_is_clean(source: ClipSource) -> None:
    mixed = replace(source, degradation="real", clean=0.5)
    pairs = [mixed.pair(index) for index in range(12)]
    clean = [torch.equal(one.small, bicubic_degradation(one.large, 4)) for one in pairs]
    assert 0 < sum(clean) < 12
    dirty = replace(mixed, clean=0.0).pair(0)
    assert torch.equal(dirty.small, replace(source, degradation="real").pair(0).small)


def test_eightfold_reduction(source: ClipSource) -> None:
    pair = replace(source, scale=8, small_size=4).pair(0)
    assert pair.large.shape[-1] == 8 * pair.small.shape[-1]


def test_options_that_make_no_sense_are_refused(source: ClipSource) -> None:
    with pytest.raises(ConfigError, match="defocus must be at least 0, not -1"):
        replace(source, defocus=-1.0)
    with pytest.raises(ConfigError, match="sharpening must be at least 0, not -1"):
        replace(source, sharpening=-1.0)
    with pytest.raises(ConfigError, match=r"clean must lie in \[0, 1\], not 1.5"):
        replace(source, clean=1.5)
    with pytest.raises(ConfigError, match="candidates must be at least 1, and scale 2"):
        replace(source, candidates=0)
    with pytest.raises(ConfigError, match="bd: is defined for a reduction by 4 only"):
        replace(source, degradation="bd", scale=8)


def test_global_generators_are_left_alone(source: ClipSource) -> None:
    before = torch.get_rng_state()
    replace(source, degradation="real").pair(0)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_candidate_with_most_texture_is_kept(source: ClipSource) -> None:
    def texture(candidates: int, index: int) -> float:
        return replace(source, candidates=candidates).pair(index).large[1].std().item()

    assert sum(texture(4, i) for i in range(6)) > sum(texture(1, i) for i in range(6))


@dataclass(frozen=True, slots=True)
class Ramp(Material):
    """Brightness grows over the frames and, in each, to the right and more so downwards."""

    def draw(self, _rng: np.random.Generator, frames: int, size: int) -> tuple:
        down = torch.linspace(0, 0.4, size)[:, None]
        right = torch.linspace(0, 0.2, size)
        later = torch.linspace(0, 0.3, frames)[:, None, None, None]
        return (later + down + right).repeat(1, 3, 1, 1), "ramp"

    @property
    def names(self) -> tuple[str, ...]:
        return ("ramp",)


def test_clips_are_flipped_transposed_and_reversed(source: ClipSource) -> None:
    source = replace(source, material=Ramp(), candidates=1)
    seen = set()
    for index in range(120):
        clip = source.pair(index).large
        later, down, right = (clip.diff(dim=dim).mean().item() for dim in (0, 2, 3))
        seen.add((later > 0, down > 0, right > 0, abs(down) > abs(right)))
    assert len(seen) == 16


def test_unusable_files_are_skipped_and_named(source: ClipSource, tmp_path: Path) -> None:
    write_video(tmp_path / "good.mkv", brightening(9))
    (tmp_path / "broken.mkv").write_bytes(b"no video")
    write_video(tmp_path / "short.mkv", brightening(2))
    source = replace(source, material=VideoFolder(tmp_path))
    pairs = [source.pair(index) for index in range(8)]
    assert {pair.source for pair in pairs} == {"good.mkv"}
    skipped = [message for pair in pairs for message in pair.skipped]
    assert any("broken.mkv: cannot be opened as a video" in message for message in skipped)
    assert any("short.mkv: is too small (2 frames of 64x48" in message for message in skipped)
    assert any(not pair.skipped for pair in pairs)


def test_skipping_is_as_repeatable_as_the_rest(source: ClipSource, tmp_path: Path) -> None:
    write_video(tmp_path / "good.mkv", brightening(9))
    (tmp_path / "broken.mkv").write_bytes(b"no video")
    source = replace(source, material=VideoFolder(tmp_path))
    first, again = source.pair(1), replace(source).pair(1)
    assert torch.equal(first.large, again.large)
    assert first.skipped == again.skipped


def test_material_without_any_usable_file_is_an_error(
    source: ClipSource, tmp_path: Path
) -> None:
    write_photo(tmp_path / "small.png", width=31)
    source = replace(source, material=PhotoFolder(tmp_path))
    message = r"clip 0: 100 files in turn could not be used .*small\.png: is too small \(31x48"
    with pytest.raises(DataError, match=message):
        source.pair(0)
