"""How good a run is by now: its averaged generator on clips that it never learns from."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.data.clips import ClipPair
from videogigagan.data.settings import DataConfig, Part, clip_source
from videogigagan.errors import CheckpointError
from videogigagan.evaluate.fidelity import eight_bit
from videogigagan.evaluate.journal import mean
from videogigagan.evaluate.metrics import METRICS, judge_files, judges_for
from videogigagan.evaluate.moment import Moment
from videogigagan.evaluate.view import Frame, Judges, View
from videogigagan.model.generator import Generator
from videogigagan.train.journal import Note
from videogigagan.train.observe import RunView, StepFigures

Clips: TypeAlias = Callable[[int], Sequence[ClipPair]]
"""Draws the clips that judge; called when a run starts, with the number of steps made."""
Teller: TypeAlias = Callable[[str, int, Mapping[str, Note]], None]
"""Told an event, its step and its figures, as `Journal.note` is."""

VALIDATED = 8
"""Clips that a validation scores."""
EVENT = "validation"
"""What the journal calls a validation."""

_ALWAYS = ("psnr_y", "ssim_y")
_IF_JUDGED = ("lpips", "lpips_squeeze", "lpips_vgg")
_IF_MOVING = ("e_carry",)
_SMALLEST = 128  # side of a frame that RAFT can follow, in pixels


class Validation:
    """Watches a run, scores its averaged generator now and then, and tells the journal.

    Args:
        draw: Gives the held-out clips, one at least.
        judges: Folder with the weights of the metrics' networks; metrics whose weights are not
            there are left out.
        every: Steps between validations.
        last: The run's last step, after which there is one in any case.
        tell: Where figures go.
    """

    def __init__(
        self, draw: Clips, judges: Path | None, *, every: int, last: int, tell: Teller
    ) -> None:
        self._draw = draw
        self._folder = judges
        self._every = every
        self._last = last
        self._tell = tell
        self._clips: Sequence[ClipPair] = ()
        self._names: list[str] = []
        self._judges = Judges()

    def looks_at(self, step: int) -> bool:
        """Whether step `step` ends with a validation."""
        return step % self._every == 0 or step == self._last

    def started(self, run: RunView) -> None:
        """Draw the clips and load the judges.

        Raises:
            DataError: There is nothing to draw from.
            CheckpointError: The weights of a judge are damaged.
        """
        self._clips = self._draw(run.step)
        self._names = names_for(self._folder, self._clips[0].large)
        self._judges = judges_for(self._names, self._folder)
        networks = [*self._judges.lpips.values(), self._judges.raft]
        for network in networks:
            if network is not None:
                network.to(run.device)

    def after_step(self, run: RunView, figures: StepFigures) -> None:
        """Validate where it is time."""
        if self.looks_at(figures.step):
            scores = validate(run.generator, self._clips, self._names, self._judges)
            self._tell(EVENT, figures.step, {**scores, "clips": len(self._clips)})

    def stopped(self, run: RunView, reason: str) -> None:
        """Nothing is left to do."""


def validate(
    generator: Generator, clips: Sequence[ClipPair], names: Sequence[str], judges: Judges
) -> dict[str, float | None]:
    """Figures of a generator: mean over the clips of the mean over their frames.

    Args:
        generator: In evaluation mode, on the judges' device.
        clips: One at least.
        names: What is measured, as in `METRICS`.
        judges: The networks that these metrics ask.
    """
    device = next(generator.parameters()).device
    scored = [
        _scores(rendered(generator, clip.small), clip.large.to(device), names, judges)
        for clip in clips
    ]
    return {name: mean([one[name] for one in scored]) for name in names}


def draw_clips(data: DataConfig, scale: int, part: Part = "held-out") -> list[ClipPair]:
    """The clips that judge: the same for every run on the same data, whatever its seed.

    Raises:
        DataError: There is no such material, or none of it can be read.
    """
    source = clip_source(data, scale=scale, seed=0, part=part)
    return [source.pair(number) for number in range(VALIDATED)]


def rendered(generator: Generator, small: Float[Tensor, "t 3 h w"]) -> Float[Tensor, "t 3 H W"]:
    """A clip as the generator enlarges it, with the style of seed 0, in single precision."""
    device = next(generator.parameters()).device
    with torch.inference_mode():
        return generator(small[None].to(device))[0]


def names_for(judges: Path | None, truth: Float[Tensor, "t 3 h w"]) -> list[str]:
    """What can be measured: by the weights that are there, and by how large clips are.

    Steadiness (`e_carry`) needs RAFT, several frames, and sides of at least 128 pixels.
    """
    moving = len(truth) > 1 and min(truth.shape[-2:]) >= _SMALLEST
    wanted = [*_IF_JUDGED, *(_IF_MOVING if moving else ())]
    return [*_ALWAYS, *(name for name in wanted if _judged(name, judges))]


def _judged(name: str, folder: Path | None) -> bool:
    with suppress(CheckpointError):
        judge_files([name], folder)
        return True
    return False


def _scores(
    result: Tensor, truth: Tensor, names: Sequence[str], judges: Judges
) -> dict[str, float | None]:
    figures: dict[str, list[float | None]] = {name: [] for name in names}
    views: tuple[View, View] | None = None
    for one, other in zip(eight_bit(result), eight_bit(truth), strict=True):
        if views is None:
            views = View(Frame(one, judges)), View(Frame(other, judges))
        else:
            views = views[0].next(one), views[1].next(other)
        moment = Moment(result=views[0], truth=views[1])
        for name in names:
            figures[name].append(METRICS[name].score(moment))
    return {name: mean(found) for name, found in figures.items()}
