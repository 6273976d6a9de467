"""The upscaler: tensors and streams, one result for each frame."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from videogigagan.errors import CheckpointError, VideoGigaGANError
from videogigagan.model.checkpoint import Header, save_weights
from videogigagan.model.config import GeneratorConfig
from videogigagan.model.generator import Generator
from videogigagan.model.presets import GENERATORS, without_temporal
from videogigagan.ops.style import NoiseMode
from videogigagan.upscale.upscaler import VideoUpscaler, Waypoint
from videogigagan.video.cuts import cuts_at, one_shot

TINY = replace(GENERATORS["tiny"], residual="bicubic")
assert TINY.propagation is not None
DEEP = replace(TINY, propagation=replace(TINY.propagation, blocks=6))


def generator(*, amount: float = 0.05, config: GeneratorConfig = TINY) -> Generator:
    """All weights moved, so that nothing is a no-op; flow stays small."""
    torch.manual_seed(0)
    made = Generator(config)
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


@pytest.mark.catalogue("T20", "T23")
def test_chunks_fade_into_each_other() -> None:
    """A frame that two chunks share lies between what each makes of it."""
    made, shot = upscaler(chunk=4, overlap=2), clip(6)
    result = made.upscale_tensor(shot)
    features, _ = made.engine.propagate(shot, None, keep=6, onward=6)
    first = made.engine.pictures(features[:, :4]).clamp(0, 1)
    second = made.engine.pictures(features[:, 2:]).clamp(0, 1)
    assert not torch.allclose(first[2:], second[:2], atol=1e-4), "or this test says nothing"
    assert torch.equal(result[:2], first[:2])
    assert_close(result[2], (2 * first[2] + second[0]) / 3)
    assert_close(result[3], (first[3] + 2 * second[1]) / 3)
    assert torch.equal(result[4:], second[2:])


@pytest.mark.catalogue("T23")
def test_windows_fade_into_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where windows meet, chunks overlap as they do everywhere else."""
    monkeypatch.setattr("videogigagan.upscale.upscaler.LONGEST_WINDOW", 8)
    made, shot = upscaler(chunk=4, overlap=2), clip(11)
    places: list[Waypoint] = []
    result = torch.stack(list(made.stream(shot, shots=one_shot, on_window=places.append)))
    assert result.shape[0] == 11
    assert [place.frame for place in places] == [0, 2, 4]
    fading = places[1].fading
    assert fading is not None
    features, _ = made.engine.propagate(shot[2:], places[1].past, keep=4, onward=2)
    fresh = made.engine.pictures(features).clamp(0, 1)
    assert_close(result[2], (2 * fading[0] + fresh[0]) / 3, atol=1e-3, rtol=0)


@pytest.mark.catalogue("T33")
@pytest.mark.parametrize("done", [2, 3, 5, 7])
def test_a_stream_that_goes_on_makes_what_it_would_have_made(
    monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    monkeypatch.setattr("videogigagan.upscale.upscaler.LONGEST_WINDOW", 8)
    made, shot = upscaler(chunk=4, overlap=2), clip(11)
    places: list[Waypoint] = []
    whole = list(made.stream(shot, shots=one_shot, on_window=places.append))
    start = max((place for place in places if place.frame <= done), key=lambda p: p.frame)
    rest = list(made.stream(shot, shots=one_shot, start=start, done=done))
    assert torch.equal(torch.stack(rest), torch.stack(whole[done:]))


def test_frames_that_are_rendered_alone_need_no_overlap() -> None:
    config = without_temporal(TINY)
    assert VideoUpscaler(Generator(config), device="cpu").overlap == 0
    assert upscaler(chunk=3, overlap=2).overlap == 1, "half a chunk at most"


@pytest.mark.catalogue("T21")
@pytest.mark.parametrize("noise", ["const", "none"])
def test_tiles_show_no_seam(noise: NoiseMode) -> None:
    """Noise is the whole frame's; what is left lies where the ends of tiles do not count."""
    torch.manual_seed(0)
    made = Generator(replace(TINY, noise=noise))
    for name, parameter in made.named_parameters():
        if ".flow." not in name and "attention" not in name:
            parameter.data += 0.05 * torch.randn_like(parameter)
    ready = VideoUpscaler(made, device="cpu")
    shot = torch.rand(3, 3, 136, 200, generator=torch.Generator().manual_seed(1))
    whole = ready.upscale_tensor(shot)
    ready.engine.tile = 128
    in_tiles = ready.upscale_tensor(shot)
    difference = (in_tiles - whole).abs()
    assert whole.std() > 0.05, "or this test says nothing"
    assert difference.mean() < 0.5 / 255
    across = (in_tiles - whole).diff(dim=-1).abs().mean(dim=(0, 1, 2))
    assert across.max() < 1 / 255, "no column is a border"


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


def test_what_propagation_carries_keeps_its_precision() -> None:
    """In bfloat16 alone it would be off by more than a hundredth after some frames."""
    deep = generator(config=DEEP)
    half, full = (
        VideoUpscaler(deep, device="cpu", precision=one).engine for one in ("bf16", "fp32")
    )
    (made, past), (expected, precise) = (
        engine.propagate(clip(9), None, keep=9, onward=9) for engine in (half, full)
    )
    assert past is not None
    assert precise is not None
    assert [state.dtype for state in past.states] == [torch.float32] * len(past.states)
    assert_close(made, expected, atol=0.013, rtol=0)
    assert not torch.equal(made, expected)


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


def test_detail_makes_other_pictures_and_other_runs(tiny_ends: Path) -> None:
    """An unfinished run goes on with the detail it began with, or not at all."""
    made = [
        VideoUpscaler.from_pretrained(tiny_ends, detail=detail, device="cpu")
        for detail in (0, 0.5, 1)
    ]
    pictures = [one.upscale_tensor(clip(2)) for one in made]
    assert not torch.equal(pictures[0], pictures[1])
    assert not torch.equal(pictures[1], pictures[2])
    assert len({one.fingerprint for one in made}) == 3
    default = VideoUpscaler.from_pretrained(tiny_ends, device="cpu")
    assert torch.equal(default.upscale_tensor(clip(2)), pictures[2])
    assert default.fingerprint == made[2].fingerprint


def test_missing_weights_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such weights"):
        VideoUpscaler.from_pretrained(tmp_path / "none.safetensors", device="cpu")
