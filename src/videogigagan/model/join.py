"""Two checkpoints of one architecture become one file, whose detail can be chosen."""

from dataclasses import fields, replace
from pathlib import Path

from videogigagan.errors import CheckpointError
from videogigagan.model.checkpoint import Header, load_generator, read_header, write_weights
from videogigagan.model.config import GeneratorConfig
from videogigagan.model.detail import PREFIX, difference
from videogigagan.model.generator import Generator


def join_weights(detailed: Path, regression: Path, target: Path) -> Header:
    """Write a file with two ends, in half precision.

    Args:
        detailed: Weights of detail 1; configuration and notes are theirs.
        regression: Weights of detail 0, of the same architecture.
        target: Where the file goes; it appears whole or not at all.

    Returns:
        The header of the file.

    Raises:
        CheckpointError: A file cannot be read, holds two ends already, or does not fit the
            other; or the result cannot be written.
    """
    one, other = _one_end(detailed), _one_end(regression)
    _check_alike(one.config, other.config, detailed, regression)
    stored = {key: value.half().contiguous() for key, value in one.state_dict().items()}
    steps = difference(stored, other.state_dict(), name=str(regression))
    if not steps:
        raise CheckpointError(
            f"{regression}: is equal to {detailed}, so nothing lies between them. "
            "Give weights from before and after the adversary."
        )
    about = read_header(detailed).about
    header = Header(
        config=one.config,
        about=about | {"detail": f"1 is {detailed.name}, 0 is {regression.name}"},
        less_detail=tuple(sorted(key.removeprefix(PREFIX) for key in steps)),
    )
    write_weights(target, stored | steps, header)
    return header


def _one_end(path: Path) -> Generator:
    if read_header(path).less_detail:
        raise CheckpointError(
            f"{path}: has two ends already. Give one of the files it was joined from."
        )
    return load_generator(path)


def _check_alike(
    one: GeneratorConfig, other: GeneratorConfig, detailed: Path, regression: Path
) -> None:
    other = replace(other, noise=one.noise)  # changes no tensor; a regression may have none
    found = [
        field.name
        for field in fields(one)
        if getattr(one, field.name) != getattr(other, field.name)
    ]
    if found:
        raise CheckpointError(
            f"{regression}: is of another architecture than {detailed} "
            f"(other {', '.join(found)}). Give two checkpoints of one run."
        )
