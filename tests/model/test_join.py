"""A file with two ends: what goes in comes out, and what does not fit is one line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.testing import assert_close

from videogigagan.errors import CheckpointError, ConfigError
from videogigagan.model.checkpoint import (
    Header,
    load_discriminator,
    load_generator,
    read_header,
    save_weights,
)
from videogigagan.model.config import GeneratorConfig
from videogigagan.model.detail import PREFIX
from videogigagan.model.discriminator import Discriminator
from videogigagan.model.generator import Generator
from videogigagan.model.join import join_weights
from videogigagan.model.presets import DISCRIMINATORS, GENERATORS

TINY = GENERATORS["tiny"]


def saved(path: Path, config: GeneratorConfig, *, moved: float = 0.0) -> Path:
    """Weights of one run; with `moved` its U-Net has gone on, propagation has not."""
    torch.manual_seed(0)
    generator = Generator(config)
    for name, parameter in generator.named_parameters():
        if not name.startswith("propagation."):
            parameter.data += moved * torch.randn_like(parameter)
    save_weights(path, generator, Header(config=config, about={"name": path.stem}))
    return path


@pytest.fixture(scope="module")
def detailed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("one") / "gan.safetensors", TINY, moved=0.01)


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("other") / "regression.safetensors"
    return saved(path, replace(TINY, noise="none"))


@pytest.fixture(scope="module")
def joined(detailed: Path, regression: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("joined") / "both.safetensors"
    join_weights(detailed, regression, path)
    return path


def state(path: Path, detail: float = 1.0) -> dict[str, Tensor]:
    return dict(load_generator(path, detail).state_dict())


def rewrite(path: Path, source: Path, tensors: dict[str, Tensor], **metadata: str) -> Path:
    with safe_open(source, framework="pt") as file:
        save_file(tensors, path, file.metadata() | metadata)
    return path


def test_the_ends_are_what_was_joined(joined: Path, detailed: Path, regression: Path) -> None:
    found = state(joined)
    assert all(torch.equal(found[key], t.half().float()) for key, t in state(detailed).items())
    found = state(joined, 0.0)
    for key, tensor in state(regression).items():
        if not key.startswith("propagation."):
            assert_close(found[key], tensor, atol=3e-5, rtol=1e-6)


def test_between_the_ends_is_a_plain_generator(joined: Path) -> None:
    middle = load_generator(joined, 0.5)
    assert not middle.training
    assert middle.config == TINY
    assert all(parameter.dtype == torch.float32 for parameter in middle.parameters())
    ends = state(joined, 0.0), state(joined)
    for key, tensor in middle.state_dict().items():
        assert_close(tensor, (ends[0][key] + ends[1][key]) / 2, atol=1e-6, rtol=0)


def test_frozen_propagation_is_stored_once(joined: Path, detailed: Path) -> None:
    held = load_file(joined)
    second = [key for key in held if key.startswith(PREFIX)]
    assert second
    assert not any(key.startswith(f"{PREFIX}propagation.") for key in second)
    assert {tensor.dtype for tensor in held.values()} == {torch.float16}
    assert joined.stat().st_size < detailed.stat().st_size


def test_the_header_tells(joined: Path, detailed: Path) -> None:
    header = read_header(joined)
    assert header.less_detail
    assert header.about == {
        "name": "gan",
        "detail": "1 is gan.safetensors, 0 is regression.safetensors",
    }
    assert read_header(detailed).less_detail == ()


# A file with one end


def test_one_end_has_detail_1_alone(detailed: Path) -> None:
    assert state(detailed).keys() == state(detailed, 1.0).keys()
    with pytest.raises(ConfigError) as caught:
        load_generator(detailed, 0.5)
    assert str(caught.value).startswith(
        f"{detailed}: has one end, which is detail 1, not 0.5. Leave detail away, or give"
    )


@pytest.mark.parametrize("detail", [-1, 1.5, float("nan")])
def test_detail_ends_at_the_ends(joined: Path, detail: float) -> None:
    with pytest.raises(ConfigError, match="detail must be a number from 0 to 1, not"):
        load_generator(joined, detail)


# What cannot be joined


def test_other_architectures_are_refused(detailed: Path, tmp_path: Path) -> None:
    other = saved(tmp_path / "x.safetensors", replace(TINY, stem="add", skip="low"))
    message = (
        r"x\.safetensors: is of another architecture than .*\(other stem, skip\)\. Give two"
    )
    with pytest.raises(CheckpointError, match=message):
        join_weights(detailed, other, tmp_path / "both.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["x.safetensors"]


def test_equal_weights_are_refused(detailed: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is equal to .*nothing lies between them"):
        join_weights(detailed, detailed, tmp_path / "both.safetensors")


def test_two_ends_are_no_end(detailed: Path, joined: Path, tmp_path: Path) -> None:
    for pair in ((joined, detailed), (detailed, joined)):
        with pytest.raises(CheckpointError, match=r"both\.safetensors: has two ends already"):
            join_weights(*pair, tmp_path / "x.safetensors")


def test_discriminators_have_no_detail(detailed: Path, tmp_path: Path) -> None:
    judge = DISCRIMINATORS["tiny"]
    path = tmp_path / "judge.safetensors"
    save_weights(path, Discriminator(judge), Header(config=judge))
    with pytest.raises(CheckpointError, match="holds a discriminator, not a generator"):
        join_weights(detailed, path, tmp_path / "x.safetensors")
    rewrite(path, path, load_file(path), less_detail='["mix.bias"]')
    held = load_file(path)
    rewrite(path, path, held | {f"{PREFIX}mix.bias": torch.zeros(8)})
    with pytest.raises(CheckpointError, match=f"has the foreign tensor '{PREFIX}mix.bias'"):
        load_discriminator(path)


# Damage


def test_both_ends_are_whole_or_refused(joined: Path, tmp_path: Path) -> None:
    """Whatever detail is asked for."""
    held, path = load_file(joined), tmp_path / "x.safetensors"
    key = next(key for key in held if key.startswith(PREFIX))
    less = {one: tensor for one, tensor in held.items() if one != key}
    listed = json.dumps([*read_header(joined).less_detail, "soup"])
    for tensors, metadata, message in (
        (less, {}, f"lacks '{key}'"),
        (held | {f"{PREFIX}soup": torch.zeros(1)}, {}, f"the foreign tensor '{PREFIX}soup'"),
        (held | {key: torch.zeros(99)}, {}, rf"'{key}' has shape \(99,\), the network needs"),
        (held, {"less_detail": "[]"}, f"has the foreign tensor '{PREFIX}"),
        (held, {"less_detail": listed}, "has the foreign tensor 'soup'"),
        (held, {"less_detail": "{}"}, r"cannot be read \(expected names of tensors, found"),
        (held, {"less_detail": "[3]"}, r"cannot be read \(expected names of tensors, found"),
    ):
        rewrite(path, joined, tensors, **metadata)
        for detail in (1.0, 0.5):
            with pytest.raises((CheckpointError, ConfigError), match=message) as caught:
                load_generator(path, detail)
            assert "\n" not in str(caught.value)
