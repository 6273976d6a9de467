"""Systems that are not ours, and what they are called."""

import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from videogigagan.errors import CheckpointError
from videogigagan.evaluate.systems import System, build_system


def build(name: str) -> System:
    return build_system(name, data_set="vid4", degradation="bi")


def test_external_results_are_read_by_clip(tmp_path: Path) -> None:
    folder = tmp_path / "seedvr2" / "city"
    folder.mkdir(parents=True)
    for index in range(3):
        Image.new("RGB", (72, 64), (51 * index, 0, 255)).save(folder / f"{index}.png")
    system = build(f"external={folder.parent}")
    assert system.title == "seedvr2"
    assert (system.parameters, system.weights) == (None, None)
    large = torch.stack(list(system.upscale(torch.rand(3, 3, 16, 18), "city")))
    assert_close(large.mean(dim=(2, 3)), torch.tensor([[i / 5, 0, 1] for i in range(3)]))


def test_external_command_is_called_by_its_program() -> None:
    system = build(f"external-command='{sys.executable}' tool.py {{input}} {{output}}")
    assert system.title == Path(sys.executable).name
    assert (system.parameters, system.weights) == (None, None)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Real-ESRGAN:external={}", "Real-ESRGAN"),
        ("Our bicubic :bicubic", "Our bicubic"),
        ("external={}", "results"),
    ],
)
def test_a_title_may_stand_before_a_colon(tmp_path: Path, name: str, title: str) -> None:
    (tmp_path / "results").mkdir()
    name = name.format(tmp_path / "results")
    system = build(name)
    assert (system.name, system.title) == (name, title)


def test_colons_of_paths_and_commands_are_no_titles(tmp_path: Path) -> None:
    (tmp_path / "a:b").mkdir()
    assert build(f"external={tmp_path / 'a:b'}").title == "a:b"
    with pytest.raises(CheckpointError, match=r"^C:.*x\.safetensors: no such weights"):
        build(r"C:\models\x.safetensors")
