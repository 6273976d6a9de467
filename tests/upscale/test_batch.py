"""Several inputs: what paths stand for, and where results go, settled before any work."""

from pathlib import Path

import pytest

from videogigagan.errors import ConfigError, VideoError
from videogigagan.upscale.batch import Inputs, find_inputs, plan_jobs, result_folder
from videogigagan.upscale.options import UpscaleOptions

FILES = (
    *("a.mp4", "x/a.mp4", "odd[1].mp4", "frames/1.png", "frames/extra.mp4"),
    *("clips/2.mp4", "clips/10.mkv", "clips/notes.txt", "clips/.hidden.mp4"),
)


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A folder to work in, with files that only their names matter of."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "empty").mkdir()
    return tmp_path


def names(inputs: Inputs) -> list[str]:
    return [str(source) for source in inputs.sources]


def plan(
    *given: str, output: str | None = None, skip: bool = False, **options: object
) -> list[tuple[str, str]]:
    jobs = plan_jobs(
        find_inputs([Path(path) for path in given]),
        None if output is None else Path(output),
        label="x4",
        options=UpscaleOptions(**options),
        skip_existing=skip,
    )
    return [(str(job.source), str(job.target)) for job in jobs]


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("given", "meant", "several"),
    [
        (["a.mp4"], ["a.mp4"], False),
        (["none.mp4"], ["none.mp4"], False),  # told when it is opened
        (["frames"], ["frames"], False),
        (["empty"], ["empty"], False),
        (["odd[1].mp4"], ["odd[1].mp4"], False),
        (["clips"], ["clips/2.mp4", "clips/10.mkv"], True),
        (["clips/*.m*"], ["clips/2.mp4", "clips/10.mkv"], True),
        (["[a].mp4"], ["a.mp4"], True),
        (["**/a.mp4"], ["a.mp4", "x/a.mp4"], True),
        (["x/a.mp4", "frames", "x/../x/a.mp4"], ["x/../x/a.mp4", "frames"], True),
    ],
)
def test_paths_stand_for_inputs_in_natural_order(given, meant, several) -> None:
    inputs = find_inputs([Path(path) for path in given])
    assert (names(inputs), inputs.several) == (meant, several)


def test_nothing_given_is_a_usage_mistake() -> None:
    with pytest.raises(ConfigError, match=r"^no input is given\. Name a video file or a"):
        find_inputs([])


@pytest.mark.usefixtures("place")
def test_a_pattern_must_match() -> None:
    with pytest.raises(VideoError, match=r"^\*\.avi: matches nothing\. Check the pattern\.$"):
        find_inputs([Path("*.avi")])


@pytest.mark.usefixtures("place")
def test_results_lie_beside_inputs_or_in_a_folder() -> None:
    assert plan("a.mp4") == [("a.mp4", "a_x4.mp4")]
    assert plan("a.mp4", output="b.mkv") == [("a.mp4", "b.mkv")]
    assert plan("a.mp4", "frames") == [("a.mp4", "a_x4.mp4"), ("frames", "frames_x4")]
    expected = [("clips/2.mp4", "out/2_x4.mp4"), ("clips/10.mkv", "out/10_x4.mkv")]
    for output in ("out", "out/"):
        assert plan("clips", output=output) == expected
    assert plan("clips/2*", output="empty") == [("clips/2.mp4", "empty/2_x4.mp4")]


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("output", ["out.mp4", "a.mp4", "odd[1].mp4"])
def test_several_results_do_not_fit_into_a_file(output) -> None:
    with pytest.raises(ConfigError, match=r"is a file name, but several inputs need a folder"):
        plan("clips", output=output)


@pytest.mark.usefixtures("place")
def test_a_folder_for_results_needs_a_place() -> None:
    with pytest.raises(VideoError, match=r"its folder does not exist \(none\)\. Create it"):
        plan("clips", output="none/out")


@pytest.mark.usefixtures("place")
def test_two_inputs_do_not_share_a_result() -> None:
    message = r"^out/a_x4\.mp4: would be the result of two inputs \(a\.mp4 and x/a\.mp4\)"
    with pytest.raises(VideoError, match=message):
        plan("a.mp4", "x/a.mp4", output="out")


def test_results_that_exist_are_refused_before_any_work(place) -> None:
    (place / "clips" / "10_x4.mkv").touch()
    with pytest.raises(VideoError, match=r"10_x4\.mkv: exists already"):
        plan("clips/2.mp4", "clips/10.mkv")
    assert len(plan("clips/2.mp4", "clips/10.mkv", overwrite=True)) == 2
    (place / "clips" / "2_x4_compare.mp4").touch()
    with pytest.raises(VideoError, match=r"2_x4_compare\.mp4: exists already"):
        plan("clips/2.mp4", "frames", compare="side")


def test_results_that_exist_can_be_skipped(place) -> None:
    (place / "a_x4.mp4").touch()
    (place / "frames_x4").mkdir()
    assert plan("a.mp4", skip=True) == []
    assert plan("a.mp4", "frames", skip=True) == [("frames", "frames_x4")]
    (place / "frames_x4" / "1.png").touch()
    assert plan("a.mp4", "frames", skip=True) == []
    with pytest.raises(ConfigError, match="skip-existing and overwrite: contradict each other"):
        plan("a.mp4", skip=True, overwrite=True)


def test_results_of_an_earlier_run_are_no_inputs(place) -> None:
    (place / "clips" / "2_x4.mp4").touch()
    message = r"^clips/2_x4\.mp4: is an input and the result of another \(clips/2\.mp4\)"
    for options in ({}, {"overwrite": True}):
        with pytest.raises(VideoError, match=message):
            plan("clips", **options)
    assert plan("clips", skip=True) == [("clips/10.mkv", "clips/10_x4.mkv")]
    assert len(plan("clips", output="out")) == 3


def test_a_folder_for_results_is_made_and_goes_if_there_are_none(place) -> None:
    with result_folder(place / "out"):
        assert (place / "out").is_dir()
    assert not (place / "out").exists()
    with result_folder(place / "out"):
        (place / "out" / "result.mp4").touch()
    with result_folder(place / "empty"):
        pass
    assert (place / "out" / "result.mp4").exists()
    assert (place / "empty").exists()


def test_a_folder_that_cannot_be_made_is_one_line(place) -> None:
    made = result_folder(place / "a.mp4" / "out")
    with pytest.raises(VideoError, match=r"a\.mp4/out: cannot be made \(Not a directory\)"):
        made.__enter__()


def test_a_folder_that_may_not_be_listed_is_left_to_the_reader(place, monkeypatch) -> None:
    def deny(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", deny)
    assert find_inputs([place / "clips"]).sources == (place / "clips",)
