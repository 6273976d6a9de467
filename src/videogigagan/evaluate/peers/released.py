"""Reading the files that BasicVSR and BasicVSR++ were released in."""

import pickle
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from videogigagan.errors import CheckpointError
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
    content = _content(path)
    config = released_config(content, name=str(path))
    if config.form != form:
        raise CheckpointError(
            f"{path}: holds {config.form}, not {form}. Name it {config.form}={path}."
        )
    return config, unwrapped(content)


def _content(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{path}: no such file. Give a released checkpoint (BasicVSR's: `make basicvsr`)."
        ) from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path}: is not a checkpoint that can be read safely ({type(error).__name__}). "
            f"Give a released file, or save its state dict alone."
        ) from error
