"""Clips kept on disk, with propagation features or without.

While propagation is frozen its output for a clip never changes; on a CPU it costs far more than
the U-Net, so it is computed once per clip and read again at every visit. Where propagation
learns, too, pixels alone are kept.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from videogigagan.data.clips import ClipSource
from videogigagan.errors import ConfigError, DataError
from videogigagan.shapes import Clip

HELD_OUT = "held-out"
"""Folder inside a cache for clips that judge and are never learnt from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheConfig:
    """Learning from cached clips and from features that were propagated once.

    Propagation takes no part, unless frames are propagated anew.
    """

    folder: str
    """Where the clips lie."""
    frames: int = 1
    """Frames of each window."""
    crop: int = 48
    """Side of the window, in low-resolution pixels."""
    propagated: int = 0
    """Frames that are propagated anew, the window somewhere among them, so that propagation
    learns with the rest and sees more of a clip than is rendered; 0: features are read."""
    still: float = 0.0
    """Share of clips in which time stands still: copies of one frame, propagated anew. What
    teaches a result to stay as it is weighs most there."""
    softening: float = 0.0
    """Share of the finest band that is taken from the truth. Photos scaled down are sharper
    than what cameras film, and a model of them draws hairlines into video."""

    def __post_init__(self) -> None:
        if min(self.frames, self.crop) < 1:
            raise ConfigError("cache: frames and crop must be at least 1.")
        if self.propagated and self.propagated < self.frames:
            raise ConfigError(
                f"cache: propagated must be 0, or at least the {self.frames} frames of a "
                f"window, not {self.propagated}."
            )
        if not 0 <= self.still <= 1:
            raise ConfigError(f"cache: still must lie in [0, 1], not {self.still}.")
        if self.still and not self.propagated:
            raise ConfigError(
                "cache: features that are read cannot stand still. Give propagated, or set "
                "still to 0."
            )
        if not 0 <= self.softening <= 1:
            raise ConfigError(f"cache: softening must lie in [0, 1], not {self.softening}.")


def fill_cache(
    folder: Path,
    source: ClipSource,
    propagation: nn.Module | None,
    indices: Iterable[int],
    *,
    held_out: Collection[str] = (),
    prefix: str = "",
    clean: Callable[[Clip], Clip] = lambda clip: clip,
) -> Iterator[int]:
    """Write the clips that are not there yet; yield each index when it is on disk.

    Args:
        folder: The cache.
        source: What makes the clips.
        propagation: Maps clips to features; None keeps pixels alone, for runs that propagate
            anew (`CacheConfig.propagated`).
        indices: Numbers of the clips.
        held_out: Clips cut from files of these names go into `folder/held-out`, which no batch
            reads: a file is either learnt from or judged by, whatever part of it a clip shows.
        prefix: Begins the names of the files, where a cache has clips of several sources.
        clean: What small frames go through first (`Generator.clean`); they are stored so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for index in indices:
        name = f"{prefix}{index:06d}.safetensors"
        if (folder / name).exists() or (folder / HELD_OUT / name).exists():
            continue
        pair = source.pair(index)
        target = folder / (HELD_OUT if pair.source in held_out else "") / name
        with torch.inference_mode():
            small = _to_bytes(clean(pair.small[None]).clamp(0, 1))
            kept = {"small": small[0], "large": _to_bytes(pair.large)}
            if propagation is not None:
                kept["features"] = propagation(small.float() / 255)[0].half().contiguous()
        target.parent.mkdir(exist_ok=True)
        part = target.with_suffix(".partial")
        save_file(kept, part)
        part.replace(target)
        yield index


def read_cached(path: Path, *names: str) -> dict[str, Tensor]:
    """All, or what is named: `features` (t c h w) in half precision, `small`, `large` as bytes.

    Raises:
        DataError: The clip was kept without what is asked for.
    """
    with safe_open(path, framework="pt") as file:
        there = set(file.keys())
        if missing := set(names) - there:
            raise DataError(
                f"{path}: holds no {missing.pop()}. Fill the cache again, or propagate anew."
            )
        return {name: file.get_tensor(name) for name in names or sorted(there)}


def _to_bytes(clip: Tensor) -> Tensor:
    return (clip * 255).round().to(torch.uint8).contiguous()
