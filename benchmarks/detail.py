"""What `--detail` chooses between: `python benchmarks/detail.py scores/scores.json`.

Reads what `videogigagan evaluate --out scores` has written for one set of weights at several
details (`--systems WEIGHTS@0,WEIGHTS@0.5,WEIGHTS`), and prints the mean scores from fidelity to
detail. With more detail PSNR is to fall and perceptual distances are to shrink, at every step;
the exit status is 1 if they do not. `--plot` draws them, which needs matplotlib.
"""

import json
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import tyro

from plots import plotting
from videogigagan.errors import ConfigError, VideoGigaGANError

FALLING = ("psnr_y", "psnr_rgb", "ssim_y", "ssim_rgb", "lpips", "lpips_squeeze", "lpips_vgg")
"""Scores that fall with more detail: the faithful ones get worse, distances get better."""

TITLES = ("PSNR (dB), higher is better", "perceptual distance, lower is better")

Scores = dict[float, dict[str, float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Detail:
    """Show how scores follow the detail."""

    scores: Annotated[Path, tyro.conf.Positional]
    """`scores.json` of an evaluation."""
    weights: str = "base-4x-bi"
    """Whose details to show."""
    plot: Path | None = None
    """Picture of the scores (.png, .svg)."""

    def run(self) -> bool:
        """Print a table for each data set; tell whether all scores fall."""
        pyplot = None if self.plot is None else plotting()
        content = json.loads(self.scores.read_text(encoding="utf-8"))
        fine = True
        for benchmark in content["benchmarks"]:
            found = by_detail(benchmark["systems"], self.weights)
            print(f"{benchmark['title']}, {self.weights}\n\n{table(found)}\n")
            fine &= all(falls(found, name) for name in names_in(found))
            if self.plot is not None:
                plot(found, self.plot, pyplot)
        return fine


def by_detail(systems: list[dict[str, Any]], weights: str) -> Scores:
    """Mean scores of one set of weights, by detail, from 0 to 1.

    Raises:
        ConfigError: There are not two details of it.
    """
    found = {}
    for system in systems:
        name, _, detail = system["name"].partition("@")
        if name == weights:
            found[float(detail or 1)] = system["mean"]
    if len(found) < 2:
        raise ConfigError(
            f"{weights}: the scores hold {len(found)} details of it. Evaluate two at least, "
            f"such as {weights}@0 and {weights}."
        )
    return dict(sorted(found.items()))


def names_in(scores: Scores) -> list[str]:
    """The scores that detail is to lower, as far as they were measured."""
    measured = next(iter(scores.values()))
    return [name for name in FALLING if name in measured]


def falls(scores: Scores, name: str) -> bool:
    """Whether more detail lowers a score at every step."""
    return all(scores[more][name] < scores[less][name] for less, more in pairwise(scores))


def table(scores: Scores) -> str:
    """All details and whether each score falls, as Markdown."""
    names = names_in(scores)
    lines = [f"| detail | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    for detail, measured in scores.items():
        cells = " | ".join(f"{measured[name]:.4f}" for name in names)
        lines.append(f"| {detail:g} | {cells} |")
    verdicts = ("yes" if falls(scores, name) else "**no**" for name in names)
    lines.append(f"| falls at every step | {' | '.join(verdicts)} |")
    return "\n".join(lines)


def plot(scores: Scores, path: Path, pyplot) -> None:  # noqa: ANN001
    """One panel for PSNR, one for the perceptual distances."""
    figure, panels = pyplot.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for name in names_in(scores):
        panel = panels[int(name.startswith("lpips"))]
        if name.startswith(("psnr", "lpips")):
            curve = [measured[name] for measured in scores.values()]
            panel.plot(list(scores), curve, marker=".", label=name)
    for panel, title in zip(panels, TITLES, strict=True):
        panel.set_xlabel("detail")
        panel.set_title(title)
        panel.legend()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


if __name__ == "__main__":
    try:
        sys.exit(not tyro.cli(Detail, description=__doc__).run())
    except VideoGigaGANError as error:
        sys.exit(f"detail: {error}")
