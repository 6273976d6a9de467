"""A run's configuration on disk, and in what two of them differ."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from videogigagan.data.settings import DataConfig
from videogigagan.errors import ConfigError
from videogigagan.plain import from_plain
from videogigagan.train.config import TrainConfig


def save_config(config: TrainConfig, path: Path) -> None:
    """Write a configuration as JSON, for people to read; `path` appears whole or not at all.

    Raises:
        ConfigError: It cannot be written.
    """
    part = path.with_suffix(".partial")
    try:
        part.write_text(json.dumps(asdict(config), indent=2) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be written ({error.strerror}). Choose another place."
        ) from error


def load_config(path: Path) -> TrainConfig:
    """Read a configuration.

    Raises:
        ConfigError: It is missing, no JSON, or describes no run.
    """
    try:
        return from_plain(TrainConfig, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file. Give a run's config.json.") from error
    except (OSError, TypeError, ValueError, ConfigError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(
            f"{path}: is not the configuration of a run ({reason}). Mend it."
        ) from error


def first_difference(one: TrainConfig, other: TrainConfig) -> str | None:
    """Name the first setting in which two runs learn differently; None if there is none.

    How often something is saved or shown, how memory is used, and the number of steps of a
    constant schedule change nothing of what a step learns.
    """
    return _difference(asdict(_essence(one)), asdict(_essence(other)), "")


def _essence(config: TrainConfig) -> TrainConfig:
    steps = config.steps if config.optimiser.schedule == "cosine" else 1
    data = config.data
    if isinstance(data, DataConfig):
        data = replace(data, workers=0)
    return replace(
        config,
        name="",
        data=data,
        steps=steps,
        checkpointing=False,
        save_every=1,
        sample_every=1,
        validate_every=1,
    )


def _difference(one: Any, other: Any, name: str) -> str | None:  # noqa: ANN401 - JSON is anything
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        found = (
            _difference(one[key], other[key], f"{name}.{key}" if name else key) for key in one
        )
        return next((place for place in found if place is not None), None)
    return None if one == other else name
