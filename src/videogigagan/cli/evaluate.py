"""`videogigagan evaluate`: systems side by side on benchmarks."""

import hashlib
import shlex
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from videogigagan.cli.screen import ProgressLine, clock, peak_memory
from videogigagan.errors import ConfigError
from videogigagan.evaluate.benchmark import (
    Benchmark,
    Choice,
    choose_clips,
    metric_names,
    parse_choices,
    protocol_of,
)
from videogigagan.evaluate.figures import draw_figures
from videogigagan.evaluate.metrics import judge_files, judges_for, metric
from videogigagan.evaluate.plan import TRUTH, Plan, ground_truth
from videogigagan.evaluate.report import SCORES, TABLE, Cost, write_report
from videogigagan.evaluate.run import evaluate
from videogigagan.evaluate.systems import System, build_system
from videogigagan.upscale.options import Progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluate:
    """Make clips small by a benchmark's protocol, upscale them, compare with the originals.

    Writes scores, tables and figures. Started again with the same --out, it goes on where it
    was: what is finished and has not changed is not measured again.
    """

    data: str
    """Comma-separated data sets in their folders, each with its degradations if they are not
    those of --degradation: vid4=FOLDER:bi+bd,vimeo-t=FOLDER,clips=FOLDER. `clips` is any folder
    of clips."""
    degradation: str = "bi"
    """bi (bicubic), bd (blur and subsample), camera (blur, noise, H.264), or several: bi+bd."""
    systems: str = "base-4x-bi,bicubic"
    """Comma-separated: weights by name or file, with a detail if it is not 1 (base-4x-bi@0.5),
    bicubic, basicvsr[=FILE], basicvsr++=FILE, gigagan=FILE, external=FOLDER,
    external-command=..., truth (the original itself)."""
    metrics: str = "psnr,ssim"
    """Comma-separated; psnr and ssim are on the colours of the data set's protocol, psnr_y,
    psnr_rgb, ssim_y and ssim_rgb on those named."""
    judges: Path | None = None
    """Folder with the weights of the metrics' networks, such as lpips_alex.pth."""
    out: Annotated[Path, tyro.conf.arg(aliases=("-o",))] = Path("evaluation")
    """Folder for scores, tables and figures."""
    clips: str = ""
    """Comma-separated names of the clips to take; all of them unless given."""
    frames: int | None = None
    """Use this many frames of each clip, for a short look; figures then compare with no
    others."""
    border: int | None = None
    """Pixels at each side that PSNR and SSIM leave out; by the protocol unless given."""
    figures: bool = True
    """Draw crops, slices through time, and quality against consistency."""

    def run(self) -> None:
        """Measure, write and print."""
        started = time.monotonic()
        plan = self._plan()
        with _Screen() as screen:
            outcomes = evaluate(plan, screen.show)
        drawn = draw_figures(plan, outcomes) if self.figures else []
        cost = Cost(
            command=shlex.join(["videogigagan", *sys.argv[1:]]),
            seconds=time.monotonic() - started,
            measuring=sum(record.cost for one in outcomes for record in one.records),
        )
        print(write_report(plan, outcomes, cost))
        print(summary(plan, drawn, cost))

    def _plan(self) -> Plan:
        """All that could be wrong is found here, before hours of work."""
        names = _listed(self.metrics, "metrics", "psnr,ssim")
        systems = _listed(self.systems, "systems", "bicubic")
        choices = choose_clips(parse_choices(self.data, self.degradation), _split(self.clips))
        wanted: dict[str, list[str]] = {}
        for choice, _ in choices:
            full = metric_names(names, choice.data_set.protocol)
            wanted[choice.title] = full
        every = list(dict.fromkeys(name for full in wanted.values() for name in full))
        found = {name: metric(name) for name in every}
        files = judge_files(every, self.judges)
        built: dict[tuple[str, str | None], System] = {}
        benchmarks = [
            Benchmark(
                name=choice.name,
                title=choice.title,
                degradation=choice.degradation,
                protocol=protocol_of(choice, self.border),
                clips=clips,
                systems=tuple(_built(name, choice, built) for name in systems),
                metrics={name: found[name] for name in wanted[choice.title]},
            )
            for choice, clips in choices
        ]
        return Plan(
            benchmarks=tuple(benchmarks),
            out=self.out,
            judges=judges_for(every, self.judges),
            judge_files={judge: _sha256(path) for judge, path in files.items()},
            limit=self.frames,
        )


class _Screen:
    """Says what is being measured, and how far the run is."""

    def __init__(self) -> None:
        self._label = ""
        self._stack = ExitStack()
        self._line = ProgressLine()

    def show(self, label: str, progress: Progress) -> None:
        """Draw the state of a run; a new label gets a line of its own, which stays."""
        if label != self._label:
            self._stack.close()
            print(label, file=sys.stderr, flush=True)
            self._label = label
            self._line = self._stack.enter_context(ProgressLine())
        self._line.show(progress)

    def __enter__(self) -> "_Screen":
        return self

    def __exit__(self, *reason: object) -> None:
        self._stack.close()


def summary(plan: Plan, drawn: list[Path], cost: Cost) -> str:
    """Sum a run up: where the results lie, and what they took."""
    lines = [f"results  {plan.out / TABLE}, {plan.out / SCORES}"]
    if drawn:
        folders = dict.fromkeys(str(path.parent) for path in drawn)
        lines.append(f"figures  {len(drawn)} in {', '.join(folders)}")
    text = f"cost     {clock(cost.seconds)} now, {clock(cost.measuring)} for all that is shown"
    memory = peak_memory()
    if memory is not None:
        text += f", peak memory {memory / 2**30:.2f} GiB"
    return "\n".join([*lines, text])


def _built(name: str, choice: Choice, known: dict[tuple[str, str | None], System]) -> System:
    """A system for a benchmark; equal ones share their network."""
    if name == TRUTH:
        return ground_truth()
    system = build_system(name, data_set=choice.data_set.name, degradation=choice.degradation)
    return known.setdefault((name, system.weights), system)


def _split(text: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _listed(text: str, option: str, example: str) -> list[str]:
    names = _split(text)
    if not names:
        raise ConfigError(f"{option}: is empty. Name at least one, such as {example}.")
    return names


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
