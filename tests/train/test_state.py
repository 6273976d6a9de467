"""What must be on disk to go on as if nothing had happened."""

import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from videogigagan.errors import CheckpointError
from videogigagan.train.average import MovingAverage
from videogigagan.train.state import RunState


def state(width: int = 3) -> RunState:
    """A run that has made one step."""
    network = nn.Linear(width, 2)
    made = RunState(
        network, MovingAverage(network, 0.5), torch.optim.Adam(network.parameters())
    )
    network(torch.ones(1, width)).sum().backward()
    made.optimizer.step()
    made.average.update(network, 0)
    made.step = 1
    return made


def flat(run: RunState) -> list[torch.Tensor]:
    """Every tensor of a run."""
    moments = [value for entry in run.optimizer.state.values() for value in entry.values()]
    return [*run.generator.parameters(), *run.average.module.parameters(), *moments]


def test_loaded_is_what_was_saved(tmp_path: Path) -> None:
    saved, loaded = state(), state()
    saved.step = 41
    saved.save(tmp_path / "state.pt")
    loaded.load(tmp_path / "state.pt")
    assert loaded.step == 41
    assert len(flat(saved)) == 10
    assert all(torch.equal(a, b) for a, b in zip(flat(saved), flat(loaded), strict=True))
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


def test_interrupted_saving_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, saved = tmp_path / "state.pt", state()
    saved.save(path)

    def interrupted(_content: object, target: Path) -> None:
        target.write_bytes(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        state().save(path)
    loaded = state()
    loaded.load(path)
    assert all(torch.equal(a, b) for a, b in zip(flat(saved), flat(loaded), strict=True))


class Trap:
    """Runs code when it is unpickled carelessly."""

    def __reduce__(self) -> tuple:
        return (pytest.fail, ("code in a state has run",))


@pytest.mark.parametrize(
    "kind", ["text", "empty", "code", "list", "other keys", "other network"]
)
def test_anything_else_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "state.pt"
    if kind in ("text", "empty"):
        path.write_bytes(b"" if kind == "empty" else b"not a state\n")
    elif kind == "code":
        path.write_bytes(pickle.dumps(Trap(), protocol=2))
    elif kind == "other network":
        state(4).save(path)
    else:
        torch.save([1, 2] if kind == "list" else {"step": 3}, path)
    with pytest.raises(CheckpointError) as caught:
        state().load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: is not a state of this run (")
    assert message.endswith("). Remove it, or name another run.")
    assert "\n" not in message
