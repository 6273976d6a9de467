"""What a run has learnt from, by name: a run that goes on must find the same."""

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
        if run.step and path.exists():
            _compare(path, names)
        else:
            path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")

    def after_step(self, run: RunView, figures: StepFigures) -> None:
        """Nothing changes."""

    def stopped(self, run: RunView, reason: str) -> None:
        """Nothing changes."""


def _compare(path: Path, names: tuple[str, ...]) -> None:
    before = path.read_text(encoding="utf-8").splitlines()
    if before == list(names):
        return
    come, gone = sorted(set(names) - set(before)), sorted(set(before) - set(names))
    example = (come + gone or ["their order"])[0]
    raise ConfigError(
        f"{path.parent}: its material has changed since it began ({len(come)} files came, "
        f"{len(gone)} went, such as {example}). Restore it, or name another folder."
    )
