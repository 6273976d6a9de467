"""Reading the files that BasicVSR and BasicVSR++ were released in."""

from pathlib import Path
from typing import Literal

from torch import Tensor

from videogigagan.errors import CheckpointError
from videogigagan.model.checkpoint import read_pickle
from videogigagan.model.config import PropagationConfig
from videogigagan.model.warm_start import released_config, unwrapped


def read_released(
    path: Path, form: Literal["basicvsr", "basicvsr++"]
) -> tuple[PropagationConfig, dict[str, Tensor]]:
    """Read a checkpoint of BasicSR or MMagic; no code that may hide in it runs.

    Args:
        path: The file.
        form: Which of the two networks it should hold.

    Returns:
        What its propagation looks like, and all its weights under the released names.

    Raises:
        CheckpointError: It is missing, cannot be read safely, or holds another network.
    """
    content = read_pickle(path)
    config = released_config(content, name=str(path))
    if config.form != form:
        raise CheckpointError(
            f"{path}: holds {config.form}, not {form}. Name it {config.form}={path}."
        )
    return config, unwrapped(content)
