"""Pictures of a run: what the generator makes of the same clips, step after step."""

from collections.abc import Sequence
from pathlib import Path

import torch
from einops import rearrange
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from videogigagan.data.clips import ClipPair
from videogigagan.errors import DataError
from videogigagan.evaluate.pieces import levels
from videogigagan.evaluate.sheets import Panel, enlarged, in_a_column, in_a_row
from videogigagan.shapes import Clip, LargeClip
from videogigagan.train.observe import RunView, StepFigures
from videogigagan.train.validation import Clips, rendered

SAMPLES = "samples"
"""Folder of the pictures, in the folder of a run."""
SHOWN = 4
"""Clips that a picture shows."""

_TALL = 8  # rows that a moment of a slice through time is given


class Samples:
    """Watches a run and draws what its averaged generator makes of held-out clips.

    Args:
        draw: Gives the clips, one at least; the first few are shown.
        every: Steps between pictures.
        last: The run's last step, which has pictures in any case.
    """

    def __init__(self, draw: Clips, *, every: int, last: int) -> None:
        self._draw = draw
        self._every = every
        self._last = last
        self._clips: Sequence[ClipPair] = ()

    def looks_at(self, step: int) -> bool:
        """Whether there are pictures of step `step`."""
        return step % self._every == 0 or step == self._last

    def started(self, run: RunView) -> None:
        """Draw the clips.

        Raises:
            DataError: There is nothing to draw from.
        """
        self._clips = self._draw(run.step)[:SHOWN]

    def after_step(self, run: RunView, figures: StepFigures) -> None:
        """Draw where it is time.

        Raises:
            DataError: The pictures cannot be written.
        """
        if self.looks_at(figures.step):
            save_samples(
                run.folder / SAMPLES,
                figures.step,
                small=torch.stack([clip.small for clip in self._clips]),
                result=torch.stack([rendered(run.generator, one.small) for one in self._clips]),
                truth=torch.stack([clip.large for clip in self._clips]),
            )

    def stopped(self, run: RunView, reason: str) -> None:
        """Nothing is left to do."""


def save_samples(
    folder: Path, step: int, *, small: Clip, result: LargeClip, truth: LargeClip
) -> list[Path]:
    """Write `step_000500.png`, and `step_000500_xt.png` for clips of several frames.

    Args:
        folder: Made if it is not there.
        step: Steps that the generator has learnt for.
        small: What the generator was given.
        result: What it made of that; it may leave [0, 1].
        truth: What it should be.

    Raises:
        DataError: They cannot be written.
    """
    pictures = {f"step_{step:06d}.png": grid(small, result, truth)}
    if truth.shape[1] > 1:
        pictures[f"step_{step:06d}_xt.png"] = slices(small[0], result[0], truth[0])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures.items():
            picture.save(folder / name)
    except OSError as error:
        raise DataError(
            f"{folder}: sample pictures cannot be written ({error.strerror}). Free the disk "
            "or choose another folder with --out."
        ) from error
    return [folder / name for name in pictures]


def grid(small: Clip, result: LargeClip, truth: LargeClip) -> Image.Image:
    """The middle frame of each clip, one below the other: given, result and truth."""
    middle = truth.shape[1] // 2
    scale = truth.shape[-1] // small.shape[-1]
    columns = {
        "given": enlarged(_column(small[:, middle]), scale, scale),
        "result": _column(result[:, middle]),
        "truth": _column(truth[:, middle]),
    }
    return in_a_row([Panel(picture=one, caption=(name,)) for name, one in columns.items()])


def slices(
    small: Float[Tensor, "t 3 h w"],
    result: Float[Tensor, "t 3 H W"],
    truth: Float[Tensor, "t 3 H W"],
) -> Image.Image:
    """The middle row of every frame of a clip, time downwards (Fig. 5).

    What is steady draws smooth lines; what flickers frays them.
    """
    scale = truth.shape[-1] // small.shape[-1]
    rows = {
        "given": enlarged(_slice(small), scale, _TALL),
        "result": enlarged(_slice(result), 1, _TALL),
        "truth": enlarged(_slice(truth), 1, _TALL),
    }
    return in_a_column([Panel(picture=one, caption=(name,)) for name, one in rows.items()])


def _column(frames: Float[Tensor, "b 3 h w"]) -> Image.Image:
    return Image.fromarray(levels(rearrange(frames, "b c h w -> c (b h) w")))


def _slice(frames: Float[Tensor, "t 3 h w"]) -> Image.Image:
    height = frames.shape[2]
    return Image.fromarray(levels(rearrange(frames[:, :, height // 2], "t c w -> c t w")))
