"""Clips prepared ahead, by worker processes, in the order they are wanted."""

import signal
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from types import FrameType

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from videogigagan.data.clips import ClipPair, ClipSource
from videogigagan.errors import DataError, VideoGigaGANError

AHEAD = 2
"""Batches that each worker prepares before they are asked for."""


def batches(
    source: ClipSource, numbers: Iterable[Sequence[int]], workers: int
) -> Generator[list[ClipPair], None, None]:
    """Yield the clips of each list of numbers, in order, prepared by worker processes.

    The clips are those that `source.pair` gives for the numbers, however many workers there
    are, so a run goes on from any step. Closing the generator ends the workers.

    Args:
        source: Where clips come from.
        numbers: Numbers of the clips of each batch; may be endless.
        workers: Processes; 0 makes each batch when it is asked for, in this one.

    Raises:
        DataError: The material cannot be used, or a worker died.
    """
    if workers == 0:
        for batch in numbers:
            yield [source.pair(number) for number in batch]
        return
    loader = DataLoader(
        _Clips(source),
        batch_sampler=(list(batch) for batch in numbers),
        num_workers=workers,
        prefetch_factor=AHEAD,
        collate_fn=list,
        worker_init_fn=_begin,
        generator=torch.Generator(),  # else it would draw from the run's own
    )
    try:
        for packed in loader:
            yield [_unpacked(entry) for entry in packed]
    except RuntimeError as error:
        if "DataLoader worker (pid" not in str(error):
            # A worker's bug: its traceback is in the message; ours would keep workers alive.
            raise error.with_traceback(None) from None
        raise DataError(
            f"training data: a worker process died ({str(error).splitlines()[0]}). It may have "
            "run out of memory; try fewer workers."
        ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class _Packed:
    """A clip on its way from a worker: bytes need a quarter of the memory.

    Arrays travel through pipes, tensors would through shared memory, which containers limit.
    """

    small: UInt8[np.ndarray, "t 3 h w"]
    large: UInt8[np.ndarray, "t 3 H W"]
    source: str
    skipped: tuple[str, ...]


class _Clips(Dataset[_Packed | VideoGigaGANError]):
    """Clips by number; an error is a value, so that it arrives as it is."""

    def __init__(self, source: ClipSource) -> None:
        self._source = source

    def __getitem__(self, number: int) -> _Packed | VideoGigaGANError:
        try:
            pair = self._source.pair(number)
        except VideoGigaGANError as error:
            return error
        return _Packed(
            small=_bytes(pair.small),
            large=_bytes(pair.large),
            source=pair.source,
            skipped=pair.skipped,
        )


def _begin(_worker: int) -> None:
    # Both reach every process of a group; the main one decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _spare_once)


def _spare_once(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - Python's own signature
    """Live on for the step that the main process still makes; it may end this one itself."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _unpacked(entry: _Packed | VideoGigaGANError) -> ClipPair:
    if isinstance(entry, VideoGigaGANError):
        raise entry
    return ClipPair(
        small=_floats(entry.small),
        large=_floats(entry.large),
        source=entry.source,
        skipped=entry.skipped,
    )


def _bytes(clip: Float[Tensor, "t c h w"]) -> UInt8[np.ndarray, "t c h w"]:
    return (clip * 255).round().to(torch.uint8).numpy()


def _floats(levels: UInt8[np.ndarray, "t c h w"]) -> Float[Tensor, "t c h w"]:
    return torch.from_numpy(levels).float() / 255
