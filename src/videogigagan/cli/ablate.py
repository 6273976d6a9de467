"""The five rows of Table 1, trained and measured by one command."""

import shlex
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from videogigagan.cli.evaluate import Evaluate
from videogigagan.cli.session import Session, open_session
from videogigagan.cli.training_options import (
    Machine,
    Material,
    Recipe,
    Table,
    given,
    learns_from,
)
from videogigagan.data.datasets import Protocol
from videogigagan.errors import ConfigError
from videogigagan.evaluate.benchmark import choose_clips, metric_names, parse_choices
from videogigagan.evaluate.metrics import judge_files
from videogigagan.evaluate.report import TABLE
from videogigagan.train.ablation import (
    TITLES,
    configs,
    folder_name,
    planned_steps,
    rows_of,
    step_seconds,
    write_clips,
    write_report,
)
from videogigagan.train.config import TrainConfig

_CLIPS = "clips"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ablation:
    """What is to be trained and measured, and where."""

    material: Material
    """What is learnt from."""
    recipe: Recipe
    """How it is learnt."""
    machine: Machine
    """Where it happens."""
    table: Table
    """What comes out."""

    def run(self) -> None:
        """Train, measure, print.

        Raises:
            VideoGigaGANError: What training and evaluation raise.
        """
        preset = self.recipe.preset
        folder = given(self.machine.out, Path("runs") / f"{preset} ablation")
        self._check(folder)
        with open_session(self.machine) as session:
            runs = self._runs(folder, self._steps(folder, session))
            if session.devices.is_main and not self.table.eval_data:
                config = list(runs.values())[-1]
                write_clips(learns_from(config), config.generator.scale, folder / _CLIPS)
            for name, config in runs.items():
                label = TITLES.get(name, "image model")
                session.train(config, folder / folder_name(name), label=f"{label}: ")
            if session.devices.is_main:
                self._report(folder, runs)

    def _check(self, folder: Path) -> None:
        """All that could be wrong with the table is found before hours of work."""
        if self.recipe.config is not None or self.recipe.row is not None:
            raise ConfigError(
                "ablation: its rows are recipes. Give --preset, not --config or --row."
            )
        if any(sign in str(folder) for sign in ",="):
            raise ConfigError(f"{folder}: has a comma or equals sign. Choose another --out.")
        if self.table.eval_data:
            choose_clips(parse_choices(self.table.eval_data, "bi"))
        names = [name.strip() for name in self.table.metrics.split(",")]
        judge_files(metric_names(names, Protocol()), self.machine.judges)

    def _runs(self, folder: Path, steps: int | None) -> dict[str, TrainConfig]:
        return configs(
            self.recipe.preset,
            folder,
            partial(self._adapted, steps=steps),
            propagation=None if self.table.propagation is None else str(self.table.propagation),
        )

    def _adapted(self, config: TrainConfig, steps: int | None) -> TrainConfig:
        frames = self.table.frames if config.stage == "video" else None
        config = self.recipe.applied(config)
        data = self.material.applied(learns_from(config), frames)
        frozen = config.frozen_propagation and self.table.propagation is not None
        steps = given(steps, config.steps)
        return replace(
            config,
            data=data,
            steps=steps,
            frozen_propagation=frozen,
            sample_every=given(self.recipe.sample_every, steps),
            validate_every=given(self.recipe.validate_every, steps),
        )

    def _steps(self, folder: Path, session: Session) -> int:
        if self.recipe.steps is not None:
            return self.recipe.steps
        if session.devices.ranks > 1:
            raise ConfigError(
                "ablation: several processes need a number of steps. Give --steps."
            )
        runs = self._runs(folder, None)

        def measure() -> float:
            session.tell("videogigagan: measuring how long steps take")
            scratch, judges = folder / "trial", self.machine.judges
            return sum(
                step_seconds(config, scratch, judges, session.devices, session.stop)
                for config in runs.values()
            )

        return planned_steps(folder, self.table.budget, measure)

    def _report(self, folder: Path, runs: dict[str, TrainConfig]) -> None:
        """Measure all rows as any other system, and write down what it took."""
        config = list(runs.values())[-1]
        systems = [
            f"{TITLES[name]}:{folder / folder_name(name) / 'weights' / 'generator.safetensors'}"
            for name in TITLES
        ]
        results = folder / "evaluation"
        Evaluate(
            data=self.table.eval_data or f"clips={folder / _CLIPS}:bi",
            systems=",".join(systems),
            metrics=self.table.metrics,
            judges=self.machine.judges,
            frames=self.table.eval_frames,
            out=results,
        ).run()
        command = shlex.join(["videogigagan", *sys.argv[1:]])
        tables = (results / TABLE).read_text(encoding="utf-8")
        rows = rows_of(folder, runs)
        print(write_report(folder, config, rows, command=command, tables=tables))
