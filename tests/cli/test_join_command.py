"""`videogigagan join`, and what `inspect` says of what it makes."""

from pathlib import Path

import pytest
import torch

from videogigagan.model.checkpoint import Header, load_generator, read_header, save_weights


@pytest.fixture
def pair(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `gan.safetensors`, one bias moved, and `regression.safetensors`."""
    monkeypatch.chdir(tmp_path)
    generator = load_generator(tiny_weights)
    header = read_header(tiny_weights)
    save_weights(Path("regression.safetensors"), generator, header)
    with torch.no_grad():
        generator.mapping.get_parameter(next(iter(generator.mapping.state_dict()))).add_(0.1)
    save_weights(Path("gan.safetensors"), generator, Header(config=header.config))
    return tmp_path


JOIN = ("join", "gan.safetensors", "regression.safetensors", "-o", "both.safetensors")


@pytest.mark.usefixtures("pair")
def test_join_makes_a_file_with_a_knob(run) -> None:
    status, out, err = run(*JOIN)
    assert status == 0, err
    assert "both.safetensors: " in out
    assert "1 is gan.safetensors, 0 is regression.safetensors; 1 tensors differ" in out
    assert run("inspect", "gan.safetensors")[1].count("--detail") == 0
    _, told, _ = run("inspect", "both.safetensors")
    moved = load_generator(Path("both.safetensors")).mapping
    count = next(moved.parameters()).numel()
    assert f"range of --detail: 0 to 1; {count:,} parameters are others at 0" in told
    assert "parameters: 1,466,443 (float16)" in told
    assert "less_detail" not in told


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["regression.safetensors", "-o", "gan.safetensors"], 2, "exists already"),
        (["none.safetensors", "-o", "x.safetensors"], 1, "none.safetensors: no such file"),
        (["gan.safetensors", "-o", "x.safetensors"], 1, "is equal to gan.safetensors"),
        (["regression.safetensors", "-o", "no/x.safetensors"], 1, "cannot be written"),
    ],
)
def test_a_mistake_is_one_clear_line(run, pair, arguments, status, message) -> None:
    found, _, err = run("join", "gan.safetensors", *arguments)
    assert found == status
    assert err.startswith("videogigagan: ")
    assert len(err.splitlines()) == 1
    assert message in err
    assert len(list(pair.iterdir())) == 2


@pytest.mark.usefixtures("pair")
def test_a_result_is_replaced_if_that_is_said(run) -> None:
    assert run(*JOIN)[0] == 0
    assert run(*JOIN)[0] == 2
    assert run(*JOIN, "-y")[0] == 0
