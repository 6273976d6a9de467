"""Propagation features kept on disk, so that the U-Net can learn from them alone.

While propagation is frozen its output for a clip never changes; on a CPU it costs far more than
the U-Net, so it is computed once per clip and read again at every visit.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from videogigagan.data.clips import ClipSource


def fill_cache(
    folder: Path, source: ClipSource, propagation: nn.Module, clips: int
) -> Iterator[int]:
    """Write clips 0 … `clips`-1 that are not there yet; yield each index when it is on disk."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(clips):
        target = folder / f"{index:06d}.safetensors"
        if target.exists():
            continue
        pair = source.pair(index)
        with torch.inference_mode():
            features = propagation(pair.small[None])[0]
        part = target.with_suffix(".partial")
        save_file(
            {
                "features": features.half().contiguous(),
                "small": _to_bytes(pair.small),
                "large": _to_bytes(pair.large),
            },
            part,
        )
        part.replace(target)
        yield index


def read_cached(path: Path) -> dict[str, Tensor]:
    """Features (t c h w) in half precision; `small` and `large` as bytes."""
    return load_file(path)


def _to_bytes(clip: Tensor) -> Tensor:
    return (clip * 255).round().to(torch.uint8).contiguous()
