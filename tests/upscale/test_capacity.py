"""How large tiles may be."""

from dataclasses import replace

import pytest
import torch

from videogigagan.model.generator import Generator
from videogigagan.model.presets import GENERATORS
from videogigagan.upscale.capacity import Work, _bound, bytes_a_pixel, fitting_tile, imagine
from videogigagan.upscale.tiles import SMALLEST
from videogigagan.upscale.upscaler import VideoUpscaler

TINY = replace(GENERATORS["tiny"], residual="bicubic")


@pytest.fixture(scope="module")
def upscaler() -> VideoUpscaler:
    torch.manual_seed(0)
    return VideoUpscaler(Generator(TINY), device="cpu", chunk=3, tile=0)


def fit(upscaler: VideoUpscaler, height: int, width: int, free: int | None) -> int:
    work = Work(height=height, width=width, chunk=3, held=1000)
    return fitting_tile(work, lambda: demand(upscaler), TINY, free)


def demand(upscaler: VideoUpscaler) -> float:
    return bytes_a_pixel(upscaler.upscale_at_once, 3)


def test_tiles_are_as_large_as_memory_allows(upscaler) -> None:
    needed = demand(upscaler) * 1000 * 1500
    assert fit(upscaler, 1000, 1500, round(needed / 0.8) + 2000) == 0
    assert fit(upscaler, 1000, 1500, round(0.7 * needed / 0.8)) == 1024
    assert fit(upscaler, 1000, 1500, round(0.05 * needed / 0.8)) == 256
    assert fit(upscaler, 1000, 1500, 0) == SMALLEST


def test_small_frames_and_unknown_memory_need_no_tiles(upscaler) -> None:
    assert fit(upscaler, SMALLEST, SMALLEST, 0) == 0
    assert fit(upscaler, 5000, 5000, None) == 0


@pytest.mark.parametrize("preset", ["tiny", "base-4x"])
def test_what_needs_no_look_is_never_too_much(preset: str) -> None:
    """The bound by widths alone is above what is imagined, so that it may be trusted."""
    config = replace(GENERATORS[preset], residual="bicubic")
    made = VideoUpscaler(Generator(config), device="cpu", chunk=3, tile=0)
    imagined = imagine(made.upscale_tensor, 3, 64, 64).peak / 64**2
    assert imagined < _bound(config, 3) < 30 * imagined


def test_memory_decides_unless_the_user_does(monkeypatch) -> None:
    monkeypatch.setattr("videogigagan.upscale.upscaler.free_memory", lambda _: 0)
    made = Generator(TINY)
    assert VideoUpscaler(made, device="cpu").tile_for(200, 200) == SMALLEST
    assert VideoUpscaler(made, device="cpu", tile=0).tile_for(200, 200) == 0
    assert VideoUpscaler(made, device="cpu", tile=192).tile_for(200, 200) == 192


def test_what_a_pixel_takes_is_imagined_once(monkeypatch) -> None:
    """Programs that upscale clip by clip ask again and again."""
    monkeypatch.setattr("videogigagan.upscale.upscaler.free_memory", lambda _: 0)
    asked = []
    monkeypatch.setattr(
        "videogigagan.upscale.upscaler.bytes_a_pixel",
        lambda _, chunk: asked.append(chunk) or 1.0,
    )
    made = VideoUpscaler(Generator(TINY), device="cpu", chunk=3)
    assert made.tile_for(200, 200) == made.tile_for(300, 200) == SMALLEST
    assert asked == [3]


def test_large_frames_have_short_chunks(upscaler, monkeypatch) -> None:
    assert upscaler.chunk_length(64, 64) == 3
    monkeypatch.setattr("videogigagan.upscale.upscaler.PICTURE_BYTES", 2 * 12 * 16 * 64 * 64)
    assert upscaler.chunk_length(64, 64) == 2
    assert upscaler.chunk_length(640, 64) == 1
    large = list(upscaler.stream(torch.rand(5, 3, 32, 128)))
    assert len(large) == 5
