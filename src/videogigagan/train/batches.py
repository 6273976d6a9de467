"""What each step learns from: clip n of a run follows from (seed, n) alone.

Step s of a run with batches of b clips holds the numbers s·b … s·b + b - 1. The devices share
them out in contiguous blocks, and each takes its block in micro-batches.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
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
from videogigagan.train.cache import CacheConfig, read_cached
from videogigagan.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What passes through the networks at once."""

    number: int
    """Number of its first clip; z and noise follow from it."""
    small: Float[Tensor, "b seen 3 h w"]
    """Low-resolution clips, all that propagation sees of them."""
    large: LargeClip
    """Ground truth of the frames that are shown."""
    window: slice = field(default_factory=lambda: slice(None))
    """Frames of `small` that are rendered and judged; propagation alone sees the others."""
    features: Features | None = None
    """The U-Net's input where propagation has been done before: pixels, then features."""
    skipped: tuple[str, ...] = ()
    """Files that could not be read when the clips were drawn."""

    @property
    def shown(self) -> Clip:
        """The low-resolution frames that are rendered and judged."""
        return self.small[:, self.window]

    def to(self, device: torch.device) -> "Batch":
        """The same on another device."""
        features = self.features
        return replace(
            self,
            small=self.small.to(device, non_blocking=True),
            large=self.large.to(device, non_blocking=True),
            features=None if features is None else features.to(device, non_blocking=True),
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
    """Windows of random cached clips, at the same place in what is propagated."""
    files = cached_files(Path(cache.folder))
    spare = max(cache.propagated - cache.frames, 0)
    first = int(np.random.default_rng((seed, numbers[0], spare)).integers(spare + 1))
    window = slice(first, first + cache.frames)
    drawn = []
    for number in numbers:
        rng = np.random.default_rng((seed, number))
        drawn.append(_draw(files[rng.integers(len(files))], cache, rng))
    parts = {name: torch.stack([clip[name] for clip in drawn]) for name in drawn[0]}
    small, large, features = parts["small"], parts["large"][:, window], parts.get("features")
    if features is not None:
        features = torch.cat((small, features), dim=2)
    return Batch(number=numbers[0], small=small, large=large, window=window, features=features)


def cached_files(folder: Path) -> list[Path]:
    """Every finished file of a cache, in order."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise DataError(f"{folder}: holds no cached features. Fill it first.")
    return files


def _draw(path: Path, cache: CacheConfig, rng: np.random.Generator) -> dict[str, Tensor]:
    """What is needed of a cached clip, cut out at random."""
    names = ("small", "large") if cache.propagated else ("small", "large", "features")
    cached = read_cached(path, *names)
    frames = cache.propagated or cache.frames
    t, _, h, w = cached["small"].shape
    if t < frames or min(h, w) < cache.crop:
        raise DataError(
            f"{path}: is too small ({t} frames of {w}x{h}, need {frames} of "
            f"{cache.crop}). Fill the cache with larger clips."
        )
    scale = cached["large"].shape[-1] // w
    first = int(rng.integers(t - frames + 1))
    top, left = int(rng.integers(h - cache.crop + 1)), int(rng.integers(w - cache.crop + 1))
    still = rng.random() < cache.still
    times = [first + (0 if still else step) for step in range(frames)]

    def cut(name: str, scale: int, brightest: int) -> Tensor:
        rows, columns = (
            slice(scale * edge, scale * (edge + cache.crop)) for edge in (top, left)
        )
        return cached[name][times, :, rows, columns].float() / brightest

    small, large = cut("small", 1, 255), soften(cut("large", scale, 255), cache.softening)
    drawn = {"small": small, "large": large}
    return drawn if cache.propagated else drawn | {"features": cut("features", 1, 1)}


def soften(frames: Float[Tensor, "t 3 h w"], share: float) -> Float[Tensor, "t 3 h w"]:
    """Take a share of the band above [1, 2, 1] / 4 away, in both directions."""
    if share == 0:
        return frames
    taps = frames.new_tensor([0.25, 0.5, 0.25])
    low = F.pad(frames, (1, 1, 1, 1), mode="reflect")
    low = F.conv2d(low, taps.view(1, 1, 3, 1).expand(3, 1, 3, 1), groups=3)
    low = F.conv2d(low, taps.view(1, 1, 1, 3).expand(3, 1, 1, 3), groups=3)
    return torch.lerp(frames, low, share)
