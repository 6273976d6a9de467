"""A photo, and things before it, become a clip."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close
from training_material import noise, waves

from videogigagan.data.layers import CameraPath, Thing, film, layered_motion

SIZE = 24


def still(frames: int = 3, **changes: object) -> CameraPath:
    """A camera before the middle of a photo of 96x96, one photo pixel to each result pixel."""
    fixed = {
        "centre": np.full(2, 47.5),
        "zoom": 1.0,
        "zooms": np.ones(frames),
        "angles": np.zeros(frames),
        "tilts": np.zeros((frames, 2)),
        "shifts": np.zeros((frames, 2)),
    }
    return CameraPath(**{**fixed, **changes})


def disc(**changes: object) -> Thing:
    """A disc in the middle that shows the photo's corner."""
    fixed = {
        "centre": np.zeros(2),
        "velocity": np.zeros(2),
        "spin": 0.0,
        "nearness": 2.0,
        "radius": 4.0,
        "outline": np.zeros((1, 2)),
        "texture": np.full(2, 12.0),
    }
    return Thing(**{**fixed, **changes})


def two_colours() -> np.ndarray:
    """Black, with a white corner."""
    photo = np.zeros((96, 96, 3), dtype=np.uint8)
    photo[:32, :32] = 255
    return photo


def place_of(frame: torch.Tensor) -> torch.Tensor:
    """Centre of brightness, x and y, in pixels from the middle."""
    bright = frame.mean(dim=0)
    steps = torch.arange(SIZE) - (SIZE - 1) / 2
    x, y = (bright * steps).sum(), (bright * steps[:, None]).sum()
    return torch.stack((x, y)) / bright.sum()


@given(
    height=st.integers(24, 90),
    width=st.integers(24, 90),
    frames=st.integers(1, 5),
    seed=st.integers(0, 1000),
)
def test_any_photo_large_enough_makes_a_clip(
    height: int, width: int, frames: int, seed: int
) -> None:
    clip = layered_motion(noise(width, height), frames, 16, np.random.default_rng(seed))
    assert clip.shape == (frames, 3, 16, 16)
    assert clip.isfinite().all()
    assert clip.min() >= 0
    assert clip.max() <= 1


def test_everything_follows_from_the_generator() -> None:
    first, second, other = (
        layered_motion(noise(), 3, 16, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


@settings(max_examples=8)
@given(level=st.integers(0, 255), seed=st.integers(0, 1000))
def test_a_flat_photo_makes_a_flat_clip(level: int, seed: int) -> None:
    flat = np.full((40, 50, 3), level, dtype=np.uint8)
    clip = layered_motion(flat, 2, 16, np.random.default_rng(seed))
    assert_close(clip, torch.full_like(clip, level / 255), atol=1e-5, rtol=0)


@pytest.mark.parametrize("seed", range(6))
def test_the_camera_stays_over_the_photo(seed: int) -> None:
    """A photo that is bright at its border only is never seen mirrored at it."""
    photo = np.zeros((120, 160, 3), dtype=np.uint8)
    photo[[0, -1]] = photo[:, [0, -1]] = 255
    clip = layered_motion(photo, 7, SIZE, np.random.default_rng(seed))
    assert clip.max() < 0.1


def test_translation_by_whole_pixels_is_a_shift() -> None:
    shifts = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, -5.0]])
    first, right, up = film(waves(96, 96, 0), still(shifts=shifts), [], SIZE)
    first, right, up = (frame[:, 2:-2, 2:-2] for frame in (first, right, up))
    assert_close(right[:, :, :-3], first[:, :, 3:], atol=1e-4, rtol=0)
    assert_close(up[:, 5:], first[:, :-5], atol=1e-4, rtol=0)


def test_translation_by_less_than_a_pixel_lies_between() -> None:
    ramp = np.repeat(np.arange(96, dtype=np.uint8)[None, :, None], 96, axis=0).repeat(3, axis=2)
    shifts = np.array([[0.0, 0.0], [0.25, 0.0], [0.5, 0.0]])
    clip = film(ramp, still(shifts=shifts), [], SIZE)[..., 4:-4, 4:-4] * 255
    assert_close(clip[1] - clip[0], torch.full_like(clip[0], 0.25), atol=0.02, rtol=0)
    assert_close(clip[2] - clip[0], torch.full_like(clip[0], 0.5), atol=0.02, rtol=0)


def test_rotation_by_a_quarter_turn() -> None:
    angles = np.array([0.0, np.pi / 2])
    first, turned = film(waves(96, 96, 1), still(2, angles=angles), [], SIZE)
    assert_close(turned, first.rot90(1, dims=(1, 2)), atol=1e-4, rtol=0)


def test_zoom_widens_the_view() -> None:
    photo = np.zeros((96, 96, 3), dtype=np.uint8)
    photo[38:58, 38:58] = 255  # a square of 20
    near, far = film(photo, still(2, zooms=np.array([1.0, 2.0])), [], SIZE)
    assert near.mean() * SIZE**2 == pytest.approx(400, rel=0.02)
    assert far.mean() * SIZE**2 == pytest.approx(100, rel=0.02)


def test_tilt_makes_one_side_nearer() -> None:
    """Bars of one width in the photo are wider, hence fewer, where it is nearer."""
    bars = np.zeros((96, 96, 3), dtype=np.uint8)
    bars[:, ::2] = 255
    bars = bars.repeat(4, axis=1)[:, 144:240]
    tilted = film(bars, still(1, tilts=np.array([[0.3, 0.0]])), [], SIZE)[0]
    edges = (tilted[:, :, 1:] - tilted[:, :, :-1]).abs().mean(dim=(0, 1))
    left, right = edges[: SIZE // 2].sum(), edges[SIZE // 2 :].sum()
    assert left > 1.2 * right


def test_detail_too_fine_for_the_result_becomes_grey() -> None:
    """Sampled at every second pixel, a checkerboard would be black or white or a moiré."""
    board = (np.indices((96, 96)).sum(axis=0) % 2 * 255).astype(np.uint8)
    photo = np.repeat(board[..., None], 3, axis=2)
    clip = film(photo, still(2, zoom=1.8, angles=np.array([0.0, 0.1])), [], SIZE)
    assert_close(clip[..., 2:-2, 2:-2], torch.full((2, 3, 20, 20), 0.5), atol=0.1, rtol=0)


def test_near_things_pass_faster_than_the_photo() -> None:
    shifts = np.array([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    path = still(shifts=shifts)
    for nearness in (1.0, 2.5):
        clip = film(two_colours(), path, [disc(nearness=nearness)], SIZE)
        places = torch.stack([place_of(frame) for frame in clip])
        moved = torch.tensor([[nearness, 0.0], [0.0, 0.0], [-nearness, 0.0]])
        assert_close(places, moved, atol=0.05, rtol=0)


def test_things_move_and_spin_on_their_own() -> None:
    path = still()
    clip = film(two_colours(), path, [disc(velocity=np.array([0.0, 2.0]))], SIZE)
    places = torch.stack([place_of(frame) for frame in clip])
    assert_close(places, torch.tensor([[0.0, -2.0], [0, 0], [0, 2]]), atol=0.05, rtol=0)
    spinning = film(two_colours(), path, [disc(texture=np.full(2, 31.5), spin=np.pi / 2)], SIZE)
    assert_close(spinning[2], spinning[1].rot90(1, dims=(1, 2)), atol=1e-4, rtol=0)


def test_the_nearer_thing_covers_the_other() -> None:
    white, black = disc(nearness=2.0), disc(nearness=3.0, texture=np.full(2, 70.0), radius=2.5)
    covered = film(two_colours(), still(1), [black, white], SIZE)[0]
    alone = film(two_colours(), still(1), [white], SIZE)[0]
    assert covered[:, SIZE // 2, SIZE // 2].max() < 0.01
    assert alone[:, SIZE // 2, SIZE // 2].min() > 0.99
    assert 0 < covered.sum() < alone.sum()


def test_edges_of_things_are_antialiased() -> None:
    frame = film(two_colours(), still(1), [disc(radius=6.3)], SIZE)[0]
    assert frame.mean() * SIZE**2 == pytest.approx(np.pi * 6.3**2, rel=0.03)
    partly = ((frame > 0.1) & (frame < 0.9)).float().mean()
    assert partly > 0.01


def test_a_thing_out_of_sight_changes_nothing() -> None:
    beside = disc(centre=np.array([60.0, 0.0]))
    photo = waves(96, 96, 2)
    assert torch.equal(film(photo, still(), [beside], SIZE), film(photo, still(), [], SIZE))
