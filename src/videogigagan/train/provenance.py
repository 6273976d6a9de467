"""What a run has learnt from, by name: a run that goes on must find the same."""

import os
from pathlib import Path

from videogigagan.data.settings import DataConfig, material
from videogigagan.errors import ConfigError
from videogigagan.train.observe import RunView, StepFigures

MATERIAL = "material.txt"
"""The files and clips that a run learns from, a line each."""


class Provenance:
    """Writes down what a run learns from; refuses to go on with anything else.

    Clip number n follows from the seed, n and the list of files, so a file more or less would
    change all clips to come.
    """

    def looks_at(self, step: int) -> bool:  # noqa: ARG002 - the protocol's signature
        """Never: it asks only for files."""
        return False

    def started(self, run: RunView) -> None:
        """List the material, or compare it with the list.

        Raises:
            ConfigError: Files have come or gone since the run began.
            DataError: The material cannot be found.
        """
        assert isinstance(run.config.data, DataConfig)
        names = material(run.config.data, "train").names
        path = run.folder / MATERIAL
        try:
            if run.step and path.exists():
                _compare(path, names)
            else:
                path.write_bytes(_listed(names))
        except OSError as error:
            raise ConfigError(
                f"{path}: cannot be read or written ({error.strerror}). Choose another --out."
            ) from error

    def after_step(self, run: RunView, figures: StepFigures) -> None:
        """Nothing changes."""

    def stopped(self, run: RunView, reason: str) -> None:
        """Nothing changes."""


def _listed(names: tuple[str, ...]) -> bytes:
    """A name a line; names need not be text."""
    return b"".join(os.fsencode(name) + b"\n" for name in names)


def _compare(path: Path, names: tuple[str, ...]) -> None:
    then, now = path.read_bytes(), _listed(names)
    if then == now:
        return
    before, after = set(then.split(b"\n")), set(now.split(b"\n"))
    come, gone = sorted(after - before), sorted(before - after)
    example = os.fsdecode((come + gone or [b"their order"])[0])
    raise ConfigError(
        f"{path.parent}: its material has changed since it began ({len(come)} files came, "
        f"{len(gone)} went, such as {example}). Restore it, or name another folder."
    )
