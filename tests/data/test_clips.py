"""Training clips: number s is the same clip for ever."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from videogigagan.data.clips import ClipSource
from videogigagan.data.degrade import bicubic_degradation
from videogigagan.errors import ConfigError, DataError

WIDTH, HEIGHT = 64, 48


def write_photo(path: Path, width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(path)


def write_video(path: Path, frames: int = 9) -> None:
    """Lossless; frame i has the level 10·i, apart from some texture."""
    texture = np.random.default_rng(0).integers(0, 60, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "bgr0"
        for index in range(frames):
            picture = (texture + 10 * index).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("material")
    for name in ("videos", "photos"):
        (folder / name).mkdir()
    write_video(folder / "videos" / "a.mkv")
    for seed in range(2):
        write_photo(folder / "photos" / f"{seed}.png", seed=seed)
    return folder


@pytest.fixture
def source(material: Path) -> ClipSource:
    return ClipSource(
        videos=material / "videos", photos=material / "photos", frames=3, small_size=8, scale=4
    )


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_same_seed_and_number_are_the_same_clip(source: ClipSource, share: float) -> None:
    source = replace(source, photo_share=share)
    first, again = source.pair(3), replace(source).pair(3)
    assert torch.equal(first.large, again.large)
    assert torch.equal(first.small, again.small)
    for other in (source.pair(4), replace(source, seed=1).pair(3)):
        assert not torch.equal(first.large, other.large)


def test_order_of_asking_does_not_matter(source: ClipSource) -> None:
    forwards = [source.pair(index).large for index in range(3)]
    backwards = [source.pair(index).large for index in (2, 1, 0)]
    assert_close(torch.stack(forwards), torch.stack(backwards[::-1]))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_sizes_and_range(source: ClipSource, share: float) -> None:
    pair = replace(source, photo_share=share).pair(0)
    assert pair.large.shape == (3, 3, 32, 32)
    assert pair.small.shape == (3, 3, 8, 8)
    for clip in (pair.large, pair.small):
        levels = clip * 255
        assert_close(levels, levels.round(), atol=1e-4, rtol=0)
        assert 0 <= clip.min() <= clip.max() <= 1


def test_small_clip_is_the_degraded_large_one(source: ClipSource) -> None:
    pair = source.pair(0)
    assert torch.equal(pair.small, bicubic_degradation(pair.large, 4))


def test_defocus_varies_from_clip_to_clip_and_not_within_one(source: ClipSource) -> None:
    def detail(clip: torch.Tensor) -> torch.Tensor:
        return (clip[..., 1:] - clip[..., :-1]).abs().mean(dim=(1, 2, 3))

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


def test_negative_defocus_is_refused(source: ClipSource) -> None:
    with pytest.raises(ConfigError, match="defocus must be at least 0, not -1"):
        replace(source, defocus=-1.0)


def test_global_generators_are_left_alone(source: ClipSource) -> None:
    before = torch.get_rng_state()
    source.pair(0)
    assert torch.equal(torch.get_rng_state(), before)


def test_video_frames_are_consecutive_or_every_second(source: ClipSource) -> None:
    """Backwards too, as BasicVSR trains; never with a gap that changes."""
    source = replace(source, photo_share=0.0, candidates=1)
    seen = set()
    for index in range(16):
        levels = 255 * source.pair(index).large.mean(dim=(1, 2, 3))
        steps = levels.diff().round()
        assert steps[0] == steps[1]
        seen.add(int(steps[0]))
    assert seen == {-20, -10, 10, 20}


def test_the_candidate_with_most_texture_is_kept(source: ClipSource) -> None:
    def texture(candidates: int, index: int) -> float:
        return replace(source, candidates=candidates).pair(index).large[1].std().item()

    assert sum(texture(4, i) for i in range(6)) > sum(texture(1, i) for i in range(6))


def test_missing_folder_is_named(source: ClipSource, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere: no such folder\. Give a folder"):
        replace(source, videos=tmp_path / "nowhere")


@pytest.mark.parametrize(("kind", "share"), [("videos", 0.0), ("photos", 1.0)])
def test_empty_folder_is_named(
    source: ClipSource, tmp_path: Path, kind: str, share: float
) -> None:
    source = replace(source, photo_share=share, **{kind: tmp_path})
    with pytest.raises(DataError, match=r": is empty\. Put training material there"):
        source.pair(0)


def test_small_photo_is_named(source: ClipSource, tmp_path: Path) -> None:
    write_photo(tmp_path / "small.png", width=31)
    source = replace(source, photos=tmp_path, photo_share=1.0)
    with pytest.raises(DataError, match=r"small\.png: is too small \(31x48, need 32\)"):
        source.pair(0)


def test_short_video_is_named(source: ClipSource, tmp_path: Path) -> None:
    write_video(tmp_path / "short.mkv", frames=2)
    source = replace(source, videos=tmp_path, photo_share=0.0)
    with pytest.raises(DataError, match=r"short\.mkv: is too small \(2 frames of 64x48\)"):
        source.pair(0)


def test_damaged_video_is_named(source: ClipSource, tmp_path: Path) -> None:
    (tmp_path / "broken.mkv").write_bytes(b"no video")
    source = replace(source, videos=tmp_path, photo_share=0.0)
    with pytest.raises(DataError, match=r"broken\.mkv: cannot be decoded"):
        source.pair(0)
