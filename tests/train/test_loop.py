"""The loop: resume is exact, one clip is learned by heart, and a lost run says so."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from train_fakes import (
    CPU,
    PLAIN,
    Onlooker,
    drifting,
    one_clip,
    tensors,
    tiny,
    trained,
    untrained_lpips,
)

from videogigagan.errors import CheckpointError, ConfigError, VideoGigaGANError
from videogigagan.model.checkpoint import load_discriminator, load_generator, read_header
from videogigagan.train.config import LossWeights, OptimiserConfig
from videogigagan.train.devices import Devices
from videogigagan.train.loop import claim, run

WORKER = Path(__file__).with_name("train_worker.py")


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [key for key in one if not torch.equal(one[key], other[key])] == []


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, float]]]:
    """A run of 4 steps that nothing has stopped, and its figures."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, trained(tiny(), folder)


@given(stop=st.integers(1, 3))
@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_run_that_was_stopped_goes_on_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory,
    whole: tuple[Path, list[dict[str, float]]],
    stop: int,
) -> None:
    folder, figures = whole
    broken, count = tmp_path_factory.mktemp("broken"), iter(range(1, 5))
    asked = run(
        tiny(),
        broken,
        judges=None,
        devices=CPU,
        feed=drifting,
        stop=lambda: next(count) == stop,
    )
    first = [step.figures for step in asked]
    torch.manual_seed(99)
    assert first == figures[:stop]
    assert trained(tiny(), broken) == figures[stop:]
    assert_equal(tensors(broken), tensors(folder))


def test_a_run_that_was_killed_goes_on_bit_for_bit(tmp_path: Path) -> None:
    """A process of its own is killed in its third step; two were saved."""
    folder = tmp_path / "killed"
    config = tiny("image", steps=3, batch=4, micro_batch=1)
    done = subprocess.run(
        [sys.executable, str(WORKER), str(folder), "image", "3", "die=0@2"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == -signal.SIGKILL
    made = [json.loads(line) for line in done.stdout.splitlines()]
    unbroken = trained(config, tmp_path / "unbroken")
    assert made == unbroken[:2]
    assert trained(config, folder) == unbroken[2:]
    assert_equal(tensors(folder), tensors(tmp_path / "unbroken"))


def test_a_run_past_its_end_is_finished(
    whole: tuple[Path, list[dict[str, float]]], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(whole[0], folder)
    onlooker = Onlooker()
    assert trained(tiny(steps=3), folder, onlooker=onlooker) == []
    assert onlooker.told == [("started", 4), ("stopped", 4)]
    assert onlooker.reasons == ["finished"]


def test_a_finished_run_does_nothing_more(
    whole: tuple[Path, list[dict[str, float]]], tmp_path: Path
) -> None:
    before = (whole[0] / "state.pt").read_bytes()
    assert trained(tiny(), whole[0]) == []
    assert (whole[0] / "state.pt").read_bytes() == before
    assert len(trained(tiny(steps=5), whole[0])) == 1  # a constant rate may go on further
    assert not list(tmp_path.iterdir())


def test_a_run_explains_itself_and_leaves_weights(tmp_path: Path) -> None:
    config = tiny("image", steps=3)
    onlooker = Onlooker()
    trained(config, tmp_path, onlooker=onlooker)
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    weights = {"weights", "weights/generator.safetensors", "weights/discriminator.safetensors"}
    assert names == {"config.json", "state.pt"} | weights
    path = tmp_path / "weights" / "generator.safetensors"
    assert read_header(path).about == {"name": config.name, "stage": "image", "steps": "3"}
    generator = load_generator(path)
    assert generator.config == config.generator
    assert_equal(generator.state_dict(), onlooker.shown[3])
    discriminator = load_discriminator(path.with_name("discriminator.safetensors"))
    assert discriminator.config == config.discriminator


def test_onlookers_see_the_averaged_generator_when_they_look(tmp_path: Path) -> None:
    onlooker = Onlooker(every=3)
    trained(tiny("image", steps=4, save_every=4), tmp_path, onlooker=onlooker)
    steps = [("step", number) for number in range(1, 5)]
    assert onlooker.told == [("started", 0), *steps, ("stopped", 4)]
    assert onlooker.reasons == ["finished"]
    assert list(onlooker.shown) == [3]
    trained(tiny("image", steps=3, save_every=3), tmp_path / "short")
    short = tensors(tmp_path / "short")
    for key, value in onlooker.shown[3].items():
        assert torch.equal(value, short[f"/average/{key}"])


def test_onlookers_hear_how_it_ended(tmp_path: Path) -> None:
    onlooker = Onlooker(every=9)
    steps = run(
        tiny("image", steps=4),
        tmp_path,
        judges=None,
        devices=CPU,
        feed=drifting,
        observers=(onlooker,),
        stop=lambda: True,
    )
    assert [step.step for step in steps] == [1]
    assert onlooker.reasons == ["interrupted"]
    assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == 1


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_its_state(tmp_path: Path) -> None:
    def poisoned(config, share):
        for number, batches in enumerate(drifting(config, share), start=1):
            poison = torch.nan if number == 4 else 1.0
            yield [replace(batch, large=poison * batch.large) for batch in batches]

    onlooker = Onlooker()
    message = (
        r"^training: generator/total is not finite at step 4\. What was before it is saved; "
        r"start another run from its weights at a lower rate\.$"
    )
    with pytest.raises(VideoGigaGANError, match=message):
        trained(tiny("image", steps=6), tmp_path, poisoned, onlooker=onlooker)
    assert onlooker.told[-1] == ("stopped", 3)
    assert onlooker.reasons[0].startswith("training: generator/total is not finite")
    assert_equal(tensors(tmp_path), tensors_after(3, tmp_path / "whole"))
    assert read_header(tmp_path / "weights" / "generator.safetensors").about["steps"] == "3"


def tensors_after(steps: int, folder: Path) -> dict[str, torch.Tensor]:
    trained(tiny("image", steps=steps), folder)
    return tensors(folder)


def test_files_that_were_skipped_are_told(tmp_path: Path) -> None:
    def damaged(config, share):
        for batches in drifting(config, share):
            yield [replace(batch, skipped=("broken.mp4",)) for batch in batches]

    steps = run(tiny("image", steps=1), tmp_path, judges=None, devices=CPU, feed=damaged)
    (step,) = steps
    assert step.skipped == ("broken.mp4",)
    assert not {"skipped", "stop"} & step.figures.keys()
    assert step.rate == 2e-3
    assert 0 <= step.waited < step.seconds


def test_another_run_is_refused(tmp_path: Path) -> None:
    claim(tiny(), tmp_path, CPU)
    claim(tiny(steps=9, save_every=1, checkpointing=True), tmp_path, CPU)
    message = r"holds another run \(losses\.gan differs\)\. Name another folder, or go on with"
    with pytest.raises(ConfigError, match=message):
        claim(tiny(losses=replace(PLAIN, gan=0.5)), tmp_path, CPU)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = r"file.run.weights: cannot be made \(Not a directory\)\. Choose another --out\.$"
    with pytest.raises(ConfigError, match=message):
        claim(tiny(), tmp_path / "file" / "run", CPU)


def test_a_batch_that_devices_cannot_share_out_is_refused(tmp_path: Path) -> None:
    message = (
        r"^training: a batch of 4 does not divide into micro-batches of 2 on 3 devices\. "
        r"Change one of them\.$"
    )
    with pytest.raises(ConfigError, match=message):
        claim(tiny(batch=4), tmp_path, Devices(device=torch.device("cpu"), ranks=3))


def test_devices_that_find_different_states_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Devices, "together", lambda _, names: (*names, "500"))
    message = r": not every device finds the same state there\. Give a folder that all"
    with pytest.raises(ConfigError, match=message):
        trained(tiny("image", steps=1), tmp_path)


def test_another_networks_state_is_refused(tmp_path: Path) -> None:
    trained(tiny("image", steps=1), tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"state\.pt: is not a state of this run \("):
        trained(tiny(steps=1), tmp_path)


@pytest.mark.timeout(300)  # 30 s, or many times that beside a training run
def test_one_clip_is_learned_along_a_known_curve(tmp_path: Path) -> None:
    """All of Eq. 2, with an LPIPS that nobody has trained."""
    config = tiny(
        steps=30,
        batch=1,
        micro_batch=1,
        losses=LossWeights(lpips=0.5),
        optimiser=OptimiserConfig(
            rate=1e-3, discriminator_rate=2e-4, betas=(0.9, 0.99), warmup=5, flow_frozen=10
        ),
        save_every=30,
    )
    judges = untrained_lpips(tmp_path)
    steps = run(config, tmp_path / "run", judges=judges, devices=CPU, feed=one_clip)
    figures = [step.figures for step in steps]
    for name, values in KNOWN.items():
        assert [step[name] for step in figures[::5]] == pytest.approx(values, rel=0.04)


KNOWN = {
    "generator/charbonnier": [0.1756, 0.1629, 0.1444, 0.1310, 0.1217, 0.1130],
    "generator/lpips": [2.9604, 1.9109, 1.7743, 1.7172, 1.3242, 1.0971],
    "discriminator/real": [0.6982, 0.6918, 0.6869, 0.6590, 0.6134, 0.5573],
    "discriminator/fake": [0.7130, 0.6237, 0.6968, 0.6844, 0.7175, 0.7819],
}
