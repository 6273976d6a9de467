"""What must be on disk to go on as if nothing had happened."""

import errno
import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from train_fakes import CPU, batch_of, tensors, tiny

from videogigagan.errors import CheckpointError, ConfigError
from videogigagan.train.config import TrainConfig
from videogigagan.train.likeness import Likeness
from videogigagan.train.start import build_networks
from videogigagan.train.state import FORMAT, RunState
from videogigagan.train.step import Learner


def learner(config: TrainConfig, steps: int) -> Learner:
    """Networks that have made a few steps."""
    made = Learner(build_networks(config), config, CPU, Likeness())
    for number in range(steps):
        made.step([batch_of(config, range(number, number + 1))], {})
    return made


def save(state: RunState, folder: Path) -> dict[str, torch.Tensor]:
    folder.mkdir(exist_ok=True)
    state.save(folder / "state.pt", CPU)
    return tensors(folder)


def test_loaded_is_what_was_saved(tmp_path: Path) -> None:
    config = tiny()
    saved, loaded = learner(config, 2), learner(replace(config, seed=9), 1)
    one = save(saved.state, tmp_path / "one")
    assert len(one) > 5 * len(list(saved.state.networks.generator.parameters()))
    loaded.state.load(tmp_path / "one" / "state.pt")
    assert loaded.state.step == 2
    two = save(loaded.state, tmp_path / "two")
    assert one.keys() == two.keys()
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["state.pt"]


def test_under_muon_too_going_on_is_as_if_nothing_had_happened(tmp_path: Path) -> None:
    config = tiny(optimiser=replace(tiny().optimiser, muon_rate=1e-3))
    throughout, before, after = (learner(config, steps) for steps in (3, 2, 0))
    before.state.save(tmp_path / "state.pt", CPU)
    after.state.load(tmp_path / "state.pt")
    after.step([batch_of(config, range(2, 3))], {})
    one = save(throughout.state, tmp_path / "one")
    two = save(after.state, tmp_path / "two")
    assert one.keys() == two.keys()
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_muon_does_not_move_parts_of_kernels() -> None:
    config = tiny(optimiser=replace(tiny().optimiser, muon_rate=1e-3))
    with pytest.raises(ConfigError) as caught:
        Learner(build_networks(config), config, replace(CPU, ranks=2, shard=True), Likeness())
    assert str(caught.value) == (
        "training: Muon moves whole kernels, and devices that shard hold parts of them. "
        "Train without sharding, or set optimiser.muon_rate to null."
    )


def test_without_an_adversary_there_is_none_in_the_state(tmp_path: Path) -> None:
    config = tiny(losses=replace(tiny().losses, gan=0.0), discriminator=None)
    state = learner(config, 1).state
    places = save(state, tmp_path)
    assert not any("discriminator" in place for place in places)
    state.load(tmp_path / "state.pt")


def test_interrupted_saving_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = learner(tiny(), 1).state
    before = save(state, tmp_path)

    def interrupted(_content: object, file) -> None:
        file.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        state.save(tmp_path / "state.pt", CPU)
    after = tensors(tmp_path)
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


def test_a_full_disk_is_one_line_and_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = learner(tiny("image"), 0).state
    before = save(state, tmp_path)

    def full(_content: object, file) -> None:
        file.write(b"half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(torch, "save", full)
    message = (
        r"state\.pt: cannot be written \(No space left on device\)\. Free the disk; what was "
        r"saved before is whole, and the same command goes on from it\.$"
    )
    with pytest.raises(CheckpointError, match=message):
        state.save(tmp_path / "state.pt", CPU)
    assert tensors(tmp_path).keys() == before.keys()
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


class Trap:
    """Runs code when it is unpickled carelessly."""

    def __reduce__(self) -> tuple:
        return (pytest.fail, ("code in a state has run",))


@pytest.mark.parametrize(
    "kind",
    ["text", "empty", "folder", "code", "list", "tensor", "other keys", "other format",
     "other network"],
)  # fmt: skip
def test_anything_else_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "state.pt"
    if kind in ("text", "empty"):
        path.write_bytes(b"" if kind == "empty" else b"not a state\n")
    elif kind == "folder":
        path.mkdir()
    elif kind == "code":
        path.write_bytes(pickle.dumps(Trap(), protocol=2))
    elif kind == "other network":
        save(learner(tiny("image"), 0).state, tmp_path)
    else:
        content = {
            "list": [1, 2],
            "tensor": torch.zeros(2),
            "other keys": {"format": FORMAT, "step": 3},
            "other format": {"format": "videogigagan-run/9"},
        }
        torch.save(content[kind], path)
    with pytest.raises(CheckpointError) as caught:
        learner(tiny(), 0).state.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: is not a state of this run (")
    assert message.endswith("). Remove it, or name another run.")
    assert "\n" not in message
