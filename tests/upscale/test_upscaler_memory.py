"""Where memory runs out, less is done at once, and every frame still comes."""

import logging

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from videogigagan.errors import VideoGigaGANError
from videogigagan.model.generator import Generator
from videogigagan.model.presets import generator_preset
from videogigagan.upscale.upscaler import VideoUpscaler

ERRORS = (
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    MemoryError(),
)


@pytest.fixture
def upscaler() -> VideoUpscaler:
    torch.manual_seed(0)
    return VideoUpscaler(Generator(generator_preset("tiny")), device="cpu", chunk=4)


def clip(frames: int) -> Tensor:
    return torch.rand(frames, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def limited(monkeypatch, upscaler: VideoUpscaler, method: str, most: int, error) -> list[int]:
    """Let a method of the generator fail for more than some frames; tell what it was given."""
    work, given = getattr(upscaler.generator, method), []

    def failing(frames: Tensor, *arguments: object, **options: object):
        given.append(frames.shape[1])
        if frames.shape[1] > most:
            raise error
        return work(frames, *arguments, **options)

    monkeypatch.setattr(upscaler.generator, method, failing)
    return given


@pytest.mark.catalogue("T27")
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_t27_fewer_frames_are_rendered_at_once(upscaler, monkeypatch, caplog, error) -> None:
    small = clip(9)
    given = limited(monkeypatch, upscaler, "render", 1, error)
    with caplog.at_level(logging.WARNING):
        large = upscaler.upscale_tensor(small)
    assert large.shape == (9, 3, 64, 64)
    assert "memory runs out: 2 frames are rendered at once." in caplog.text
    assert "memory runs out: 1 frames are rendered at once." in caplog.text
    assert given[:3] == [4, 2, 1]
    assert set(given[3:]) == {1}, "what has failed once is not tried again"


@pytest.mark.catalogue("T27")
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_t27_fewer_frames_are_propagated_at_once(upscaler, monkeypatch, caplog, error) -> None:
    whole = upscaler.upscale_tensor(clip(12))
    given = limited(monkeypatch, upscaler, "propagate_window", 9, error)
    with caplog.at_level(logging.WARNING):
        halves = upscaler.upscale_tensor(clip(12))
    assert given == [12, 9, 6]
    assert "memory runs out: 9 frames are propagated at once." in caplog.text
    assert_close(halves, whole, atol=0.05, rtol=0)
    assert_close(halves[6:], whole[6:], atol=2e-3, rtol=0, msg="the past is carried exactly")


@pytest.mark.catalogue("T27")
@pytest.mark.parametrize("method", ["render", "propagate_window"])
def test_t27_smaller_tiles_are_taken(upscaler, monkeypatch, caplog, method) -> None:
    """Once fewer frames do not help."""
    small = torch.rand(4, 3, 24, 300, generator=torch.Generator().manual_seed(1))
    whole = upscaler.upscale_tensor(small)
    work = getattr(upscaler.generator, method)

    def failing(frames: Tensor, *arguments: object, **options: object):
        if frames.shape[-1] > 140:
            raise ERRORS[0]
        return work(frames, *arguments, **options)

    monkeypatch.setattr(upscaler.generator, method, failing)
    with caplog.at_level(logging.WARNING):
        large = upscaler.upscale_tensor(small)
    assert "memory runs out: tiles of 128 pixels are taken." in caplog.text
    assert upscaler.engine.tile == 128
    assert (large - whole).abs().mean() < 1 / 255


@pytest.mark.catalogue("T28")
@pytest.mark.parametrize("method", ["render", "propagate_window"])
def test_t28_not_even_one_frame_is_one_clear_line(upscaler, monkeypatch, method) -> None:
    limited(monkeypatch, upscaler, method, 0, ERRORS[0])
    message = (
        r"^memory: is not enough for frames of 16x16 on cpu\. Give smaller frames, another "
        r"--device, or close other programs\.$"
    )
    with pytest.raises(VideoGigaGANError, match=message):
        upscaler.upscale_tensor(clip(4))


def test_other_errors_are_told_as_they_are(upscaler, monkeypatch) -> None:
    limited(monkeypatch, upscaler, "render", 0, RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="a bug"):
        upscaler.upscale_tensor(clip(4))
