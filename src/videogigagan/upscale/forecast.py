"""What a run will take, before it is begun: frames without values, and one small chunk."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor

from videogigagan.upscale.capacity import WAITING, behind, imagine
from videogigagan.upscale.tiles import tiles
from videogigagan.upscale.upscaler import VideoUpscaler

_PROBE_FRAMES, _PROBE_SIDE = 3, 64
_ENCODER = 60  # frames that an encoder holds, of a byte and a half for each pixel
_SPANS = (2, 4)  # frames over which propagation is imagined, to see what each one adds


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What a run will take, about."""

    window: int
    """Frames that are held together at most."""
    chunk: int
    """Frames that are rendered together."""
    tile: int
    """Most pixels of the source to a side of what is worked on at once; 0: whole frames."""
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
    chunk = min(upscaler.chunk_length(height, width), window)
    tile = upscaler.tile_for(height, width)
    sides = min(height, tile or height), min(width, tile or width)
    rendering = imagine(upscaler.upscale_at_once, chunk, *sides)
    few, more = (imagine(_propagation(upscaler), span, *sides) for span in _SPANS)
    each = (more.peak - few.peak) / (_SPANS[1] - _SPANS[0])
    propagating = more.peak + each * (window - _SPANS[1])
    held = rendering.peak + (window - chunk) * more.result / _SPANS[1]
    memory = max(propagating, held) + _bytes_of(upscaler.generator)
    if tile:
        memory += upscaler.held(height, width, window)
    if upscaler.device.type == "cpu":
        memory += _ENCODER * 1.5 * height * width * upscaler.scale**2
        if not tile:
            picture = upscaler.picture_bytes(height, width)
            memory += (behind(picture) + chunk) * picture + 12 * WAITING * height * width
    further = (more.flops - few.flops) / (_SPANS[1] - _SPANS[0])
    run_up = more.flops - _SPANS[1] * further  # once a shot; few are longer than a window
    drawing = (rendering.flops - run_up) / chunk - further
    shared = chunk / (chunk - min(upscaler.overlap, chunk // 2)) if window > chunk else 1
    flops = further + run_up / window + drawing * shared
    area = sum(part.area for part in tiles(height, width, tile)) / (sides[0] * sides[1])
    return Forecast(
        window=window,
        chunk=chunk,
        tile=tile,
        memory=round(memory),
        seconds=flops * area / _speed(upscaler, height, width),
    )


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
    return imagine(upscaler.upscale_at_once, frames, height, width).flops / seconds


def _bytes_of(network: torch.nn.Module) -> int:
    return sum(tensor.nbytes for tensor in chain(network.parameters(), network.buffers()))
