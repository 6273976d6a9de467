"""Weights on disk: what is loaded is what was saved, and saving is all or nothing."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from videogigagan.errors import CheckpointError
from videogigagan.model.checkpoint import (
    Config,
    Header,
    find_weights,
    from_plain,
    load_discriminator,
    load_generator,
    load_propagation,
    packaged_weights,
    read_header,
    read_weights,
    save_weights,
)
from videogigagan.model.config import DiscriminatorConfig, GeneratorConfig, PropagationConfig
from videogigagan.model.discriminator import Discriminator
from videogigagan.model.generator import Generator, build_propagation
from videogigagan.model.presets import DISCRIMINATORS, GENERATORS

JUDGE = DISCRIMINATORS["tiny"]
PROPAGATION = PropagationConfig(channels=8, blocks=1, iterations=1, alignment="flow")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.safetensors"


@pytest.fixture
def saved(path: Path) -> Path:
    """A discriminator's file: the smallest network there is."""
    save_weights(path, Discriminator(JUDGE), Header(config=JUDGE))
    return path


def same(one: nn.Module, other: nn.Module) -> bool:
    other_state = other.state_dict()
    return all(torch.equal(value, other_state[key]) for key, value in one.state_dict().items())


# What is loaded is what was saved


def network_of(config: Config) -> nn.Module:
    torch.manual_seed(0)
    if isinstance(config, GeneratorConfig):
        return Generator(config)
    if isinstance(config, DiscriminatorConfig):
        return Discriminator(config)
    return build_propagation(config)


@pytest.mark.parametrize(
    ("config", "load"),
    [
        (GENERATORS["tiny"], load_generator),
        (JUDGE, load_discriminator),
        (PROPAGATION, load_propagation),
    ],
    ids=["generator", "discriminator", "propagation"],
)
def test_loaded_is_what_was_saved(
    config: Config, load: Callable[[Path], nn.Module], path: Path
) -> None:
    network = network_of(config)
    about = {"name": "test", "licence": "none — at all"}
    save_weights(path, network, Header(config=config, about=about))
    loaded = load(path)
    assert same(network, loaded)
    assert not loaded.training
    assert read_header(path) == Header(config=config, about=about)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.catalogue("T48")
def test_half_precision_is_widened_on_loading(path: Path) -> None:
    network = network_of(JUDGE)
    save_weights(path, network, Header(config=JUDGE), dtype=torch.float16)
    assert {t.dtype for t in read_weights(path)[1].values()} == {torch.float16}
    for name, parameter in load_discriminator(path).named_parameters():
        assert parameter.dtype == torch.float32
        assert_close(parameter, network.get_parameter(name), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    "config",
    [
        *GENERATORS.values(),
        *DISCRIMINATORS.values(),
        PROPAGATION,
        replace(GENERATORS["tiny"], propagation=None, residual="bicubic"),
    ],
)
def test_every_configuration_survives_its_header(config: Config) -> None:
    assert from_plain(type(config), json.loads(json.dumps(asdict(config)))) == config


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (GENERATORS["tiny"], "generator"),
        (JUDGE, "discriminator"),
        (PROPAGATION, "propagation"),
    ],
)
def test_header_names_the_kind(config: Config, kind: str) -> None:
    assert Header(config=config).kind == kind


# Saving is all or nothing


def test_saving_replaces_what_was_there(saved: Path) -> None:
    network = network_of(JUDGE)
    save_weights(saved, network, Header(config=JUDGE))
    assert same(network, load_discriminator(saved))


def test_saved_again_has_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    """Though the library orders notes anew each time."""
    header, network = read_header(saved), load_discriminator(saved)
    for attempt in range(5):
        again = tmp_path / f"{attempt}.safetensors"
        save_weights(again, network, header)
        assert again.read_bytes() == saved.read_bytes()


def test_interrupted_saving_leaves_the_old_file(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def interrupted(_tensors: object, target: Path, _metadata: object) -> None:
        target.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("videogigagan.model.checkpoint.save_file", interrupted)
    with pytest.raises(CheckpointError, match=r"cannot be written \(.*No space left on device"):
        save_weights(saved, network_of(JUDGE), Header(config=JUDGE))
    assert saved.read_bytes() == before
    assert [entry.name for entry in saved.parent.iterdir()] == [saved.name]


def test_unwritable_places_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for place in ("missing/w.safetensors", "file/w.safetensors", "folder"):
        with pytest.raises(
            CheckpointError, match=r"cannot be written .* Choose another place\."
        ):
            save_weights(tmp_path / place, network_of(JUDGE), Header(config=JUDGE))
    assert {entry.name for entry in tmp_path.iterdir()} == {"file", "folder"}


# Finding weights


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with two sets of weights."""
    folder = tmp_path / "package" / "weights"
    folder.mkdir(parents=True)
    for name in ("base-4x.safetensors", "small.safetensors", "README.md"):
        (folder / name).touch()
    monkeypatch.setattr("videogigagan.model.checkpoint.files", lambda _: tmp_path / "package")
    return folder


def test_weights_in_the_package_are_found_by_name(package: Path) -> None:
    assert sorted(packaged_weights()) == ["base-4x", "small"]
    assert find_weights("small") == package / "small.safetensors"


def test_default_weights_are_found_without_a_name(package: Path) -> None:
    assert find_weights() == package / "base-4x.safetensors"


def test_other_weights_are_found_by_path(package: Path, saved: Path) -> None:
    assert find_weights(saved) == saved
    assert find_weights(str(saved)) == saved
    assert package.is_dir()


@pytest.mark.parametrize("name", ["large", "small.safetensors", "../weights/small"])
def test_unknown_weights_are_one_line(package: Path, name: str) -> None:
    message = (
        r": no such weights\. Give a file, or a name \(in the package: base-4x, small\)\.$"
    )
    with pytest.raises(CheckpointError, match=message):
        find_weights(name)
    assert package.is_dir()


def test_a_path_is_never_a_name(package: Path) -> None:
    """A suffix is not appended to what the caller wrote out."""
    with pytest.raises(CheckpointError, match="no such weights"):
        find_weights(str(package / "small"))


def test_a_package_without_weights_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videogigagan.model.checkpoint.files", lambda _: tmp_path)
    with pytest.raises(
        CheckpointError, match=r"base-4x: no such weights.*in the package: none"
    ):
        find_weights()
