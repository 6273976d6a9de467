"""Training as a person starts it: one folder that explains itself, goes on, and adds up."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from videogigagan.frozen.lpips import LPIPS
from videogigagan.model.checkpoint import load_generator
from videogigagan.model.presets import TABLE_1_ROWS
from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import LossWeights, Stage, TrainConfig
from videogigagan.train.config_file import load_config, save_config
from videogigagan.train.devices import Devices
from videogigagan.train.estimate import Estimate
from videogigagan.train.journal import read_journal
from videogigagan.train.recipes import ablation_recipe, recipe

PROGRAMS = Path(sys.executable).parent
WITHOUT_LPIPS = LossWeights(lpips=0.0)


def small(stage: Stage, **changes: object) -> TrainConfig:
    """A tiny run that needs no published weights."""
    config = recipe("tiny", stage)
    data = replace(config.data, small_size=12, frames=1 if stage == "image" else 2)
    settings = {"steps": 2, "batch": 2, "losses": WITHOUT_LPIPS, "data": data} | changes
    return replace(config, **settings)


def untrained_lpips(folder: Path) -> Path:
    """A folder with LPIPS weights that nobody has trained."""
    folder.mkdir()
    state = LPIPS("alex").state_dict()
    heads = [key for key in state if key.startswith("heads.")]
    for key in heads:
        state[f"lin{key.removeprefix('heads.')}.model.1.weight"] = state.pop(key)
    torch.save(dict(state), folder / "lpips_alex.pth")
    return folder


@pytest.fixture
def material(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with photos and configurations of both stages."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for number in range(4):
        noise = np.random.default_rng(number).integers(0, 256, (56, 64, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / "photos" / f"{number}.png")
    (tmp_path / "photos" / "damaged.png").write_bytes(b"no picture")
    save_config(small("image"), tmp_path / "image.json")
    save_config(small("video"), tmp_path / "video.json")
    return tmp_path


def test_both_stages_from_photos_to_weights(run: Callable, material: Path) -> None:
    options = ("--photos", "photos:2", "--held-out", "0.3", "-d", "cpu", "--workers", "0")
    status, out, err = run("train", "image", "--config", "image.json", "-o", "one", *options)
    assert status == 0, err
    assert "step 2/2" in err
    assert f"weights  {Path('one/weights/generator.safetensors')}" in out
    assert "2 steps, 0:00:" in out
    load_generator(Path("one/weights/generator.safetensors"))
    found = {path.name for path in (material / "one").iterdir()}
    assert found >= {"config.json", "journal.jsonl", "samples", "state.pt", "weights"}
    assert (material / "one" / "samples" / "step_000002.png").is_file()
    events = [one["event"] for one in read_journal(Path("one/journal.jsonl"))]
    assert [one for one in events if one != "skipped"] == [
        "started",
        "step",
        "step",
        "validation",
        "stopped",
    ]
    second = ("train", "video", "--config", "video.json", "-o", "two", "--image-model", "one")
    status, _, err = run(*second, *options)
    assert status == 0, err
    config = load_config(Path("two/config.json"))
    assert config.start.image == str(Path("one/weights/generator.safetensors"))
    assert config.start.discriminator == str(Path("one/weights/discriminator.safetensors"))
    assert (material / "two" / "samples" / "step_000002_xt.png").is_file()


def test_the_same_command_goes_on_and_another_is_refused(run: Callable, material: Path) -> None:
    command = ("train", "image", "--config", "image.json", "--photos", "photos", "-o", "run")
    options = ("--held-out", "0", "-d", "cpu")
    assert run(*command, *options)[0] == 0
    assert (material / "run" / "samples").is_dir()
    status, out, _ = run(*command, *options)
    assert status == 0
    assert "all steps had been made before" in out
    status, out, _ = run(*command, *options, "--steps", "3")
    assert status == 0
    assert out.splitlines()[-1].startswith("1 steps, ")
    status, _, err = run(*command, *options, "--seed", "1")
    assert status == 2
    assert "seed differs" in err.splitlines()[-1]


def test_a_dry_run_says_what_would_be(
    run: Callable, material: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Estimate(
        generator=10, discriminator=5, memory=2**30, held=2**29, flops=10**9, penalty_flops=0
    )
    monkeypatch.setattr("videogigagan.cli.session.estimate", lambda config: found)  # noqa: ARG005
    status, out, _ = run(
        "train", "image", "--config", "image.json", "--photos", "photos", "--dry-run"
    )
    assert status == 0
    told = {line.split()[0] for line in out.splitlines()}
    assert told >= {"generator", "discriminator", "memory", "arithmetic", "steps", "data"}
    assert "photos: 4 to learn from, 1 held out" in out
    assert not (material / "runs").exists()


def test_a_configuration_can_be_written_edited_and_used(run: Callable, material: Path) -> None:
    options = ("--preset", "paper-4x", "--photos", "photos:2", "--degradation", "real")
    status, out, _ = run(
        "train", "video", *options, "--frames", "6", "--crop", "48", "--write-config", "my.json"
    )
    assert status == 0
    assert out.startswith("my.json: edit it")
    written = json.loads((material / "my.json").read_text())
    assert written["data"]["photos"] == [{"path": "photos", "weight": 2.0}]
    assert (written["data"]["frames"], written["data"]["small_size"]) == (6, 48)
    assert written["data"]["degradation"] == "real"
    status, _, err = run("train", "video", "--preset", "paper-4x", "--write-config", "my.json")
    assert status == 2
    assert "exists already" in err


@pytest.mark.parametrize("row", TABLE_1_ROWS)
def test_each_row_of_table_1_can_be_trained_alone(
    run: Callable, material: Path, row: str
) -> None:
    stage = "image" if row == "image" else "video"
    options = ("--preset", "paper-4x", "--row", row, "--write-config", "row.json")
    status, _, err = run("train", stage, *options)
    assert status == 0, err
    config = load_config(material / "row.json")
    assert config == ablation_recipe("paper-4x", row)
    assert (config.batch, config.steps, config.optimiser.rate) == (32, 100_000, 5e-5)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["image", "--preset", "huge"], 2, "preset 'huge'"),
        (["image", "--config", "image.json", "-d", "cpu"], 2, "none is named"),
        (["image", "--config", "none.json"], 2, "none.json: no such file"),
        (["video", "--config", "image.json"], 2, "image.json: is of the image stage"),
        (["video", "--row", "image"], 2, "base-4x image: is of the image stage"),
        (["video", "--row", "+colour"], 2, "Table 1 has no row '+colour'"),
        (["video", "--row", "+temporal", "--config", "video.json"], 2, "exclude each other"),
        (["video", "--config", "cached.json"], 2, "learns from cached features"),
        (["video", "--config", "video.json", "--image-model", "photos"], 1, "no image model"),
        (["video", "--preset", "base-4x", "--photos", "photos"], 2, "cannot start fresh"),
        (["image", "--preset", "base-4x", "--photos", "photos"], 2, "cannot start fresh"),
        (["image", "--config", "image.json", "--photos", "none", "--dry-run"], 1, "no such"),
        (["image", "--photos", "photos", "--held-out", "2"], 2, "held_out must lie"),
        (["image", "--preset", "tiny", "--photos", "photos"], 2, "LPIPS needs published"),
        (["image", "--config", "image.json", "--photos", "photos", "-d", "x"], 2, "device 'x'"),
        (["ablation", "--config", "image.json"], 2, "its rows are recipes"),
        (["ablation", "--row", "image"], 2, "its rows are recipes"),
        (["ablation", "-o", "a,b"], 2, "has a comma"),
        (["ablation", "--photos", "photos"], 1, "no folder of published weights"),
        (["ablation", "--metrics", "psnr", "--budget", "long"], 2, "is not a time"),
        (["ablation", "--metrics", "psnr", "--eval-data", "clips=none"], 1, "no such folder"),
    ],
)
def test_a_mistake_is_one_clear_line(
    run: Callable, material: Path, arguments: list[str], status: int, message: str
) -> None:
    cached = CacheConfig(folder="cache", frames=2)
    save_config(small("video", data=cached), material / "cached.json")
    found, _, err = run("train", *arguments)
    assert found == status, err
    assert err.startswith("videogigagan: ")
    assert len(err.splitlines()) == 1
    assert message in err


@pytest.mark.usefixtures("material")
def test_several_processes_cannot_time_an_ablation(
    run: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = nullcontext(Devices(device=torch.device("cpu"), ranks=2))
    monkeypatch.setattr("videogigagan.cli.session.open_devices", lambda *_, **__: two)
    command = ("train", "ablation", "--preset", "tiny", "--photos", "photos")
    status, _, err = run(*command, "--metrics", "psnr")
    assert status == 2
    assert err.endswith("ablation: several processes need a number of steps. Give --steps.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_stop_saves_and_goes_on_bit_for_bit(
    run: Callable, material: Path, number: signal.Signals
) -> None:
    """A terminal tells the whole group of processes, and so do torchrun and clusters."""
    command = ["train", "image", "--config", "image.json", "--photos", "photos", "-d", "cpu"]
    command += ["--held-out", "0", "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "videogigagan", *command, "-o", "run", "--steps", "100000"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    journal = material / "run" / "journal.jsonl"
    while process.poll() is None and not (
        journal.exists() and '"event": "step"' in journal.read_text()
    ):
        time.sleep(0.05)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=100)
    assert process.returncode == 130, err
    last = read_journal(journal)[-1]
    assert last["reason"] == "interrupted"
    made = int(str(last["step"]))
    assert err.splitlines()[-1].startswith(f"videogigagan: stopped after step {made} of 100000")
    for folder in ("run", "whole"):
        assert run(*command, "-o", folder, "--steps", str(made + 1))[0] == 0
    steps = [one["step"] for one in read_journal(journal) if one["event"] == "step"]
    assert steps == list(range(1, made + 2))
    states = [
        torch.load(f"{folder}/state.pt", weights_only=True) for folder in ("run", "whole")
    ]
    one, other = (dict(leaves(state)) for state in states)
    assert one.keys() == other.keys()
    assert [place for place in one if not torch.equal(one[place], other[place])] == []


def leaves(content: object, place: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor of a state, by its place."""
    if isinstance(content, torch.Tensor):
        yield place, content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from leaves(value, f"{place}/{key}")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_ablation_trains_and_measures_five_rows(run: Callable, material: Path) -> None:
    weights = untrained_lpips(material / "weights")
    command = ("train", "ablation", "--preset", "tiny", "--photos", "photos", "--crop", "12")
    options = ("--metrics", "psnr,lpips", "--judges", str(weights), "--held-out", "0.3")
    status, out, err = run(*command, *options, "--frames", "2", "--budget", "6s", "-o", "table")
    assert status == 0, err
    rows = ("GigaGAN (base upsampler)", "+ Temporal attention", "+ Flow-guided propagation")
    for row in (*rows, "+ BlurPool", "+ High-freq shuttle"):
        assert f"| {row} |" in out
    page = (material / "table" / "ablation.md").read_text()
    assert "100,000 steps" in page
    assert "LPIPS (Alex)" in page
    planned = json.loads((material / "table" / "ablation.json").read_text())
    assert planned["steps"] >= 1
    assert run(*command, *options, "--frames", "2", "--budget", "6s", "-o", "table")[0] == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("material")
@pytest.mark.parametrize("extra", [(), ("--shard",)])
def test_torchrun_starts_the_same_command(extra: tuple[str, ...]) -> None:
    command = [PROGRAMS / "torchrun", "--nproc-per-node", "2", "-m", "videogigagan"]
    command += ["train", "image", "--config", "image.json", "--photos", "photos", "-d", "cpu"]
    command += ["--held-out", "0.3", "--micro-batch", "1", "-o", "run", *extra]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.count("weights  ") == 1
    started, *entries = read_journal(Path("run/journal.jsonl"))
    assert started["ranks"] == 2
    assert [one["step"] for one in entries if one["event"] == "step"] == [1, 2]
