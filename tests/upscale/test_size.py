"""How large a result becomes: what was asked for, in the shape of the source."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videogigagan.errors import ConfigError
from videogigagan.upscale.options import UpscaleOptions
from videogigagan.upscale.size import ResultSize, parse_size, result_size, size_label
from videogigagan.video.encode import EncodeOptions
from videogigagan.video.folder_source import SRGB
from videogigagan.video.info import VideoInfo

LIKE = VideoInfo(
    width=320,
    height=180,
    rate=Fraction(25),
    time_base=Fraction(1, 25),
    frame_count_hint=None,
    pixel_aspect=Fraction(1),
    rotation=0,
    colour=SRGB,
    bit_depth=8,
    sampling="420",
    has_alpha=False,
    mastering_display=None,
    light_level=None,
    interlaced=False,
    origin=Fraction(0),
    container="images",
    codec="png",
)
sides = st.integers(1, 5000)


def size(like: VideoInfo, *, is_folder: bool = False, **options: object) -> ResultSize:
    return result_size(like, UpscaleOptions(**options), native=4, is_folder=is_folder)


def pixels(like: VideoInfo, **options: object) -> tuple[int, int]:
    found = size(like, **options)
    return found.width, found.height


def shown(like: VideoInfo | ResultSize) -> Fraction:
    """Return width over height as displayed."""
    return Fraction(like.width, like.height) * like.pixel_aspect


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (1280, 720)),
        ({"scale": 1}, (320, 180)),
        ({"scale": 2}, (640, 360)),
        ({"scale": 2.5}, (800, 450)),
        ({"scale": 8}, (2560, 1440)),
        ({"height": 1080}, (1920, 1080)),
        ({"height": 400}, (712, 400)),
        ({"size": (640, 480)}, (640, 480)),
    ],
)
def test_a_result_has_the_size_that_was_asked_for(options, expected) -> None:
    assert pixels(LIKE, **options) == expected


@given(width=sides, height=sides, scale=st.floats(1, 16))
def test_sides_are_even_where_the_encoding_needs_it(width, height, scale) -> None:
    like = replace(LIKE, width=width, height=height)
    encoded = pixels(like, scale=scale)
    for side, source in zip(encoded, (width, height), strict=True):
        assert side >= source
        assert abs(side - source * scale) <= 1
        assert side % 2 == 0 or scale == 4
    for free in (
        {"is_folder": True},
        {"encode": EncodeOptions(pixel_format="yuv444p")},
    ):
        exact = pixels(like, scale=scale, **free)
        assert max(abs(a - scale * b) for a, b in zip(exact, (width, height), strict=True)) <= (
            0.5
        )


@given(width=sides, height=sides, factor=st.integers(1, 5), aspect=st.fractions("1/2", 2))
def test_a_height_keeps_the_shape(width, height, factor, aspect) -> None:
    like = replace(LIKE, width=width, height=height, pixel_aspect=aspect)
    found = size(like, height=factor * height)
    assert found.height == factor * height
    assert abs(found.width - factor * width) <= 1
    assert found.pixel_aspect == aspect


@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(64, 45), Fraction(3, 4)])
@pytest.mark.parametrize("wanted", [(640, 480), (1024, 576), (1440, 1080), (720, 1280)])
def test_a_size_is_displayed_in_the_shape_of_the_source(aspect, wanted) -> None:
    like = replace(LIKE, pixel_aspect=aspect)
    found = size(like, size=wanted)
    assert (found.width, found.height) == wanted
    assert float(shown(found)) == pytest.approx(float(shown(like)), rel=0.005)


def test_a_shape_that_is_nearly_the_sources_changes_no_tag() -> None:
    like = replace(LIKE, width=854, height=480)
    assert size(like, size=(1920, 1080)).pixel_aspect == 1


@pytest.mark.parametrize("options", [{"height": 90}, {"size": (300, 900)}])
def test_results_are_not_smaller_than_their_source(options) -> None:
    with pytest.raises(ConfigError, match=r"^size \d+x\d+: is smaller than the input \(320x"):
        pixels(LIKE, **options)


@pytest.mark.parametrize(
    ("options", "label"),
    [
        ({}, "x4"),
        ({"scale": 2.0}, "x2"),
        ({"scale": 2.5}, "x2.5"),
        ({"height": 1080}, "1080p"),
        ({"size": (1280, 720)}, "1280x720"),
    ],
)
def test_names_tell_the_size(options, label) -> None:
    assert size_label(UpscaleOptions(**options), 4) == label


def test_sizes_are_read_from_text() -> None:
    assert parse_size("1280x720") == parse_size("1280X720") == (1280, 720)


@pytest.mark.parametrize("text", ["", "1280", "x720", "1280x", "1280:720", "axb", "-2x4"])
def test_what_is_no_size_is_refused(text) -> None:
    with pytest.raises(ConfigError, match=rf"^size {text}: is no size\. Write it like 1280x"):
        parse_size(text)


def test_the_page_on_videos_states_the_tolerance() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "video.md"
    assert "less than 0.5 %" in page.read_text(encoding="utf-8")
