"""`videogigagan evaluate`: systems side by side on a folder of clips."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from videogigagan.errors import ConfigError
from videogigagan.evaluate.run import METRICS, Metric, clips_in, evaluate, frame_by_frame
from videogigagan.evaluate.systems import build_system
from videogigagan.frozen.lpips import load_lpips


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluate:
    """Reduce clips four times (bicubic, BI), upscale them, and compare with the originals.

    Prints a table: for each system and clip the mean over all frames, then the mean of those.
    """

    data: Path
    """Folder of lossless clips or folders of images."""
    systems: str = "base-4x,bicubic"
    """Comma-separated: weights by name or file, bicubic, basicvsr=FILE."""
    lpips: Path | None = None
    """Folder with lpips_alex.pth and lpips_squeeze.pth; without it only PSNR is measured."""
    out: Annotated[Path, tyro.conf.arg(aliases=("-o",))] = Path("evaluation")
    """Folder for scores of every frame; what is there already is not computed again."""

    def run(self) -> None:
        """Measure and print."""
        metrics: dict[str, Metric] = dict(METRICS)
        if self.lpips is not None:
            for trunk in ("alex", "squeeze"):
                network = load_lpips(self.lpips / f"lpips_{trunk}.pth", trunk)
                metrics[f"lpips_{trunk}"] = frame_by_frame(network)
        names = [name.strip() for name in self.systems.split(",") if name.strip()]
        if not names:
            raise ConfigError("systems: is empty. Name at least one, such as bicubic.")
        clips_in(self.data)
        print("| system | clip | " + " | ".join(metrics) + " | s/frame |")
        print("|---|---|" + "---|" * (len(metrics) + 1))
        for name in names:
            self._measure(name, metrics)

    def _measure(self, name: str, metrics: dict[str, Metric]) -> None:
        label = Path(name.rpartition("=")[2]).stem
        journal = self.out / f"{re.sub(r'[^A-Za-z0-9.=_-]', '_', label)}.jsonl"
        rows = []
        for scores in evaluate(build_system(name), self.data, metrics, journal):
            rows.append([*scores.means().values(), scores.seconds])
            print(_row(label, scores.clip, rows[-1]), flush=True)
        print(
            _row(
                label,
                "**mean**",
                [sum(column) / len(rows) for column in zip(*rows, strict=True)],
            )
        )


def _row(system: str, clip: str, figures: list[float]) -> str:
    return f"| {system} | {clip} | " + " | ".join(f"{figure:.4f}" for figure in figures) + " |"
