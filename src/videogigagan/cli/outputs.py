"""Files that commands write beside videos."""

from pathlib import Path

from videogigagan.errors import ConfigError


def check_new(output: Path, *, overwrite: bool) -> None:
    """Refuse to replace a file, unless the user says so.

    Raises:
        ConfigError: It exists.
    """
    if output.exists() and not overwrite:
        raise ConfigError(
            f"{output}: exists already. Choose another output, or allow --overwrite."
        )
