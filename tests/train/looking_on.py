"""What tests of a run's onlookers share: a run to look at, clips, and a folder of photos."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from train_fakes import textured, tiny

from videogigagan.data.clips import ClipPair
from videogigagan.model.generator import Generator
from videogigagan.train.observe import RunView, StepFigures


def view(folder: Path, step: int) -> RunView:
    """A run of the image stage after some steps."""
    config = tiny("image")
    return RunView(
        config=config,
        folder=folder,
        step=step,
        generator=Generator(config.generator).eval(),
        device=torch.device("cpu"),
        ranks=1,
    )


def figures(step: int, loss: float = 0.5, skipped: tuple[str, ...] = ()) -> StepFigures:
    """What a step might say."""
    return StepFigures(
        step=step,
        figures={"generator/total": loss},
        rate=1e-3,
        seconds=2.0,
        waited=0.25,
        skipped=skipped,
    )


def pair(frames: int, number: int = 0) -> ClipPair:
    """A clip of a drifting texture, 16 pixels small."""
    small, large = textured(number, frames, 16)
    return ClipPair(small=small, large=large, source="texture")


def photo_folder(folder: Path, count: int = 6, side: int = 72) -> Path:
    """Photos of noise."""
    folder.mkdir()
    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
    return folder
