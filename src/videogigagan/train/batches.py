"""Batches from cached features: what step s sees follows from (seed, s)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import DataError
from videogigagan.train.cache import read_cached
from videogigagan.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What one step learns from."""

    features: Float[Tensor, "b t f h w"]
    """The U-Net's input: pixels, then propagated features."""
    large: Float[Tensor, "b t 3 H W"]
    """Ground truth, RGB in [0, 1]."""


def draw_batch(config: TrainConfig, step: int) -> Batch:
    """Windows of random cached clips, the same ones whenever this step is asked for."""
    files = cached_files(config.cache)
    rng = np.random.default_rng((config.seed, step))
    windows = [
        _window(files[rng.integers(len(files))], config, rng) for _ in range(config.clips)
    ]
    features, large = (torch.stack(part) for part in zip(*windows, strict=True))
    return Batch(features=features, large=large)


def cached_files(folder: Path) -> list[Path]:
    """Every finished file of a cache, in order."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise DataError(f"{folder}: holds no cached features. Fill it first.")
    return files


def _window(path: Path, config: TrainConfig, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    cached = read_cached(path)
    t, _, h, w = cached["small"].shape
    if t < config.frames or min(h, w) < config.crop:
        raise DataError(
            f"{path}: is too small ({t} frames of {w}x{h}, need {config.frames} of "
            f"{config.crop}). Fill the cache with larger clips."
        )
    scale = cached["large"].shape[-1] // w
    first = int(rng.integers(t - config.frames + 1))
    top, left = int(rng.integers(h - config.crop + 1)), int(rng.integers(w - config.crop + 1))
    time = slice(first, first + config.frames)
    small = (time, slice(None), slice(top, top + config.crop), slice(left, left + config.crop))
    large = (
        time,
        slice(None),
        slice(scale * top, scale * (top + config.crop)),
        slice(scale * left, scale * (left + config.crop)),
    )
    pixels = cached["small"][small].float() / 255
    features = torch.cat((pixels, cached["features"][small].float()), dim=1)
    return features, soften(cached["large"][large].float() / 255, config.softening)


def soften(frames: Float[Tensor, "t 3 h w"], share: float) -> Float[Tensor, "t 3 h w"]:
    """Take a share of the band above [1, 2, 1] / 4 away, in both directions."""
    if share == 0:
        return frames
    taps = frames.new_tensor([0.25, 0.5, 0.25])
    low = F.pad(frames, (1, 1, 1, 1), mode="reflect")
    low = F.conv2d(low, taps.view(1, 1, 3, 1).expand(3, 1, 3, 1), groups=3)
    low = F.conv2d(low, taps.view(1, 1, 1, 3).expand(3, 1, 1, 3), groups=3)
    return torch.lerp(frames, low, share)
