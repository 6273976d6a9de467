"""`videogigagan compare`, as people type it."""

import pytest


def test_compare_tells_where_things_lie(run, small_video, tmp_path) -> None:
    target = tmp_path / "out.mp4"
    status, out, err = run(
        "compare", str(small_video), str(small_video), "-o", str(target), "--mode", "wipe",
        "--slice", "--row", "3", "--frames", "4", "-crf", "30",
    )  # fmt: skip
    assert status == 0
    assert f"comparison  {target}" in out
    assert "out_slice_a.png" in out
    assert "out_slice_b.png" in out
    assert "4 frames of 32x24 each" in out
    assert "frame 4/4" in err
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["none.mp4", "VIDEO", "-o", "x.mp4"], 1, "none.mp4: no such file"),
        (["VIDEO", "none.mp4", "-o", "x.mp4"], 1, "none.mp4: no such file"),
        (["VIDEO", "VIDEO", "-o", "VIDEO"], 1, "is the input"),
        (["VIDEO", "VIDEO", "-o", "x.webm"], 1, "its suffix is not known (.webm)"),
        (["VIDEO", "LONG", "-o", "x.mp4"], 1, "different numbers of frames (5 and 400)"),
        (["VIDEO", "VIDEO", "-o", "x.mp4", "--row", "2"], 2, "only slices have a row"),
        (["VIDEO", "VIDEO", "-o", "x.mp4", "--gain", "-1"], 2, "gain must be above 0"),
        (["VIDEO", "VIDEO", "-o", "x.mp4", "--max-pixels", "9"], 1, "more than 9 pixels"),
    ],
)
def test_a_mistake_is_one_clear_line(
    run, monkeypatch, tmp_path, small_video, long_video, arguments, status, message
) -> None:
    monkeypatch.chdir(tmp_path)
    places = {"VIDEO": str(small_video), "LONG": str(long_video)}
    found, _, err = run("compare", *(places.get(argument, argument) for argument in arguments))
    assert found == status
    lines = [line for line in err.splitlines() if not line.startswith("frame ")]
    assert len(lines) == 1
    assert lines[0].startswith("videogigagan: ")
    assert message in lines[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["a.mp4", "b.mp4"], ["a.mp4", "-o", "x.mp4"]])
def test_usage_mistakes_exit_2(run, arguments) -> None:
    assert run("compare", *arguments)[0] == 2
