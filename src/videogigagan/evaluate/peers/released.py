"""Reading the files that BasicVSR and BasicVSR++ were released in."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

from torch import Tensor, nn

from videogigagan.errors import CheckpointError
from videogigagan.model.checkpoint import read_pickle
from videogigagan.model.warm_start import (
    load_strictly,
    released_config,
    tail_weights,
    unwrapped,
)

Network = TypeVar("Network", bound=nn.Module)
Renamed: TypeAlias = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


def load_peer(
    path: Path,
    form: Literal["basicvsr", "basicvsr++"],
    build: Callable[[int, int], Network],
    propagation: Renamed,
) -> Network:
    """Build a network as wide and deep as a checkpoint of BasicSR or MMagic, and fill it.

    Every weight must be there and have its place. No code that may hide in the file runs.

    Args:
        path: The file.
        form: Which of the two networks it should hold.
        build: Makes the network, given its channels and blocks.
        propagation: Renames the weights of its propagation.

    Raises:
        CheckpointError: It is missing, cannot be read safely, holds another network, or does
            not fit.
    """
    content = read_pickle(path)
    config = released_config(content, name=str(path))
    if config.form != form:
        raise CheckpointError(
            f"{path}: holds {config.form}, not {form}. Name it {config.form}={path}."
        )
    weights = unwrapped(content)
    network = build(config.channels, config.blocks)
    state = {f"propagation.{key}": tensor for key, tensor in propagation(weights).items()}
    load_strictly(network, state | tail_weights(weights), name=str(path))
    return network.eval()
