"""The degradation `real`: random from clip to clip, and one within each."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close
from training_material import waves

from videogigagan.data.real import (
    Blur,
    Noise,
    RealDegradation,
    degrade,
    draw_degradation,
    real_degradation,
)
from videogigagan.ops.resize import bicubic_downsample

NOTHING = RealDegradation(
    blur=None, middle=1.0, kernels=("bicubic", "bicubic"), noise=None, jpeg=None, video=None
)


def large(frames: int = 3, side: int = 64) -> torch.Tensor:
    picture = torch.from_numpy(waves(side, side, 0)).permute(2, 0, 1).float() / 255
    return picture.repeat(frames, 1, 1, 1)


def degraded(how: RealDegradation, clip: torch.Tensor, seed: int = 0) -> torch.Tensor:
    return degrade(clip, how, np.random.default_rng(seed), 4)


@given(
    seed=st.integers(0, 10_000),
    factor=st.sampled_from([2, 4, 8]),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
)
def test_any_clip_becomes_exactly_that_much_smaller(
    seed: int, factor: int, height: int, width: int
) -> None:
    clip = torch.rand(2, 3, height * factor, width * factor, generator=torch.Generator())
    small = real_degradation(clip, np.random.default_rng(seed), factor)
    assert small.shape == (2, 3, height, width)
    assert_close(small * 255, (small * 255).round(), atol=1e-4, rtol=0)
    assert 0 <= small.min() <= small.max() <= 1


def test_everything_follows_from_the_generator() -> None:
    first, again, other = (
        real_degradation(large(), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_every_step_occurs_and_is_left_out() -> None:
    drawn = [draw_degradation(np.random.default_rng(seed)) for seed in range(60)]
    for step in ("blur", "noise", "jpeg", "video"):
        present = [getattr(how, step) is not None for how in drawn]
        assert any(present)
        assert not all(present)
    assert {how.video[0] for how in drawn if how.video} == {"h264", "h265"}
    assert {how.noise.kind for how in drawn if how.noise} == {"gaussian", "poisson"}
    assert any(how.middle < 1 for how in drawn)
    assert any(how.middle > 1 for how in drawn)
    assert any(how.blur.along != how.blur.across for how in drawn if how.blur)


@pytest.mark.parametrize("seed", range(8))
def test_frames_of_a_still_clip_stay_equal_but_for_noise_and_video(seed: int) -> None:
    how = replace(draw_degradation(np.random.default_rng(seed)), noise=None, video=None)
    small = degraded(how, large())
    assert torch.equal(small[0], small[1])
    assert torch.equal(small[0], small[2])


def test_without_any_harm_it_is_a_plain_reduction() -> None:
    clip = large()
    inside = (..., slice(3, -3), slice(3, -3))
    plain = bicubic_downsample(clip, 4).clamp(0, 1)
    assert_close(degraded(NOTHING, clip)[inside], plain[inside], atol=0.003, rtol=0)


def test_round_blur_is_a_gaussian_in_small_pixels() -> None:
    """The variance of a blurred point, in large pixels, is that of the Gaussian."""
    point = torch.zeros(1, 3, 61, 61)
    point[..., 30, 30] = 1
    blur = Blur(along=0.5, across=0.5, angle=0.3)
    spread = degrade_without_reduction(blur, point)
    steps = torch.arange(61) - 30.0
    assert (spread * steps.square()).sum() == pytest.approx((0.5 * 4) ** 2, rel=0.02)
    assert (spread * steps.square()[:, None]).sum() == pytest.approx((0.5 * 4) ** 2, rel=0.02)


def test_blur_is_stronger_along_its_direction() -> None:
    point = torch.zeros(1, 3, 61, 61)
    point[..., 30, 30] = 1
    spread = degrade_without_reduction(Blur(along=0.7, across=0.2, angle=0.0), point)
    steps = (torch.arange(61) - 30.0).square()
    assert (spread * steps).sum() > 5 * (spread * steps[:, None]).sum()


def degrade_without_reduction(blur: Blur, clip: torch.Tensor) -> torch.Tensor:
    """The blur alone, of a clip whose reduction is by 1: sigmas count in its own pixels."""
    own = Blur(along=4 * blur.along, across=4 * blur.across, angle=blur.angle)
    how = replace(NOTHING, blur=own)
    spread = degrade(100 * clip, how, np.random.default_rng(0), 1)
    assert (spread >= 0).all()
    return spread[0, 0] / spread[0, 0].sum()


@pytest.mark.parametrize("kind", ["gaussian", "poisson"])
def test_noise_is_new_in_each_frame_and_of_the_strength_asked_for(kind: str) -> None:
    grey = torch.full((2, 3, 128, 128), 0.25)
    noise = Noise(strength=0.04, kind=kind, grey=False)
    errors = degraded(replace(NOTHING, noise=noise), grey) - 0.25
    expected = 0.04 if kind == "gaussian" else 0.02  # the square root of a quarter
    assert errors.std() == pytest.approx(expected, rel=0.05)
    assert (errors[0] * errors[1]).mean().abs() < 0.1 * expected**2
    assert (errors[:, 0] * errors[:, 1]).mean().abs() < 0.1 * expected**2


def test_grey_noise_is_the_same_in_all_channels() -> None:
    noise = Noise(strength=0.04, kind="gaussian", grey=True)
    small = degraded(replace(NOTHING, noise=noise), torch.full((2, 3, 64, 64), 0.5))
    assert torch.equal(small[:, 0], small[:, 1])
    assert torch.equal(small[:, 0], small[:, 2])


def test_jpeg_and_video_leave_their_traces() -> None:
    clip = large(side=128)
    plain = degraded(NOTHING, clip)
    for harm in (replace(NOTHING, jpeg=10), replace(NOTHING, video=("h264", 40))):
        assert (degraded(harm, clip) - plain).abs().mean() > 0.01


def test_global_generators_are_left_alone() -> None:
    before = torch.get_rng_state()
    real_degradation(large(), np.random.default_rng(0))
    assert torch.equal(torch.get_rng_state(), before)
