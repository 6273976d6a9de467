"""The ablation of Table 1: five models from one start, on the same clips, for as many steps."""

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from videogigagan.data.settings import DataConfig
from videogigagan.errors import ConfigError, DataError
from videogigagan.evaluate.pieces import levels
from videogigagan.evaluate.table import markdown
from videogigagan.model.checkpoint import read_weights
from videogigagan.model.presets import TABLE_1_ROWS, generator_preset, table_1_row
from videogigagan.train.config import StartConfig, TrainConfig
from videogigagan.train.devices import Devices
from videogigagan.train.journal import JOURNAL, read_journal
from videogigagan.train.loop import run
from videogigagan.train.recipes import ablation_recipe
from videogigagan.train.validation import draw_clips

TITLES: dict[str, str] = dict(
    zip(
        TABLE_1_ROWS,
        (
            "GigaGAN (base upsampler)",
            "+ Temporal attention",
            "+ Flow-guided propagation",
            "+ BlurPool",
            "+ High-freq shuttle",
        ),
        strict=True,
    )
)
"""The rows of Table 1 in the paper's words."""
START = "start"
"""The image model that all rows start from; also the name of its folder."""
PLAN = "ablation.json"
"""How many steps there are, decided once."""
REPORT = "ablation.md"
"""The table, what it took, and what it is worth."""

Adapt: TypeAlias = Callable[[TrainConfig], TrainConfig]
"""Puts material, sizes and steps into a recipe."""

_UNITS = {"s": 1, "m": 60, "h": 3600}
_GENERATOR = "weights/generator.safetensors"
_DISCRIMINATOR = "weights/discriminator.safetensors"
_HONEST = """\
Every row has learnt for {steps} steps of {batch} clips of {frames} frames of {size}x{size}
pixels, from one image model, which had learnt for as many. In the paper that is 100,000 steps
of 32 clips of 10 frames of 64x64, with a generator of 369M parameters. At this scale one row
may lie above another by chance: one seed was trained, and another may order them differently.
The table shows that every row trains and is measured alike; which part helps how much when
trained to the end, it does not tell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What one model of an ablation took."""

    title: str
    """As in the paper."""
    parameters: int
    """Weights of its generator."""
    steps: int
    """Steps that it learnt for."""
    seconds: float
    """Their time."""


def configs(
    preset: str, folder: Path, adapt: Adapt, *, propagation: str | None = None
) -> dict[str, TrainConfig]:
    """The runs of an ablation in the order they are made: the start, then the rows.

    The image row learns from clips, as the others do, though it sees every frame alone; so all
    rows are trained alike, against the same discriminator.

    Args:
        preset: Name of the complete model, which is the last row.
        folder: Of the ablation; every run has a folder of its name inside.
        adapt: Applied to every recipe.
        propagation: Released weights for flow and propagation, where a row has them.

    Raises:
        ConfigError: There is no such preset, or `adapt` asks for what makes no sense.
    """
    start = folder / START
    found = {START: adapt(ablation_recipe(preset, TABLE_1_ROWS[0]))}
    for row in TABLE_1_ROWS:
        config = ablation_recipe(preset, TABLE_1_ROWS[1] if row == TABLE_1_ROWS[0] else row)
        if row == TABLE_1_ROWS[0]:
            generator = table_1_row(generator_preset(preset), row)
            config = replace(config, name=f"{preset} {row}", generator=generator)
        moving = config.generator.propagation is not None
        origin = StartConfig(
            image=str(start / _GENERATOR),
            discriminator=str(start / _DISCRIMINATOR),
            propagation=propagation if moving else None,
        )
        found[row] = adapt(replace(config, start=origin))
    return found


def folder_name(name: str) -> str:
    """Folder of a run of an ablation: `start`, `1-image`, … `5-shuttle`."""
    if name == START:
        return START
    return f"{TABLE_1_ROWS.index(name) + 1}-{name.removeprefix('+')}"


def seconds_of(budget: str) -> float:
    """Read a time such as `90s`, `20m` or `1.5h`.

    Raises:
        ConfigError: It is none.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", budget)
    if match is None or float(match[1]) == 0:
        raise ConfigError(f"budget '{budget}': is not a time. Give one such as 90s, 20m or 8h.")
    return float(match[1]) * _UNITS[match[2]]


def planned_steps(folder: Path, budget: str, measure: Callable[[], float]) -> int:
    """Steps of every run so that all of them fit a budget; decided once, then read again.

    Args:
        folder: Of the ablation.
        budget: Time for all training.
        measure: Tells the seconds that one step of every run takes, all together.

    Raises:
        ConfigError: The budget is no time, or another one than the ablation began with, or the
            plan is damaged.
        DataError: The plan cannot be written.
    """
    allowed = seconds_of(budget)
    path = folder / PLAN
    if path.exists():
        begun, steps = _read_plan(path)
        if begun != budget:
            raise ConfigError(
                f"{folder}: was begun with a budget of {begun}. Give that, or name another "
                "folder."
            )
        return steps
    steps = max(int(allowed / measure()), 1)
    part = path.with_suffix(".partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"budget": budget, "steps": steps}) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    return steps


def step_seconds(
    config: TrainConfig,
    folder: Path,
    judges: Path | None,
    devices: Devices,
    stop: Callable[[], bool] = lambda: False,
) -> float:
    """Time of a step, R1 in its share; three are made, in a folder that is then removed.

    Raises:
        KeyboardInterrupt: `stop`, which is asked after each, says so.
    """
    origin = StartConfig(propagation=config.start.propagation)
    trial = replace(config, start=origin, steps=3, r1_every=2, save_every=3)
    shutil.rmtree(folder, ignore_errors=True)
    made = list(run(trial, folder, judges=judges, devices=devices, stop=stop))
    shutil.rmtree(folder, ignore_errors=True)
    if stop():
        raise KeyboardInterrupt
    plain, penalised = made[1].seconds, made[2].seconds
    return plain + max(penalised - plain, 0) / config.r1_every


def write_clips(data: DataConfig, scale: int, folder: Path) -> None:
    """Write held-out clips as folders of PNG images, for the table to be measured on.

    Raises:
        DataError: Nothing is held out, or they cannot be written.
    """
    try:
        for number, clip in enumerate(draw_clips(data, scale)):
            place = folder / f"{number:02d}"
            place.mkdir(parents=True, exist_ok=True)
            for index, frame in enumerate(clip.large):
                Image.fromarray(levels(frame)).save(place / f"{index:03d}.png")
    except OSError as error:
        raise _unwritable(folder, error) from error


def rows_of(folder: Path, runs: Mapping[str, TrainConfig]) -> list[Row]:
    """What the runs of an ablation took, by their journals."""
    rows = []
    for name, config in runs.items():
        place = folder / folder_name(name)
        steps = [one for one in read_journal(place / JOURNAL) if one["event"] == "step"]
        _, tensors = read_weights(place / _GENERATOR)
        rows.append(
            Row(
                title=TITLES.get(name, "image model that all rows start from"),
                parameters=sum(tensor.numel() for tensor in tensors.values()),
                steps=config.steps,
                seconds=sum(float(one["seconds"] or 0) for one in steps),
            )
        )
    return rows


def write_report(
    folder: Path, config: TrainConfig, rows: list[Row], *, command: str, tables: str
) -> str:
    """Write `ablation.md`; return what stands in it beside the tables.

    Args:
        folder: Of the ablation.
        config: A row's.
        rows: From `rows_of`.
        command: The command line.
        tables: What `evaluate` says.

    Raises:
        DataError: It cannot be written.
    """
    assert isinstance(config.data, DataConfig)
    cells = [
        [row.title, f"{row.parameters / 1e6:.2f}", str(row.steps), f"{row.seconds / 60:.1f}"]
        for row in rows
    ]
    cost = markdown(["trained here", "parameters (M)", "steps", "minutes"], cells)
    honest = _HONEST.format(
        steps=config.steps,
        batch=config.batch,
        frames=config.data.frames,
        size=config.data.small_size,
    )
    text = f"{cost}\n\n{honest}\n"
    page = f"# Ablation (Table 1)\n\n    {command}\n\n{text}\n{tables}"
    try:
        (folder / REPORT).write_text(page, encoding="utf-8")
    except OSError as error:
        raise _unwritable(folder / REPORT, error) from error
    return text


def _read_plan(path: Path) -> tuple[str, int]:
    """Budget and steps."""
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
        return str(plan["budget"]), int(plan["steps"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"{path}: is damaged ({type(error).__name__}). Name another folder, or remove this "
            "file and the runs beside it."
        ) from error


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path}: cannot be written ({error.strerror}). Choose another --out.")
