"""Published weights on disk: what is not there or does not fit is one line."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from videogigagan.errors import CheckpointError
from videogigagan.model.checkpoint import read_pickle

_COUNTER = ".num_batches_tracked"  # of batch norms; older files lack it and nothing reads it


def read_state(path: Path, what: str) -> dict[str, Tensor]:
    """Read a state dict; `what` the file should hold is for messages.

    Raises:
        CheckpointError: The file is missing, damaged, or holds something else.
    """
    content = read_pickle(path, f"Put the published {what} weights there.")
    if not isinstance(content, Mapping):
        raise _foreign(path, what, f"found {type(content).__name__}, not named tensors")
    return {str(key): value for key, value in content.items() if isinstance(value, Tensor)}


def fill(network: nn.Module, state: Mapping[str, Tensor], path: Path, what: str) -> None:
    """Load every weight of a network, or raise and change nothing.

    Raises:
        CheckpointError: Names or shapes differ.
    """
    needed = {key: tensor.shape for key, tensor in network.state_dict().items()}
    found = {key: tensor.shape for key, tensor in state.items()}
    differing = sorted(
        key
        for key in needed.keys() | found.keys()
        if needed.get(key) != found.get(key) and not key.endswith(_COUNTER)
    )
    if differing:
        raise _foreign(path, what, f"{len(differing)} tensors differ, first '{differing[0]}'")
    network.load_state_dict(state, strict=False)


def _foreign(path: Path, what: str, reason: str) -> CheckpointError:
    return CheckpointError(
        f"{path}: does not hold {what} weights ({reason}). Give the published ones."
    )
