"""`videogigagan upscale` told to plan only, and told to speak to programs."""

import json
import shutil
from pathlib import Path

import av
import numpy as np
import pytest


@pytest.fixture
def upscale(run, tiny_weights, small_video, tmp_path, monkeypatch):
    """Upscale in a folder that holds a clip of five frames."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(small_video, "clip.mp4")

    def start(*arguments: str) -> tuple[int, str, str]:
        return run("upscale", *arguments, "--weights", str(tiny_weights), "-d", "cpu")

    return start


def rows(out: str) -> dict[str, str]:
    return {line[:11].strip(): line[12:] for line in out.splitlines()}


def test_a_dry_run_tells_everything_and_writes_nothing(upscale) -> None:
    status, out, _ = upscale("clip.mp4", "--dry-run", "--chunk", "3", "-crf", "24")
    assert status == 0
    told = rows(out)
    assert (
        told["input"] == "clip.mp4: 32x24, 25 fps, h264 420, 8 bits, in mov,mp4,m4a,3gp,3g2,mj2"
    )
    assert told["result"] == "clip_x4.mp4: 128x96, h264 yuv420p, CRF 24"
    assert told["frames"] == "5, 0:00:00"
    assert told["shots"] == "found on the way"
    assert told["at a time"] == "5 frames propagated, 3 rendered, whole"
    for row, ending in (("memory", " GiB on cpu"), ("disk", " GiB are free")):
        assert told[row].startswith("about ")
        assert told[row].endswith(ending)
    assert "s per frame on cpu" in told["time"]
    assert [path.name for path in Path().iterdir()] == ["clip.mp4"]


def test_a_dry_run_knows_the_options(upscale) -> None:
    Path("cuts.txt").write_text("0\n2\n")
    told = rows(
        upscale("clip.mp4", "-o", "images", "--dry-run", "--frames", "2", "--height", "60",
            "--shots", "cuts.txt", "--compare", "side")[1]
    )  # fmt: skip
    assert told["result"] == "images: 80x60, PNG images"
    assert told["frames"].startswith("2, ")
    assert told["shots"] == "2, as listed"
    assert told["comparison"].startswith("images_compare: ")
    assert told["disk"].startswith("about 0.0 MiB; ")
    assert rows(upscale("clip.mp4", "--shots", "off", "--dry-run")[1])["shots"] == "one"
    told = rows(upscale("clip.mp4", "-pix_fmt", "yuv444p10le", "--dry-run")[1])
    assert told["result"] == "clip_x4.mp4: 128x96, h265 yuv444p10le, CRF 20"


@pytest.mark.catalogue("T13")
def test_interlaced_input_is_treated_as_told(upscale, caplog) -> None:
    with av.open("fields.mkv", "w") as container:
        coding = {"flags": "+ilme+ildct", "x264-params": "tff=1"}
        video = container.add_stream("libx264", rate=25, options=coding)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for _ in range(3):
            container.mux(video.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(video.encode(None))
    told = {
        choice: upscale("fields.mkv", "--dry-run", "--interlaced", choice)
        for choice in ("deinterlace", "refuse", "keep")
    }
    assert [status for status, *_ in told.values()] == [0, 1, 0]
    assert "fields.mkv: is interlaced (frame 0). Deinterlace it first" in told["refuse"][2]
    assert caplog.messages == [
        "fields.mkv: is interlaced, and is deinterlaced.",
        "fields.mkv: is interlaced, and stays so.",
    ]


@pytest.mark.catalogue("T40")
def test_what_comes_before_damage_can_be_upscaled(upscale, caplog) -> None:
    with av.open("long.mkv", "w", container_options={"cluster_time_limit": "100"}) as container:
        video = container.add_stream("libx264", rate=25, options={"bf": "0"})
        video.width, video.height, video.pix_fmt = 16, 16, "yuv420p"
        for index in range(12):
            picture = np.random.default_rng(index).integers(0, 255, (16, 16, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    content = Path("long.mkv").read_bytes()
    Path("short.mkv").write_bytes(content[: len(content) * 3 // 4])
    status, _, err = upscale("short.mkv", "--resume", "off")
    assert status == 1
    assert "or allow --damaged keep" in err
    assert not Path("short_x4.mkv").exists()
    caplog.clear()
    status, out, _ = upscale("short.mkv", "--damaged", "keep")
    assert status == 0
    with av.open("short_x4.mkv") as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert 0 < frames < 12
    assert f"the input is used up to frame {frames}, and no further" in out
    assert f"after frame {frames} (" in caplog.text


def test_a_dry_run_of_several_makes_no_folder(upscale) -> None:
    shutil.copy("clip.mp4", "other.mp4")
    status, out, _ = upscale("*.mp4", "-o", "out", "--dry-run")
    assert status == 0
    assert "out/clip_x4.mp4" in out
    assert "out/other_x4.mp4" in out
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["none.mp4"], 1, "none.mp4: no such file"),
        (["clip.mp4", "--height", "12"], 2, "smaller than the input"),
        (["clip.mp4", "-o", "no/x.mp4"], 1, "its folder does not exist"),
    ],
)
def test_a_dry_run_tells_mistakes(upscale, arguments, status, message) -> None:
    found, _, err = upscale(*arguments, "--dry-run")
    assert (found, len(err.splitlines())) == (status, 1)
    assert message in err


def test_programs_can_follow(upscale) -> None:
    status, out, err = upscale("clip.mp4", "--progress", "json", "--frames", "3")
    assert status == 0
    assert "result      clip_x4.mp4" in out
    lines = [json.loads(line) for line in err.splitlines()]
    assert [line["stage"] for line in lines] == ["open", *["upscale"] * 3, "done"]
    assert {(line["input"], line["output"]) for line in lines} == {("clip.mp4", "clip_x4.mp4")}
    assert [line["frame"] for line in lines[1:]] == [1, 2, 3, 3]
    assert {line["total"] for line in lines[1:]} == {3}
    assert lines[-1]["eta"] == 0


def test_programs_are_told_what_failed(upscale) -> None:
    Path("bad.mp4").write_text("nothing to see here\n" * 50)
    status, _, err = upscale("bad.mp4", "--progress", "json")
    assert status == 1
    lines = err.splitlines()
    assert json.loads(lines[-2])["stage"] == "failed"
    assert lines[-1] == f"videogigagan: {json.loads(lines[-2])['error']}"


def test_no_progress_is_silence(upscale) -> None:
    assert upscale("clip.mp4", "--progress", "none", "--frames", "1")[2] == ""
