"""`videogigagan data`: benchmark sets, checked and degraded."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from videogigagan.cli.screen import Display, ProgressLine
from videogigagan.data.copies import write_degraded
from videogigagan.data.datasets import data_set, find_clips
from videogigagan.data.layouts import ClipFiles
from videogigagan.data.verify import Finding, examine
from videogigagan.errors import DataError
from videogigagan.upscale.options import Progress

_NAMED = 4  # clips that a row of the table names one by one


@dataclass(frozen=True, kw_only=True, slots=True)
class Degrade:
    """Write the small clips that a protocol makes of a data set, as folders of PNG images."""

    data: str
    """Set and its folder, such as vid4=FOLDER."""
    output: Annotated[Path, tyro.conf.arg(aliases=("-o",))]
    """Folder for the small clips, one folder each."""
    degradation: Literal["bi", "bd", "camera"] = "bi"
    """bi (MATLAB's bicubic reduction), bd (Gaussian blur, then every fourth pixel), camera
    (blur, bicubic reduction, noise, H.264 at CRF 28)."""
    overwrite: Annotated[bool, tyro.conf.arg(aliases=("-y",))] = False
    """Replace small clips that exist."""

    def run(self) -> None:
        """Degrade every clip."""
        known, root = data_set(self.data)
        clips = find_clips(known, root)
        with ProgressLine() as line:
            counts = write_degraded(
                clips,
                self.output,
                data_set=known.name,
                degradation=self.degradation,
                overwrite=self.overwrite,
                on_frame=_Counter(line, clips).tick,
            )
        print(
            f"{self.output}: {len(counts)} clips of {known.title}, "
            f"{sum(counts.values())} frames, {self.degradation}"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Verify:
    """Check that a data set is complete and that every frame of it can be read."""

    data: Annotated[str, tyro.conf.Positional]
    """Set and its folder, such as vid4=FOLDER."""

    def run(self) -> None:
        """Read everything, and print what there is and what is wrong."""
        known, root = data_set(self.data)
        clips = known.listing(root)
        with ProgressLine() as line:
            counter = _Counter(line, clips)
            findings = [examine(clip, counter.tick) for clip in clips]
        print("\n".join(table(findings)))
        problems = [problem for finding in findings for problem in finding.problems]
        for problem in problems:
            print(problem)
        if problems:
            raise DataError(
                f"{root}: is not {known.title} as its protocol takes it "
                f"({len(problems)} problems). Mend what is named above."
            )
        print(f"{len(clips)} clips, no problems.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Data:
    """Check data sets for evaluation, and write degraded copies of them."""

    action: (
        Annotated[Degrade, tyro.conf.subcommand("degrade", prefix_name=False)]
        | Annotated[Verify, tyro.conf.subcommand("verify", prefix_name=False)]
    )
    """What to do."""

    def run(self) -> None:
        """Do it."""
        self.action.run()


def table(findings: Iterable[Finding]) -> list[str]:
    """Return the rows of a Markdown table, one for all clips of one length and size."""
    groups: dict[tuple[int, tuple[int, int] | None], list[str]] = {}
    for finding in findings:
        groups.setdefault((finding.frames, finding.size), []).append(finding.clip)
    rows = [
        f"| {_names(clips)} | {frames} | {'x'.join(map(str, size)) if size else '-'} |"
        for (frames, size), clips in groups.items()
    ]
    return ["| clips | frames | size |", "|---|---|---|", *rows]


def _names(clips: list[str]) -> str:
    if len(clips) <= _NAMED:
        return ", ".join(clips)
    return f"{clips[0]} to {clips[-1]} ({len(clips)} clips)"


class _Counter:
    """Shows how many frames are done, and the time to go where the set tells their number."""

    def __init__(self, line: Display, clips: list[ClipFiles]) -> None:
        lengths = [clip.length for clip in clips]
        known = [length for length in lengths if length is not None]
        self._total = sum(known) if len(known) == len(lengths) else None
        self._line = line
        self._done = 0
        self._started = time.monotonic()

    def tick(self) -> None:
        """Count a frame."""
        self._done += 1
        seconds = time.monotonic() - self._started
        self._line.show(Progress(done=self._done, total=self._total, seconds=seconds))
