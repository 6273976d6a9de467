"""Systems on clips, degraded by the protocol, scored frame by frame."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.data.degrade import bicubic_degradation
from videogigagan.errors import DataError
from videogigagan.evaluate.fidelity import eight_bit, psnr_luma
from videogigagan.evaluate.systems import System
from videogigagan.frozen.lpips import LPIPS
from videogigagan.video.reader import open_source

Metric: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Results and truth, (t, 3, h, w) of 8-bit levels in [0, 1], to one score per frame (t,)."""

_SUFFIXES = (".mkv", ".mp4", ".mov", ".avi", ".y4m")
_SCALE = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipScores:
    """One system on one clip."""

    clip: str
    """Name of the clip."""
    seconds: float
    """Time per frame."""
    frames: dict[str, list[float]]
    """Score of every frame, by metric."""

    def means(self) -> dict[str, float]:
        """Mean over the clip's frames, by metric."""
        return {name: sum(scores) / len(scores) for name, scores in self.frames.items()}


def clips_in(folder: Path) -> list[Path]:
    """The clips of a data set: lossless videos, or folders of images."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder. Give a folder of clips.")
    found = sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".") and (path.is_dir() or path.suffix.lower() in _SUFFIXES)
    )
    if not found:
        raise DataError(f"{folder}: holds no clips. Put videos or folders of images there.")
    return found


def evaluate_clip(system: System, path: Path, metrics: Mapping[str, Metric]) -> ClipScores:
    """Degrade a clip (BI), upscale it, and compare all its frames with the original."""
    with open_source(path) as source:
        truth = eight_bit(torch.stack([frame.pixels for frame in source.frames()]))
    truth = truth[
        ..., : truth.shape[-2] // _SCALE * _SCALE, : truth.shape[-1] // _SCALE * _SCALE
    ]
    small = bicubic_degradation(truth, _SCALE)
    started = time.monotonic()
    result = eight_bit(system(small))
    seconds = (time.monotonic() - started) / len(truth)
    scores = {name: metric(result, truth).tolist() for name, metric in metrics.items()}
    return ClipScores(clip=path.stem, seconds=seconds, frames=scores)


def frame_by_frame(network: LPIPS) -> Metric:
    """LPIPS of each frame, one at a time, so that memory does not grow with the clip."""

    def score(
        result: Float[Tensor, "t 3 h w"], truth: Float[Tensor, "t 3 h w"]
    ) -> Float[Tensor, " t"]:
        with torch.inference_mode():
            pairs = zip(result.split(1), truth.split(1), strict=True)
            return torch.cat([network(*pair) for pair in pairs])

    return score


def evaluate(
    system: System, folder: Path, metrics: Mapping[str, Metric], journal: Path
) -> Iterator[ClipScores]:
    """Score every clip of a folder; what the journal has already is not computed again."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    done = _finished(journal)
    for path in clips_in(folder):
        scores = done.get(path.stem)
        if scores is None or not metrics.keys() <= scores.frames.keys():
            scores = evaluate_clip(system, path, metrics)
            with journal.open("a") as file:
                note = {"clip": scores.clip, "seconds": scores.seconds, "frames": scores.frames}
                file.write(json.dumps(note) + "\n")
        yield scores


METRICS: dict[str, Metric] = {"psnr_y": psnr_luma}
"""Metrics that need no weights."""


def _finished(journal: Path) -> dict[str, ClipScores]:
    if not journal.is_file():
        return {}
    lines = journal.read_text().splitlines()
    return {
        scores.clip: scores for scores in (ClipScores(**json.loads(line)) for line in lines)
    }
