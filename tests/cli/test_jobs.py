"""Several inputs on one command line."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def upscale(run, tiny_weights, small_video, tmp_path, monkeypatch):
    """Upscale in a folder that holds two clips, and in between something that is none."""
    monkeypatch.chdir(tmp_path)
    clips = tmp_path / "clips"
    clips.mkdir()
    for name in ("a.mp4", "c.mp4"):
        shutil.copy(small_video, clips / name)
    (clips / "b.mp4").write_text("nothing to see here\n" * 50)

    def start(*arguments: str) -> tuple[int, str, str]:
        fast = ("--weights", str(tiny_weights), "--frames", "2", "-crf", "40")
        return run("upscale", *arguments, *fast)

    return start


def listed(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def test_a_failing_input_does_not_stop_the_others(upscale) -> None:
    status, out, err = upscale("clips/*.mp4", "-o", "out")
    assert status == 1
    assert listed("out") == ["a_x4.mp4", "c_x4.mp4"]
    assert out.count("2 frames of 128x96") == 2
    lines = err.splitlines()
    for number, name in enumerate("abc", start=1):
        assert f"{number}/3 clips/{name}.mp4" in lines
    assert "videogigagan: clips/b.mp4: " in err
    assert lines[-1] == (
        "videogigagan: 1 of 3 inputs have no result (clips/b.mp4). "
        "See above for each; the others are done."
    )


def test_the_same_command_goes_on_with_what_is_missing(upscale) -> None:
    assert upscale("clips/a.mp4", "clips/c.mp4", "-o", "out", "--frames", "1")[0] == 0
    Path("out/c_x4.mp4").unlink()
    before = Path("out/a_x4.mp4").read_bytes()
    again = ("clips/a.mp4", "clips/c.mp4", "-o", "out")
    status, _, err = upscale(*again)
    assert (status, len(err.splitlines())) == (1, 1)
    assert "out/a_x4.mp4: exists already" in err
    assert upscale(*again, "--skip-existing")[0] == 0
    assert listed("out") == ["a_x4.mp4", "c_x4.mp4"]
    assert Path("out/a_x4.mp4").read_bytes() == before
    assert upscale(*again, "--skip-existing")[:2] == (0, "every result exists already\n")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["*.avi"], 1, "*.avi: matches nothing"),
        (["clips", "-o", "out.mp4"], 2, "several inputs need a folder"),
        (["clips", "-o", "none/out"], 1, "its folder does not exist"),
        (["clips", "--skip-existing", "-y"], 2, "contradict each other"),
        (["clips", "-o", "out", "--device", "abacus"], 2, "device 'abacus'"),
    ],
)
def test_a_mistake_is_one_clear_line(upscale, arguments, status, message) -> None:
    found, _, err = upscale(*arguments)
    assert found == status
    assert err.startswith("videogigagan: ")
    assert len(err.splitlines()) == 1
    assert message in err
    assert listed(".") == ["clips"]
    assert len(listed("clips")) == 3


def test_a_folder_for_results_does_not_stay_empty(upscale) -> None:
    assert upscale("clips/b*", "-o", "out")[0] == 1
    assert listed(".") == ["clips"]
