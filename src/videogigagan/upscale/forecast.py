"""What a run will take, before it is begun: frames without values, and one small chunk."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from videogigagan.ops.tally import Tally
from videogigagan.upscale.upscaler import VideoUpscaler

_PROBE_FRAMES, _PROBE_SIDE = 3, 64
_SPANS = (2, 4)  # frames over which propagation is imagined, to see what each one adds
_WAITING = 16  # frames of the source, and of the result, that wait somewhere
_ENCODER = 60  # frames that an encoder holds, of a byte and a half for each pixel


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What a run will take, about."""

    window: int
    """Frames that are held together at most."""
    memory: int
    """Bytes at the fullest moment, on the device that computes. On the CPU that includes frames
    that wait and the encoder's, but not the program itself."""
    seconds: float
    """Time for a frame, without decoding and encoding."""


def forecast(
    upscaler: VideoUpscaler, *, width: int, height: int, frames: int | None
) -> Forecast:
    """Work out what frames of a size will take.

    Memory and arithmetic are counted on tensors that have shapes and no values. Few frames of
    at most 64x64 are upscaled to see how fast the arithmetic is here.

    Args:
        upscaler: A loaded generator.
        width: Columns of the source.
        height: Rows of the source.
        frames: Frames there will be; None if that is not known.
    """
    longest = upscaler.window_length(height, width)
    window = longest if frames is None else min(frames, longest)
    chunk = min(upscaler.chunk, window)
    rendering = _imagine(upscaler.upscale_tensor, chunk, height, width)
    few, more = (_imagine(_propagation(upscaler), span, height, width) for span in _SPANS)
    each = (more.peak - few.peak) / (_SPANS[1] - _SPANS[0])
    propagating = more.peak + each * (window - _SPANS[1])
    held = rendering.peak + (window - chunk) * more.result / _SPANS[1]
    memory = max(propagating, held) + _bytes_of(upscaler.generator)
    if upscaler.device.type == "cpu":
        memory += height * width * 12 * _WAITING
        memory += height * width * upscaler.scale**2 * (12 * _WAITING + 1.5 * _ENCODER)
    return Forecast(
        window=window,
        memory=round(memory),
        seconds=rendering.flops / chunk / _speed(upscaler, height, width),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cost:
    """Bytes and operations of work that was imagined."""

    peak: int
    result: int
    flops: int


def _imagine(work: Callable[[Tensor], Tensor], frames: int, height: int, width: int) -> _Cost:
    """Do work on frames that have no values."""
    with FakeTensorMode(allow_non_fake_inputs=True), Tally() as tally:
        result = work(torch.rand(frames, 3, height, width))
        return _Cost(peak=tally.peak, result=result.nbytes, flops=tally.flops)


def _propagation(upscaler: VideoUpscaler) -> Callable[[Tensor], Tensor]:
    def propagate(clip: Tensor) -> Tensor:
        with torch.inference_mode():
            clip = clip[None].to(upscaler.device)
            return upscaler.generator.propagate(clip, storage=torch.float16)

    return propagate


def _speed(upscaler: VideoUpscaler, height: int, width: int) -> float:
    """Operations a second, measured on a small chunk; the first time is for warming up."""
    frames = min(upscaler.chunk, _PROBE_FRAMES)
    height, width = min(height, _PROBE_SIDE), min(width, _PROBE_SIDE)
    clip = torch.full((frames, 3, height, width), 0.5)
    seconds = 0.0
    for _ in range(2):
        started = time.perf_counter()
        upscaler.upscale_tensor(clip)
        seconds = time.perf_counter() - started
    return _imagine(upscaler.upscale_tensor, frames, height, width).flops / seconds


def _bytes_of(network: torch.nn.Module) -> int:
    return sum(tensor.nbytes for tensor in chain(network.parameters(), network.buffers()))
