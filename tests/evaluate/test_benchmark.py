"""What a user writes about data becomes what is measured on."""

from pathlib import Path

import pytest
from evaluate_fakes import write_clip

from videogigagan.data.datasets import Protocol
from videogigagan.errors import ConfigError, DataError
from videogigagan.evaluate.benchmark import (
    choose_clips,
    metric_names,
    parse_choices,
    protocol_of,
)


@pytest.fixture
def mine(tmp_path: Path, monkeypatch) -> Path:
    """A folder `mine` with two clips, in the folder that is worked in."""
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "mine", "one", frames=2)
    write_clip(tmp_path / "mine", "three", frames=2)
    (tmp_path / "other").mkdir()
    return tmp_path / "mine"


@pytest.mark.parametrize(
    ("data", "degradation", "expected"),
    [
        ("clips=mine", "bi", ["mine, BI"]),
        ("clips=mine", "bi,bd", ["mine, BI", "mine, BD"]),
        ("clips=mine:bi+bd", "bi", ["mine, BI", "mine, BD"]),
        ("vid4=mine:bd, reds4=other", "bi", ["Vid4, BD", "REDS4, BI"]),
        ("vid4=mine,clips=mine", "bd", ["Vid4, BD", "mine, BD"]),
    ],
)
@pytest.mark.usefixtures("mine")
def test_every_set_gets_its_degradations(data, degradation, expected) -> None:
    assert [choice.title for choice in parse_choices(data, degradation)] == expected


def test_a_colon_may_belong_to_the_path(mine) -> None:
    odd = mine.rename(mine.with_name("my:bd"))
    (choice,) = parse_choices(f"clips={odd}", "bi")
    assert (choice.root, choice.degradation) == (odd, "bi")


@pytest.mark.parametrize(
    ("data", "degradation", "error", "message"),
    [
        ("", "bi", ConfigError, "data: is empty"),
        ("mine", "bi", ConfigError, "names no folder"),
        ("vid5=mine", "bi", ConfigError, "'vid5': is not known"),
        ("clips=none", "bi", DataError, "none: no such folder"),
        ("clips=mine:xx", "bi", ConfigError, "degradation 'xx': is not known. Use bi or bd"),
        ("clips=mine", "", ConfigError, "degradation '': is not known"),
        ("clips=mine,clips=mine", "bi", ConfigError, "names mine with bi twice"),
        ("clips=mine:bi+bi", "bi", ConfigError, "twice"),
    ],
)
@pytest.mark.usefixtures("mine")
def test_what_makes_no_sense_is_told(data, degradation, error, message) -> None:
    with pytest.raises(error, match=message) as raised:
        parse_choices(data, degradation)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.usefixtures("mine")
def test_clips_can_be_chosen() -> None:
    choices = parse_choices("clips=mine", "bi")
    assert [c.name for c in choose_clips(choices)[0][1]] == ["one", "three"]
    assert [c.name for c in choose_clips(choices, ["three"])[0][1]] == ["three"]
    with pytest.raises(ConfigError, match=r"there is no two in the data \(one, three found\)"):
        choose_clips(choices, ["two"])


def test_a_set_without_a_chosen_clip_is_left_out(mine) -> None:
    write_clip(mine.parent / "other", "two", frames=2)
    choices = parse_choices("clips=mine,clips=other", "bi")
    assert [choice.name for choice, _ in choose_clips(choices, ["two"])] == ["other"]


@pytest.mark.usefixtures("mine")
def test_border_is_the_protocols_unless_given() -> None:
    (choice,) = parse_choices("vid4=mine", "bi")
    assert protocol_of(choice, None).border == 0
    assert protocol_of(choice, 8).border == 8
    with pytest.raises(ConfigError, match="border must be at least 0, not -1"):
        protocol_of(choice, -1)


def test_colours_are_the_protocols_unless_given() -> None:
    names = ["psnr", "ssim", "lpips", "psnr_y"]
    assert metric_names(names, Protocol(colour="y")) == ["psnr_y", "ssim_y", "lpips"]
    rgb = metric_names(names, Protocol(colour="rgb"))
    assert rgb == ["psnr_rgb", "ssim_rgb", "lpips", "psnr_y"]
