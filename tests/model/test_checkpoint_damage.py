"""Every way in which a weights file can be wrong is one line."""

import json
import pickle
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from videogigagan.errors import CheckpointError
from videogigagan.model.checkpoint import (
    Header,
    from_plain,
    load_discriminator,
    load_generator,
    load_propagation,
    save_weights,
)
from videogigagan.model.config import GeneratorConfig
from videogigagan.model.discriminator import Discriminator
from videogigagan.model.presets import DISCRIMINATORS, GENERATORS

JUDGE = DISCRIMINATORS["tiny"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.safetensors"


@pytest.fixture
def saved(path: Path) -> Path:
    """A discriminator's file: the smallest network there is."""
    save_weights(path, Discriminator(JUDGE), Header(config=JUDGE))
    return path


def rewrite(
    path: Path,
    *,
    tensors: dict[str, torch.Tensor] | None = None,
    **metadata: str,
) -> None:
    """Change what a discriminator's file says, or holds."""
    header = {"format": "videogigagan/1", "kind": "discriminator", "config": config()}
    held = load_file(path) if tensors is None else tensors
    save_file(held, path, header | metadata)


def config(**changes: object) -> str:
    return json.dumps(asdict(JUDGE) | changes)


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_discriminator(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_missing_file_is_one_line(path: Path) -> None:
    assert refused(path).endswith(": no such file. Give a weights file.")


@pytest.mark.catalogue("T48")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not weights\n",
        pickle.dumps({"weight": [1.0]}),
        (1 << 60).to_bytes(8, "little") + b"{}",  # a header of an exabyte
    ],
    ids=repr,
)
def test_files_of_another_format_are_not_read(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    message = refused(path)
    assert "is not a safetensors file, or damaged (" in message
    assert message.endswith("Convert pickled weights with `videogigagan import`.")


@pytest.mark.catalogue("T48")
def test_a_truncated_file_is_damaged(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-100])
    assert "is not a safetensors file, or damaged (" in refused(saved)


def test_weights_of_other_projects_have_no_format(path: Path) -> None:
    save_file({"weight": torch.zeros(1)}, path)
    assert "has format 'unknown', this version reads 'videogigagan/1'." in refused(path)


def test_files_of_another_version_are_not_read(saved: Path) -> None:
    rewrite(saved, format="videogigagan/2")
    assert "has format 'videogigagan/2', this version reads" in refused(saved)


def test_files_of_an_unheard_of_kind_are_not_read(saved: Path) -> None:
    rewrite(saved, kind="soup")
    assert refused(saved).endswith("Convert it with `videogigagan import`.")


@pytest.mark.catalogue("T50")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (config(dropout=0.1), "DiscriminatorConfig has no field 'dropout'"),
        (config(levels=[{"width": 8}] * 2), "Level has no field 'width'"),
        (config(levels=[{"channels": 8.5}] * 2), "expected int, found 8.5"),
        (config(levels=[{"channels": True}] * 2), "expected int, found True"),
        (config(conditional=1), "expected bool, found 1"),
        (config(levels=[8, 8]), "expected an object for Level, found 8"),
        (config(levels=[]), "discriminator: levels has 0 entries. Give two at least."),
        (config(levels=3), "'int' object is not iterable"),
        ("{}", "'levels'"),
        ("[]", "expected an object for DiscriminatorConfig, found []"),
        ("{", "Expecting property name"),
    ],
)
def test_unreadable_configurations_say_why(saved: Path, text: str, reason: str) -> None:
    rewrite(saved, config=text)
    message = refused(saved)
    assert "its configuration cannot be read (" in message
    assert reason in message
    assert message.endswith("Get the file again.")


def test_choices_are_checked() -> None:
    plain = asdict(GENERATORS["tiny"])
    with pytest.raises(TypeError, match=r"^'most' is not one of full, low, high$"):
        from_plain(GeneratorConfig, plain | {"skip": "most"})
    with pytest.raises(TypeError, match="has no field 'depth'"):
        from_plain(GeneratorConfig, plain | {"propagation": {"depth": 3}})


def test_notes_are_text(saved: Path) -> None:
    for notes in ("[]", '{"steps": 3}'):
        rewrite(saved, about=notes)
        assert "its configuration cannot be read (expected named notes, found" in refused(saved)


@pytest.mark.parametrize(
    ("load", "wanted"),
    [(load_generator, "generator"), (load_propagation, "propagation")],
)
def test_another_kind_is_one_line(
    saved: Path, load: Callable[[Path], nn.Module], wanted: str
) -> None:
    message = rf": holds a discriminator, not a {wanted}\. Give another file\.$"
    with pytest.raises(CheckpointError, match=message):
        load(saved)


def test_missing_tensors_are_named(saved: Path) -> None:
    tensors = load_file(saved)
    del tensors["mix.bias"]
    rewrite(saved, tensors=tensors)
    assert "lacks 'mix.bias'. The file does not fit its own header" in refused(saved)


@pytest.mark.catalogue("T48")
def test_foreign_tensors_are_named(saved: Path) -> None:
    rewrite(saved, tensors=load_file(saved) | {"soup": torch.zeros(1)})
    assert "has the foreign tensor 'soup'." in refused(saved)


@pytest.mark.catalogue("T48")
def test_wrong_shapes_are_named(saved: Path) -> None:
    rewrite(saved, tensors=load_file(saved) | {"mix.bias": torch.zeros(9)})
    assert "'mix.bias' has shape (9,), the network needs (8,)." in refused(saved)
