"""How benchmarks make clips small."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from videogigagan.data.degrade import bicubic_degradation, blur_degradation
from videogigagan.data.real import degrade
from videogigagan.data.reductions import CAMERA, REDUCTIONS


def clip(frames: int = 4, height: int = 288, width: int = 320) -> torch.Tensor:
    """Something smooth that moves, with edges in it."""
    places = torch.arange(width)[None] + torch.arange(height)[:, None] / 2
    waves = [
        torch.sin((places + 7 * t) / 9) + ((places + 7 * t) % 50 < 25) for t in range(frames)
    ]
    return (torch.stack(waves)[:, None].expand(-1, 3, -1, -1) * 0.3 + 0.35).clamp(0, 1)


def reduced(name: str, frames: torch.Tensor) -> torch.Tensor:
    return torch.stack(list(REDUCTIONS[name](iter(frames))))


@pytest.mark.parametrize("name", REDUCTIONS)
def test_every_frame_is_a_quarter_of_the_size_on_8_bits(name: str) -> None:
    small = reduced(name, clip())
    assert small.shape == (4, 3, 72, 80)
    assert torch.equal((small * 255).round() / 255, small)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_no_frames_become_no_frames(name: str) -> None:
    assert list(REDUCTIONS[name](iter(()))) == []


def test_protocols_reduce_frame_by_frame() -> None:
    frames = clip()
    assert torch.equal(reduced("bi", frames), bicubic_degradation(frames))
    assert torch.equal(reduced("bd", frames), blur_degradation(frames))


def test_a_camera_is_the_same_every_time() -> None:
    assert torch.equal(reduced("camera", clip()), reduced("camera", clip()))


def test_a_camera_blurs_and_compresses_but_keeps_the_picture() -> None:
    small, clean = reduced("camera", clip()), reduced("bi", clip())
    error = (small - clean).square().mean().sqrt()
    assert 0.01 < error < 0.1
    assert (small.mean(dim=(2, 3)) - clean.mean(dim=(2, 3))).abs().max() < 0.02


def test_a_camera_that_reads_frame_by_frame_does_as_with_all_of_them() -> None:
    at_once = degrade(clip(), CAMERA, np.random.default_rng(0))
    assert_close(reduced("camera", clip()), at_once)
