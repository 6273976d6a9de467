"""What work takes without doing it, and how large tiles may be so that it fits."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from videogigagan.model.config import GeneratorConfig
from videogigagan.ops.tally import Tally
from videogigagan.upscale.tiles import SMALLEST

WAITING = 16
"""Frames of the source that wait somewhere."""

_BEHIND, _BEHIND_BYTES = 4, 2**30
_SIDES = (2048, 1536, 1024, 768, 512, 384, 256, SMALLEST)
_USED = 0.8  # of the free memory; allocators and kernels need some more than tensors do
_GENEROUS = 16  # times what all levels make of a frame; more than any network here has alive


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What work takes that was imagined."""

    peak: int
    """Bytes alive at the fullest moment."""
    result: int
    """Bytes of what it makes."""
    flops: int
    """Arithmetic."""


def imagine(work: Callable[[Tensor], Tensor], frames: int, height: int, width: int) -> Cost:
    """Do work on frames that have shapes and no values."""
    with FakeTensorMode(allow_non_fake_inputs=True), Tally() as tally:
        result = work(torch.rand(frames, 3, height, width))
        return Cost(peak=tally.peak, result=result.nbytes, flops=tally.flops)


def bytes_a_pixel(render: Callable[[Tensor], Tensor], chunk: int) -> float:
    """What upscaling takes at its fullest moment, for a pixel of each of `chunk` frames."""
    return imagine(render, chunk, SMALLEST, SMALLEST).peak / SMALLEST**2


def behind(picture: int) -> int:
    """How many rendered frames of so many bytes may wait for the encoder."""
    return max(1, min(_BEHIND, _BEHIND_BYTES // picture))


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What is done at once, of frames of one size."""

    height: int
    """Rows of the source."""
    width: int
    """Columns of the source."""
    chunk: int
    """Frames that are rendered together."""
    held: int
    """Bytes of whole frames that are there whatever the tiles: features, pictures, and frames
    that wait."""


def fitting_tile(
    work: Work, demand: Callable[[], float], config: GeneratorConfig, free: int | None
) -> int:
    """The largest tile with which work fits into memory; 0 for whole frames.

    Args:
        work: What is to be done.
        demand: Says `bytes_a_pixel` of such a chunk; asked only where it matters.
        config: The generator's.
        free: Bytes that are free; None if nobody knows, which is taken for enough.
    """
    longest = max(work.height, work.width)
    pixels = work.height * work.width
    if free is None or longest <= SMALLEST:
        return 0
    left = _USED * free - work.held
    if _bound(config, work.chunk) * pixels <= left:
        return 0
    each = demand()
    if each * pixels <= left:
        return 0
    for side in _SIDES:
        if side < longest and each * min(work.height, side) * min(work.width, side) <= left:
            return side
    return SMALLEST


def _bound(config: GeneratorConfig, chunk: int) -> float:
    """More bytes for a pixel of the source than a network takes, told by its widths alone."""
    finest = len(config.decoder) - 1
    zoom = config.scale**2
    values = sum(
        level.channels * zoom / 4 ** (finest - index)
        for index, level in enumerate(config.decoder)
    )
    return _GENEROUS * chunk * torch.float32.itemsize * values
