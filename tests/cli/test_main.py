"""The program as people start it: real processes, exit codes, one line per mistake."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

PROGRAM = Path(sys.executable).with_name("videogigagan")


def test_upscale_tells_where_things_lie(run, tiny_weights, small_video, tmp_path) -> None:
    target = tmp_path / "out.mkv"
    status, out, err = run("upscale", str(small_video), "-o", str(target), "--weights",
        str(tiny_weights), "--compare", "side", "--frames", "3", "-d", "cpu", "-crf", "30",
    )  # fmt: skip
    assert status == 0
    assert "out.mkv" in out
    assert "out_compare.mkv" in out
    assert "3 frames of 128x96" in out
    assert "s per frame" in out
    assert "frame 3/3" in err
    assert target.is_file()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (
            ["upscale", "none.mp4", "-o", "x.mp4", "--weights", "TINY"],
            1,
            "none.mp4: no such file",
        ),
        (["upscale", "VIDEO", "-o", "VIDEO", "--weights", "TINY"], 1, "is the input"),
        (["upscale", "VIDEO", "--weights", "none"], 1, "none: no such weights"),
        (["upscale", "VIDEO", "--weights", "VIDEO"], 1, "is not a safetensors file"),
        (["upscale", "VIDEO", "--weights", "TINY", "--scale", "0.5"], 2, "scale must be a num"),
        (["upscale", "VIDEO", "--weights", "TINY", "--size", "big"], 2, "is no size"),
        (["upscale", "VIDEO", "--weights", "TINY", "--height", "12"], 2, "smaller than the in"),
        (
            ["upscale", "VIDEO", "--weights", "TINY", "--scale", "2", "--height", "96"],
            2,
            "scale and height: each",
        ),
        (["upscale", "VIDEO", "--weights", "TINY", "--device", "abacus"], 2, "device 'abacus'"),
        (
            ["upscale", "VIDEO", "--weights", "TINY", "--crf", "99"],
            2,
            "crf must be from 0 to 51",
        ),
        (
            ["upscale", "VIDEO", "--weights", "TINY", "--frames", "0"],
            2,
            "frames must be at least",
        ),
        (
            ["upscale", "VIDEO", "--weights", "TINY", "--chunk", "0"],
            2,
            "chunk must be at least 1",
        ),
        (["upscale", "VIDEO", "--weights", "TINY", "--seed", "-1"], 2, "seed must be from 0"),
        (["upscale", "VIDEO", "--weights", "TINY", "--detail", "2"], 2, "detail must be a num"),
        (["upscale", "VIDEO", "--weights", "TINY", "--detail", "0.5"], 2, "has one end, which"),
        (
            ["upscale", "VIDEO", "--weights", "TINY", "--max-pixels", "100"],
            1,
            "more than 100 pix",
        ),
        (["inspect", "none"], 1, "none: no such weights"),
        (["import", "none.pth", "-o", "x.safetensors"], 1, "none.pth: no such file"),
        (["import", "VIDEO", "-o", "TINY"], 2, "exists already"),
        (
            ["import", "VIDEO", "-o", "x.safetensors"],
            1,
            "cannot be read safely|can be read safely",
        ),
    ],
)
def test_a_mistake_is_one_clear_line(
    run, monkeypatch, tmp_path, tiny_weights, small_video, arguments, status, message
) -> None:
    monkeypatch.chdir(tmp_path)
    places = {"VIDEO": str(small_video), "TINY": str(tiny_weights)}
    arguments = [places.get(argument, argument) for argument in arguments]
    found, _, err = run(*arguments)
    assert found == status
    assert err.startswith("videogigagan: ")
    assert len(err.splitlines()) == 1
    assert any(part in err for part in message.split("|"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.catalogue("T38")
def test_a_name_of_two_lines_is_told_in_one(run, tiny_weights, tmp_path) -> None:
    missing = tmp_path / "two\nlines.mp4"
    status, _, err = run("upscale", str(missing), "--weights", str(tiny_weights))
    assert status == 1
    assert err.count("\n") == 1
    assert "two lines.mp4: no such file" in err


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["upscale"], ["upscale", "a.mp4", "--wings", "2"]]
)
def test_usage_mistakes_exit_2(run, arguments) -> None:
    assert run(*arguments)[0] == 2


def test_inspect_shows_what_a_file_holds(run, tiny_weights) -> None:
    status, out, _ = run("inspect", str(tiny_weights))
    assert status == 0
    assert "a generator" in out
    assert "name: tiny" in out
    assert "parameters: 1,466,443" in out
    assert '"scale": 4' in out


def test_import_converts_released_weights(run, tmp_path, basicvsr_weights) -> None:
    target = tmp_path / "reds.safetensors"
    status, out, _ = run("import", str(basicvsr_weights / "BasicVSR_REDS4.pth"), "-o",
        str(target),
    )  # fmt: skip
    assert status == 0
    assert "basicvsr propagation, 64 channels, 30 blocks" in out
    assert "a propagation" in run("inspect", str(target))[1]


class Malicious:
    def __reduce__(self):
        return os.mkdir, ("hacked",)


@pytest.mark.catalogue("T48")
def test_import_runs_no_code(run, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"params": Malicious()}, "bad.pth")
    status, _, err = run("import", "bad.pth", "-o", "x.safetensors")
    assert status == 1
    assert "can be read safely" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.pth"]


def test_import_refuses_other_networks(run, tmp_path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"params": {"a": torch.zeros(1)}}, path)
    target = str(tmp_path / "x.safetensors")
    status, _, err = run("import", str(path), "-o", target)
    assert status == 1
    assert "neither a BasicVSR nor a BasicVSR++ (1 tensors found)" in err


@pytest.mark.catalogue("T35")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_leaves_no_half_file(tmp_path, tiny_weights, long_video) -> None:
    process = subprocess.Popen(
        [PROGRAM, "upscale", long_video, "-o", tmp_path / "x.mp4", "--weights", tiny_weights,
            "--resume", "off"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    while process.poll() is None and not list(tmp_path.iterdir()):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "videogigagan: stopped; nothing half-written is left."
    assert list(tmp_path.iterdir()) == []


def test_a_closed_pipe_is_no_crash(tiny_weights) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    outcome = subprocess.run(
        [PROGRAM, "inspect", tiny_weights],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (outcome.returncode, outcome.stderr) == (1, "")
