"""The upscaler: tensors and streams, one result for each frame."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from videogigagan.errors import CheckpointError, ConfigError, VideoGigaGANError
from videogigagan.model.checkpoint import Header, save_weights
from videogigagan.model.generator import Generator
from videogigagan.model.presets import GENERATORS
from videogigagan.upscale.upscaler import VideoUpscaler, choose_device
from videogigagan.video.cuts import cuts_at, one_shot

TINY = replace(GENERATORS["tiny"], residual="bicubic")


def generator(*, amount: float = 0.05) -> Generator:
    """All weights moved, so that nothing is a no-op; flow stays small."""
    torch.manual_seed(0)
    made = Generator(TINY)
    for name, parameter in made.named_parameters():
        if ".flow." not in name:
            parameter.data += amount * torch.randn_like(parameter)
    return made


def upscaler(**options: object) -> VideoUpscaler:
    return VideoUpscaler(generator(), **({"device": "cpu", "chunk": 3} | options))


def clip(frames: int) -> Tensor:
    return torch.rand(frames, 3, 16, 16, generator=torch.Generator().manual_seed(1))


@pytest.mark.catalogue("T01")
@pytest.mark.parametrize("frames", [1, 2, 3, 4, 7])
def test_there_is_one_result_for_each_frame(frames: int) -> None:
    """Less than a chunk, a chunk, one more, and one more than two."""
    result = upscaler().upscale_tensor(clip(frames))
    assert result.shape == (frames, 3, 64, 64)
    assert result.dtype == torch.float32
    assert result.min() >= 0
    assert result.max() <= 1


def test_results_keep_to_the_range_whatever_the_network_says() -> None:
    loud = VideoUpscaler(generator(amount=0.5), device="cpu").upscale_tensor(clip(1))
    assert loud.min() == 0
    assert loud.max() == 1


@pytest.mark.catalogue("T24")
def test_nothing_passes_a_cut() -> None:
    """Frames of a shot are those of the shot alone."""
    made = upscaler(chunk=2)
    streamed = made.stream(clip(5), shots=cuts_at({3}))
    apart = [made.upscale_tensor(shot) for shot in clip(5).split((3, 2))]
    assert torch.equal(torch.stack(list(streamed)), torch.cat(apart))


@pytest.mark.catalogue("T24")
def test_a_cut_is_found() -> None:
    made = upscaler(chunk=2)
    dark, light = clip(6) / 8, 1 - clip(6) / 8
    streamed = torch.stack(list(made.stream(torch.cat((dark, light)))))
    assert torch.equal(streamed, torch.cat([made.upscale_tensor(x) for x in (dark, light)]))
    whole = torch.stack(list(made.stream(torch.cat((dark, light)), shots=one_shot)))
    assert not torch.equal(streamed[6:], whole[6:])


@pytest.mark.catalogue("T23")
def test_a_long_shot_goes_on_from_window_to_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """The past is known exactly; what is far ahead is not."""
    made, shot = upscaler(chunk=2), clip(9)
    whole = made.upscale_tensor(shot)
    monkeypatch.setattr("videogigagan.upscale.upscaler.LONGEST_WINDOW", 6)
    result = torch.stack(list(made.stream(shot, shots=one_shot)))
    assert_close(result[4:], whole[4:], atol=2e-3, rtol=0)
    assert not torch.equal(result[:4], whole[:4])


def test_an_empty_stream_has_no_result() -> None:
    assert list(upscaler().stream([])) == []


@torch.no_grad()
def test_one_chunk_is_what_the_generator_makes() -> None:
    made = generator()
    expected = made(clip(2)[None], made.style(4))[0].clamp(0, 1)
    result = upscaler(seed=4).upscale_tensor(clip(2))
    assert_close(result, expected, atol=2e-3, rtol=0)  # features rest in half precision


@pytest.mark.catalogue("T26")
def test_a_seed_decides_every_byte() -> None:
    first = upscaler(seed=1).upscale_tensor(clip(2))
    torch.manual_seed(123)
    assert torch.equal(first, upscaler(seed=1).upscale_tensor(clip(2)))
    assert not torch.equal(first, upscaler(seed=2).upscale_tensor(clip(2)))


@pytest.mark.catalogue("T30")
def test_bf16_is_close_to_fp32() -> None:
    half = upscaler(precision="bf16").upscale_tensor(clip(2))
    full = upscaler(precision="fp32").upscale_tensor(clip(2))
    error = (half - full).square().mean().item()
    assert error > 0
    assert -10 * math.log10(error) > 40
    assert half.dtype == torch.float32


def test_auto_precision_on_a_cpu_is_fp32() -> None:
    full = upscaler(precision="fp32").upscale_tensor(clip(1))
    assert torch.equal(upscaler().upscale_tensor(clip(1)), full)


@pytest.mark.catalogue("T29")
def test_pixels_that_are_no_numbers_are_one_line() -> None:
    broken = generator()
    torch.nn.init.constant_(broken.get_parameter("stem.features.bias"), math.nan)
    made = VideoUpscaler(broken, device="cpu")
    message = (
        r"^the generator made pixels that are not numbers\. Try --precision fp32, or check"
    )
    with pytest.raises(VideoGigaGANError, match=message):
        made.upscale_tensor(clip(1))


def test_upscaler_comes_from_a_file(tmp_path: Path) -> None:
    path, made = tmp_path / "tiny.safetensors", generator()
    save_weights(path, made, Header(config=TINY))
    loaded = VideoUpscaler.from_pretrained(path, device="cpu", seed=1, chunk=3)
    assert loaded.scale == 4
    expected = upscaler(seed=1).upscale_tensor(clip(1))
    assert torch.equal(loaded.upscale_tensor(clip(1)), expected)


def test_missing_weights_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such weights"):
        VideoUpscaler.from_pretrained(tmp_path / "none.safetensors", device="cpu")


def without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)


def test_auto_takes_the_cpu_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    without_gpu(monkeypatch)
    assert choose_device("auto") == torch.device("cpu")
    assert choose_device("cpu") == torch.device("cpu")


def test_auto_prefers_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("cuda")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpu", r"^device 'gpu' is not known\. Use auto, cpu or cuda:0\.$"),
        ("", r"^device '' is not known\. Use auto, cpu or cuda:0\.$"),
        ("meta", r"^device 'meta' is not supported\. Use auto, cpu or cuda:0\.$"),
        ("cuda", r"^device 'cuda' is not there \(0 CUDA devices found\)\. Use cpu\.$"),
        ("cuda:3", r"^device 'cuda:3' is not there \(0 CUDA devices found\)\. Use cpu\.$"),
    ],
)
def test_devices_that_cannot_be_used_are_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    without_gpu(monkeypatch)
    with pytest.raises(ConfigError, match=message):
        choose_device(name)
