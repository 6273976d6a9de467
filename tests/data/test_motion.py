"""A photo becomes a clip."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from videogigagan.data.motion import camera_motion


def photo(height: int = 60, width: int = 80, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(
    height=st.integers(24, 90),
    width=st.integers(24, 90),
    frames=st.integers(1, 5),
    seed=st.integers(0, 1000),
)
def test_any_photo_large_enough_makes_a_clip(
    height: int, width: int, frames: int, seed: int
) -> None:
    clip = camera_motion(photo(height, width), frames, 16, np.random.default_rng(seed))
    assert clip.shape == (frames, 3, 16, 16)
    assert clip.isfinite().all()
    assert clip.min() >= 0
    assert clip.max() <= 1


def test_everything_follows_from_the_generator() -> None:
    first, second, other = (
        camera_motion(photo(), 3, 16, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_frames_differ() -> None:
    clip = camera_motion(photo(), 3, 16, np.random.default_rng(0))
    assert (clip[1:] - clip[:-1]).abs().amax(dim=(1, 2, 3)).min() > 0


@given(level=st.integers(0, 255), seed=st.integers(0, 1000))
def test_a_flat_photo_makes_a_flat_clip(level: int, seed: int) -> None:
    flat = np.full((40, 50, 3), level, dtype=np.uint8)
    clip = camera_motion(flat, 2, 16, np.random.default_rng(seed))
    assert_close(clip, torch.full_like(clip, level / 255), atol=1e-5, rtol=0)


def test_colours_stay_apart() -> None:
    red = np.zeros((40, 50, 3), dtype=np.uint8)
    red[..., 0] = photo(40, 50)[..., 0]
    clip = camera_motion(red, 2, 16, np.random.default_rng(0))
    assert clip[:, 0].std() > 0.01
    assert not clip[:, 1:].any()
