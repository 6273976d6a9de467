"""What is safe of a run stays true, whatever ends it."""

import logging
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from videogigagan.errors import StoppedError, VideoError
from videogigagan.model.propagation import Past
from videogigagan.upscale.journal import Journal, fingerprint, unfinished
from videogigagan.upscale.upscaler import Waypoint

IDENTITY = {"input": "abc", "crf": 18, "size": (4, 3)}


def journal(target: Path, *, fresh: bool = False, **changes: object) -> Journal:
    return Journal(target, {**IDENTITY, **changes}, fresh=fresh)


def past(value: float) -> Past:
    states = (torch.full((1, 2, 3, 4), value), torch.zeros(1, 2, 3, 4))
    return Past(frame=torch.full((1, 3, 3, 4), value), states=states)


def broken_off(target: Path, error: type[BaseException] = RuntimeError) -> None:
    """A run that ends in the third window, behind 100 frames."""
    with suppress(error), journal(target) as kept:
        kept.window(Waypoint(frame=0))
        kept.segment(50, {"result": 1000})
        kept.settle("tile", 256)
        kept.window(Waypoint(frame=75, past=past(0.5), fading=torch.ones(2, 3, 4, 4)))
        kept.segment(100, {"result": 2000})
        kept.window(Waypoint(frame=150, past=past(0.7)))
        raise error


def test_a_run_goes_on_from_the_last_window_before_what_is_safe(tmp_path: Path) -> None:
    broken_off(tmp_path / "x.mp4")
    with journal(tmp_path / "x.mp4") as kept:
        assert (kept.done, kept.safe) == (100, {"result": 2000})
        place = kept.waypoint
        assert place.frame == 75
        assert place.past is not None
        assert place.past.flow is None
        assert torch.equal(place.past.frame, past(0.5).frame)
        assert all(map(torch.equal, place.past.states, past(0.5).states))
        assert place.fading is not None
        assert torch.equal(place.fading, torch.ones(2, 3, 4, 4))
        assert kept.settle("tile", 512) == 256, "what was settled stays"
    assert list(tmp_path.iterdir()) == []


def test_results_fade_on_where_nothing_propagates(tmp_path: Path) -> None:
    with suppress(RuntimeError), journal(tmp_path / "x.mp4") as kept:
        kept.window(Waypoint(frame=40, fading=torch.ones(1, 3, 4, 4)))
        kept.segment(50, {})
        raise RuntimeError
    with journal(tmp_path / "x.mp4") as kept:
        assert kept.waypoint.past is None
        assert kept.waypoint.fading is not None


def test_a_shot_begins_without_a_past(tmp_path: Path) -> None:
    with suppress(RuntimeError), journal(tmp_path / "x.mp4") as kept:
        kept.window(Waypoint(frame=0))
        kept.window(Waypoint(frame=40))
        kept.segment(50, {})
        raise RuntimeError
    with journal(tmp_path / "x.mp4") as kept:
        assert kept.waypoint == Waypoint(frame=40)


@pytest.mark.catalogue("T33")
def test_half_a_line_is_not_read(tmp_path: Path) -> None:
    """As a power cut leaves it."""
    broken_off(tmp_path / "x.mp4")
    with (unfinished(tmp_path / "x.mp4") / "journal.jsonl").open("a") as file:
        file.write('{"frames": 150, "sa')
    with journal(tmp_path / "x.mp4") as kept:
        assert kept.done == 100


@pytest.mark.catalogue("T34")
@pytest.mark.parametrize("name", ["input", "crf", "size"])
def test_another_run_is_refused_by_name(tmp_path: Path, name: str) -> None:
    target = tmp_path / "x.mp4"
    broken_off(target)
    message = (
        f"x.mp4: a stopped run has left frames of it, but of another {name}. Give that run's "
        "command to go on, or --resume fresh to begin anew."
    )
    with pytest.raises(VideoError, match=message), journal(target, **{name: "other"}):
        pass
    with journal(target, fresh=True, **{name: "other"}) as kept:
        assert kept.done == 0


@pytest.mark.catalogue("T36")
def test_two_runs_do_not_write_one_result(tmp_path: Path) -> None:
    message = r"x\.mp4: another run is writing it\. Wait for that, or choose another output\."
    with (
        journal(tmp_path / "x.mp4"),
        pytest.raises(VideoError, match=message),
        journal(tmp_path / "x.mp4"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_nothing_stays_before_a_segment_is_whole(tmp_path: Path) -> None:
    with suppress(RuntimeError), journal(tmp_path / "x.mp4") as kept:
        kept.window(Waypoint(frame=0, past=past(1.0)))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_people_are_told_that_frames_are_kept(tmp_path: Path, caplog) -> None:
    with caplog.at_level(logging.WARNING):
        broken_off(tmp_path / "x.mp4", StoppedError)
        assert caplog.text == ""
        broken_off(tmp_path / "y.mp4")
    assert "y.mp4: its first 100 frames are kept; the same command goes on" in caplog.text


def test_a_past_that_is_damaged_or_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    target = tmp_path / "x.mp4"
    broken_off(target)
    (unfinished(target) / "past-75.safetensors").write_bytes(b"nothing")
    message = r"past-75\.safetensors: cannot be read any more \(SafetensorError\)\. Begin anew"
    with pytest.raises(VideoError, match=message), journal(target) as kept:
        _ = kept.waypoint
    (unfinished(target) / "past-9.partial").mkdir()
    message = r"past-9\.safetensors: cannot be written \(.*\)\. Free some space, or give"
    with pytest.raises(VideoError, match=message), journal(target) as kept:
        kept.window(Waypoint(frame=9, past=past(1.0)))


def test_a_place_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = r"x\.mp4: cannot be written \(.+\)\. Choose another place\."
    with pytest.raises(VideoError, match=message), journal(tmp_path / "file" / "x.mp4"):
        pass


@pytest.mark.catalogue("T34")
def test_inputs_are_told_apart_by_what_is_in_them(tmp_path: Path) -> None:
    one, same, other, folder = (tmp_path / name for name in ("a", "b", "c", "d"))
    one.write_bytes(b"1" * 5_000_000)
    same.write_bytes(b"1" * 5_000_000)
    other.write_bytes(b"1" * 4_999_999 + b"2")
    folder.mkdir()
    (folder / "0.png").write_bytes(b"1")
    assert fingerprint(one) == fingerprint(same) != fingerprint(other)
    before = fingerprint(folder)
    (folder / "1.png").write_bytes(b"1")
    assert before != fingerprint(folder)


def test_names_stay_short_and_apart(tmp_path: Path) -> None:
    long = unfinished(tmp_path / ("x" * 250 + ".mp4"))
    assert len(long.name) < 100
    assert long != unfinished(tmp_path / ("x" * 250 + ".mkv"))
