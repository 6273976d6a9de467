"""Whether results have checkerboards: `python benchmarks/spectrum.py --data vid4=FOLDER`.

Makes clips small and upscales them as `videogigagan evaluate` does, and compares the power of
results with that of the truth where a grid of 2, 4 or 8 pixels would show: at multiples of 1/8
cycle per pixel, horizontally, vertically and both (`evaluate/spectrum.py` says how). Prints a
table for each data set. A cell holds the ratio of the mean power to the truth's, and in
brackets how far the line stands out from its surroundings, over how far the truth's does. The
bar is a ratio of at most 1.25 on every line; what stands out twice as far as the truth's is
worth a look even so. `--plot` draws the spectra, which needs matplotlib.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import tyro
from torch import Tensor

from plots import plotting
from selection import Selection
from videogigagan.data.datasets import ClipFiles, mirrored
from videogigagan.errors import VideoGigaGANError
from videogigagan.evaluate.benchmark import Choice
from videogigagan.evaluate.lane import Lane
from videogigagan.evaluate.lockstep import small_clip, true_frames
from videogigagan.evaluate.plan import ground_truth
from videogigagan.evaluate.spectrum import HIGHEST_RATIO, TILE, Spectrum, compare, worst
from videogigagan.evaluate.systems import System
from videogigagan.ops.allocator import keep_freed_memory

TRUTH = ground_truth().title


@dataclass(frozen=True, kw_only=True, slots=True)
class SpectrumOfResults:
    """Compare spectra of results with the truth's at the frequencies of a grid."""

    of: Annotated[Selection, tyro.conf.arg(name="")]
    """Clips and systems."""
    frames: int | None = None
    """Use this many frames of each clip."""
    plot: Path | None = None
    """Picture of the spectra (.png, .svg); of several data sets, the last."""

    def run(self) -> None:
        """Print a table for each data set."""
        keep_freed_memory()
        pyplot = None if self.plot is None else plotting()
        for choice, clips, systems in self.of.each():
            spectra = measured(choice, clips, systems, self.frames)
            print(f"{choice.title}: {len(clips)} clips\n\n{table(spectra)}\n")
            if self.plot is not None:
                plot(spectra, self.plot, pyplot)


def measured(
    choice: Choice, clips: tuple[ClipFiles, ...], systems: list[System], limit: int | None
) -> dict[str, Tensor]:
    """Mean power of the truth and of each system's results, by title."""
    spectra = {TRUTH: Spectrum(), **{system.title: Spectrum() for system in systems}}
    for clip in clips:
        print(f"{choice.title}: {clip.name}", file=sys.stderr, flush=True)
        for frame in true_frames(clip, limit):
            spectra[TRUTH].add(frame)
        small = small_clip(clip, choice.degradation, limit)
        fed = mirrored(small) if choice.data_set.protocol.mirrored else small
        for system in systems:
            for frame in results(system, clip, fed, limit):
                spectra[system.title].add(frame)
    return {title: spectrum.power for title, spectrum in spectra.items()}


def results(
    system: System, clip: ClipFiles, small: Tensor, limit: int | None
) -> Iterator[Tensor]:
    """A system's frames, checked to be as many and as large as the truth's."""
    lane = Lane(system, clip.name, small, {})
    for frame in true_frames(clip, limit):
        yield lane.take(frame)
    lane.finish()


def table(spectra: dict[str, Tensor]) -> str:
    """All lines of all systems, and the worst of each, as Markdown."""
    truth = spectra[TRUTH]
    lines = {title: compare(power, truth) for title, power in spectra.items()}
    titles = [title for title in spectra if title != TRUTH]
    rows = [
        f"| cycles per pixel | {TRUTH}, levels | {' | '.join(titles)} |",
        "|---|---:|" + "---:|" * len(titles),
    ]
    for index, true in enumerate(lines[TRUTH]):
        found = [lines[title][index] for title in titles]
        cells = " | ".join(f"{line.ratio:.2f} ({line.prominence:.2f})" for line in found)
        rows.append(f"| {true.name} | {true.level:.2f} | {cells} |")
    highest = {title: worst(lines[title]) for title in titles}
    verdicts = " | ".join(
        f"{'yes' if line.ratio <= HIGHEST_RATIO else '**no**'}: {line.ratio:.2f} at {line.name}"
        for line in highest.values()
    )
    rows.append(f"| all within {HIGHEST_RATIO:g} | | {verdicts} |")
    return "\n".join(rows)


def plot(spectra: dict[str, Tensor], path: Path, pyplot) -> None:  # noqa: ANN001
    """Power along rows, along columns and along the diagonals, each three bins wide."""
    figure, panels = pyplot.subplots(1, 3, figsize=(13, 4), sharey=True, layout="constrained")
    half = torch.arange(2, TILE // 2 + 1)
    for title, power in spectra.items():
        beside = torch.tensor([-1, 0, 1])[:, None]
        curves = {
            "horizontal": power[beside % TILE, half].sum(dim=0),
            "vertical": power[half, beside % TILE].sum(dim=0),
            "both": sum(
                power[(half + d) % TILE, s * half % TILE] for d in beside for s in (1, -1)
            ),
        }
        for panel, (name, curve) in zip(panels, curves.items(), strict=True):
            style = {"color": "0.4", "linestyle": "--"} if title == TRUTH else {}
            panel.semilogy(half / TILE, curve, label=title, **style)
            panel.set_title(name)
            panel.set_xlabel("cycles per pixel")
    for panel in panels:
        for eighths in range(1, 5):
            panel.axvline(eighths / 8, color="0.85", linewidth=0.8, zorder=0)
    panels[0].set_ylabel("power, squared levels")
    panels[0].legend()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


if __name__ == "__main__":
    try:
        tyro.cli(SpectrumOfResults, description=__doc__).run()
    except VideoGigaGANError as error:
        sys.exit(f"spectrum: {error}")
