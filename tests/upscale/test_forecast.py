"""What is foreseen is what comes, about."""

from dataclasses import replace

import pytest
import torch

from videogigagan.model.generator import Generator
from videogigagan.model.presets import GENERATORS
from videogigagan.ops.tally import Tally
from videogigagan.upscale.forecast import Forecast, forecast
from videogigagan.upscale.upscaler import VideoUpscaler
from videogigagan.video.cuts import one_shot


@pytest.fixture(scope="module")
def upscaler() -> VideoUpscaler:
    torch.manual_seed(0)
    config = replace(GENERATORS["tiny"], residual="bicubic")
    return VideoUpscaler(Generator(config), device="cpu", chunk=3)


@pytest.fixture
def foresee(upscaler, monkeypatch):
    """A forecast at a known speed."""
    monkeypatch.setattr("videogigagan.upscale.forecast._speed", lambda *_: 1e9)

    def start(width: int, height: int, frames: int | None) -> Forecast:
        return forecast(upscaler, width=width, height=height, frames=frames)

    return start


def test_memory_is_what_a_run_takes(upscaler, foresee) -> None:
    frames = [torch.rand(3, 48, 64) for _ in range(8)]
    with Tally() as tally:
        for _ in upscaler.stream(iter(frames), shots=one_shot):
            pass
    waiting = 48 * 64 * (12 * 16 + 16 * (12 * (4 + 3) + 1.5 * 60))
    weights = sum(p.nbytes for p in upscaler.generator.parameters())
    found = foresee(64, 48, 8).memory - waiting - weights
    assert 0.8 * tally.peak < found < 1.5 * tally.peak


def test_larger_frames_take_more(upscaler, foresee) -> None:
    weights = sum(p.nbytes for p in upscaler.generator.parameters())
    small, large = foresee(32, 32, 6), foresee(64, 64, 6)
    assert large.seconds == pytest.approx(4 * small.seconds, rel=0.1)
    assert 3 < (large.memory - weights) / (small.memory - weights) < 4.2


def test_more_frames_take_more_memory_only_until_a_window_is_full(foresee) -> None:
    few, full, endless = (foresee(16, 16, frames) for frames in (1, 101, None))
    assert (few.window, full.window) == (1, 100)
    assert few.memory < full.memory
    assert full == endless


def test_the_speed_is_measured_here(upscaler) -> None:
    assert 0 < forecast(upscaler, width=16, height=16, frames=4).seconds < 10


def test_a_forecast_changes_nothing(upscaler) -> None:
    clip = torch.rand(2, 3, 16, 16)
    before = upscaler.upscale_tensor(clip)
    forecast(upscaler, width=16, height=16, frames=2)
    assert torch.equal(upscaler.upscale_tensor(clip), before)


def test_a_look_at_free_memory_costs_nothing_of_what_is_foreseen(foresee, monkeypatch) -> None:
    """Where tiles are in question, rendering is imagined once more, for another reason."""
    free = "videogigagan.upscale.upscaler.free_memory"
    monkeypatch.setattr(free, lambda _: None)
    careless = foresee(160, 160, 4)
    monkeypatch.setattr(free, lambda _: 500 * 2**20)  # enough, but less than the bound
    assert foresee(160, 160, 4) == careless
