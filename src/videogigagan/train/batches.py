"""What each step learns from: clip n of a run follows from (seed, n) alone.

Step s of a run with batches of b clips holds the numbers s·b … s·b + b - 1. The devices share
them out in contiguous blocks, and each takes its block in micro-batches.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from videogigagan.data.clips import ClipPair
from videogigagan.data.loader import batches
from videogigagan.data.settings import clip_source
from videogigagan.errors import DataError
from videogigagan.shapes import Clip, Features, LargeClip
from videogigagan.train.cache import read_cached
from videogigagan.train.config import CacheConfig, TrainConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What passes through the networks at once."""

    number: int
    """Number of its first clip; z and noise follow from it."""
    small: Clip
    """Low-resolution clips."""
    large: LargeClip
    """Ground truth."""
    features: Features | None = None
    """The U-Net's input where propagation has been done before: pixels, then features."""
    skipped: tuple[str, ...] = ()
    """Files that could not be read when the clips were drawn."""

    def to(self, device: torch.device) -> "Batch":
        """The same on another device."""
        features = self.features
        return Batch(
            number=self.number,
            small=self.small.to(device, non_blocking=True),
            large=self.large.to(device, non_blocking=True),
            features=None if features is None else features.to(device, non_blocking=True),
            skipped=self.skipped,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """Which part of every step's clips one device takes."""

    step: int = 0
    """Steps that have been made already."""
    rank: int = 0
    """Number of the device."""
    ranks: int = 1
    """Devices in all."""


Feed = Callable[[TrainConfig, Share], Iterator[list[Batch]]]
"""The micro-batches of one step after another, from a share on."""


def micro_batches(config: TrainConfig, share: Share) -> Iterator[list[Batch]]:
    """Draw from the run's own data, until its last step."""
    data, numbers = config.data, clip_numbers(config, share)
    if isinstance(data, CacheConfig):
        for step in numbers:
            yield [cached_batch(data, config.seed, clips) for clips in step]
        return
    source = clip_source(data, scale=config.generator.scale, seed=config.seed, part="train")
    with closing(batches(source, chain.from_iterable(numbers), data.workers)) as in_order:
        for step in clip_numbers(config, share):
            yield [stacked(clips[0], next(in_order)) for clips in step]


def clip_numbers(config: TrainConfig, share: Share) -> Iterator[list[range]]:
    """For each step still to be made, the numbers in each micro-batch of this device."""
    size, own = config.micro_batch, config.batch // share.ranks
    for step in range(share.step, config.steps):
        first = step * config.batch + share.rank * own
        yield [range(number, number + size) for number in range(first, first + own, size)]


def stacked(number: int, pairs: Sequence[ClipPair]) -> Batch:
    """Make one batch of clips."""
    return Batch(
        number=number,
        small=torch.stack([pair.small for pair in pairs]),
        large=torch.stack([pair.large for pair in pairs]),
        skipped=tuple(name for pair in pairs for name in pair.skipped),
    )


def cached_batch(cache: CacheConfig, seed: int, numbers: Sequence[int]) -> Batch:
    """Windows of random cached clips."""
    files = cached_files(Path(cache.folder))
    windows = []
    for number in numbers:
        rng = np.random.default_rng((seed, number))
        windows.append(_window(files[rng.integers(len(files))], cache, rng))
    features, large = (torch.stack(part) for part in zip(*windows, strict=True))
    return Batch(number=numbers[0], small=features[:, :, :3], features=features, large=large)


def cached_files(folder: Path) -> list[Path]:
    """Every finished file of a cache, in order."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise DataError(f"{folder}: holds no cached features. Fill it first.")
    return files


def _window(path: Path, cache: CacheConfig, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    cached = read_cached(path)
    t, _, h, w = cached["small"].shape
    if t < cache.frames or min(h, w) < cache.crop:
        raise DataError(
            f"{path}: is too small ({t} frames of {w}x{h}, need {cache.frames} of "
            f"{cache.crop}). Fill the cache with larger clips."
        )
    scale = cached["large"].shape[-1] // w
    first = int(rng.integers(t - cache.frames + 1))
    top, left = int(rng.integers(h - cache.crop + 1)), int(rng.integers(w - cache.crop + 1))
    time = slice(first, first + cache.frames)
    small = (time, slice(None), slice(top, top + cache.crop), slice(left, left + cache.crop))
    large = (
        time,
        slice(None),
        slice(scale * top, scale * (top + cache.crop)),
        slice(scale * left, scale * (left + cache.crop)),
    )
    pixels = cached["small"][small].float() / 255
    features = torch.cat((pixels, cached["features"][small].float()), dim=1)
    return features, soften(cached["large"][large].float() / 255, cache.softening)


def soften(frames: Float[Tensor, "t 3 h w"], share: float) -> Float[Tensor, "t 3 h w"]:
    """Take a share of the band above [1, 2, 1] / 4 away, in both directions."""
    if share == 0:
        return frames
    taps = frames.new_tensor([0.25, 0.5, 0.25])
    low = F.pad(frames, (1, 1, 1, 1), mode="reflect")
    low = F.conv2d(low, taps.view(1, 1, 3, 1).expand(3, 1, 3, 1), groups=3)
    low = F.conv2d(low, taps.view(1, 1, 1, 3).expand(3, 1, 1, 3), groups=3)
    return torch.lerp(frames, low, share)
