"""Several devices: real processes on one machine, joined by gloo."""

import json
import os
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn
from train_fakes import tensors, tiny, trained

from videogigagan.errors import ConfigError
from videogigagan.ops.layout import channels_last
from videogigagan.train.devices import copied, fill, lost_if_broken, open_devices

WORKER = Path(__file__).with_name("train_worker.py")


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def under_torchrun(*arguments: object) -> list[dict[str, float]]:
    """Two ranks; the figures of every step."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*launch, "--nproc-per-node", "2", str(WORKER), *map(str, arguments)]
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def two_processes(*arguments: object) -> list[subprocess.Popen[str]]:
    """Two ranks without torchrun, which would end them all when one ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return [
        subprocess.Popen(
            [sys.executable, str(WORKER), *map(str, arguments)],
            env={**environment(), **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]


def assert_same(
    some: list[dict[str, float]], others: list[dict[str, float]], *, tolerance: float
) -> None:
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        assert one == pytest.approx(other, abs=tolerance, rel=tolerance)


def assert_same_run(together: list[dict[str, float]], folder: Path) -> None:
    """What two ranks have done in `folder/two`, adding two micro-batches up each, one does."""
    steps = len(together)
    alone = trained(tiny(steps=steps, batch=4, micro_batch=1), folder / "one")
    assert_same(together, alone, tolerance=1e-4)
    one, two = tensors(folder / "one"), tensors(folder / "two")
    assert one.keys() == two.keys()
    for key in one:
        if key.startswith(("/networks", "/average")):
            torch.testing.assert_close(one[key], two[key], atol=1e-3, rtol=1e-3)


def test_two_ranks_learn_what_one_learns(tmp_path: Path) -> None:
    outcomes = [
        (process.communicate(timeout=110), process.returncode)
        for process in two_processes(tmp_path / "two", "video", 5)
    ]
    assert [code for _, code in outcomes] == [0, 0], outcomes
    (said, _), _ = outcomes[0]
    together = [json.loads(line) for line in said.splitlines()]
    assert [step["discriminator/r1"] > 0 for step in together[::2]] == [True] * 3
    assert len(together) == 5
    assert_same_run(together, tmp_path)


def test_gradients_of_one_pixel_kernels_are_no_news(tmp_path: Path) -> None:
    """DDP takes their strides for another layout, which no user can do anything about."""
    store = f"file://{tmp_path / 'store'}"
    torch.distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            layers = channels_last(nn.Conv2d(64, 64, 1))
            spread = copied(layers, torch.device("cpu"))
            frames = torch.rand(2, 64, 48, 48).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                made = spread(frames)
            made.float().square().mean().backward()
        assert not heard
    finally:
        torch.distributed.destroy_process_group()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_ranks_that_share_the_weights_learn_the_same(tmp_path: Path) -> None:
    """FSDP2 and activation checkpointing, under torchrun; then one device goes on."""
    assert_same_run(under_torchrun(tmp_path / "two", "video", 2, "shard"), tmp_path)
    config = tiny(steps=3, batch=4, micro_batch=1)
    rest = trained(config, tmp_path / "two")
    assert_same(rest, trained(config, tmp_path / "one"), tolerance=1e-3)


@pytest.mark.catalogue("T42")
def test_a_killed_rank_ends_the_run_in_one_line_and_it_can_go_on(tmp_path: Path) -> None:
    first, second = two_processes(tmp_path / "run", "image", 4, "die=1@3")
    out, err = first.communicate(timeout=110)
    second.communicate(timeout=10)
    assert second.returncode == -9
    assert first.returncode == 1
    assert len(out.splitlines()) == 3
    said = [line for line in err.splitlines() if line.startswith("videogigagan: ")]
    (line,) = said
    assert err.splitlines()[-1] == line
    assert line.startswith("videogigagan: training: another process of the run is gone (")
    assert line.endswith("The last saved state is whole; give the same command again to go on.")
    assert torch.load(tmp_path / "run" / "state.pt", weights_only=True)["step"] == 2
    config = tiny("image", steps=4, batch=4, micro_batch=1)
    rest, whole = trained(config, tmp_path / "run"), trained(config, tmp_path / "whole")
    assert_same(rest, whole[2:], tolerance=1e-4)


def test_one_process_needs_no_others() -> None:
    with open_devices("cpu") as devices:
        assert devices.is_main
        assert devices.ranks == 1
        assert devices.mean({"a": 2.0}) == {"a": 2.0}
        assert devices.together(("x",)) == ("x",)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tpu", r"^device 'tpu' is not known\. Choose auto, cpu, cuda or cuda:N\.$"),
        ("cuda:9", r"^device 'cuda:9' is not there \(\d GPUs found\)\. Choose cpu, or start"),
    ],
)
def test_a_device_that_is_not_there_is_one_line(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message), open_devices(name):
        pass


def test_other_errors_stay_what_they_are() -> None:
    for ranks, text in ((1, "connection closed"), (2, "shapes differ")):
        with pytest.raises(RuntimeError, match=text), lost_if_broken(ranks):
            raise RuntimeError(text)


def test_weights_are_filled_in_all_or_not_at_all() -> None:
    there = {"a": torch.zeros(2), "b": torch.zeros(3)}
    for values in ({"a": torch.ones(2)}, {"a": torch.ones(2), "b": torch.ones(1)}):
        with pytest.raises(KeyError, match=r"1 tensors differ, first 'b'"):
            fill(there, values)
    assert not there["a"].any()
