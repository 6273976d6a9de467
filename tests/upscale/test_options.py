"""Options that make no sense are refused in one line; progress tells the time to go."""

import pytest

from videogigagan.errors import ConfigError
from videogigagan.upscale.options import Progress, UpscaleOptions


@pytest.mark.parametrize("field", ["chunk", "max_pixels", "max_frames", "frames"])
@pytest.mark.parametrize("value", [0, -3])
def test_counts_start_at_one(field: str, value: int) -> None:
    with pytest.raises(ConfigError, match=rf"^{field} must be at least 1, not {value}\.$"):
        UpscaleOptions(**{field: value})


def test_a_length_is_above_0() -> None:
    with pytest.raises(ConfigError, match=r"^max_seconds must be above 0, not -1\.$"):
        UpscaleOptions(max_seconds=-1.0)


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_seeds_fit_31_bits(seed: int) -> None:
    with pytest.raises(
        ConfigError, match=rf"^seed must be from 0 to 2147483647, not {seed}\.$"
    ):
        UpscaleOptions(seed=seed)


@pytest.mark.parametrize("detail", [-0.5, 1.5, float("nan")])
def test_detail_lies_between_its_ends(detail: float) -> None:
    with pytest.raises(
        ConfigError, match=rf"^detail must be a number from 0 to 1, not {detail:g}\.$"
    ):
        UpscaleOptions(detail=detail)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": 0.5}, r"^scale must be a number from 1 on, not 0\.5\.$"),
        ({"scale": float("nan")}, r"^scale must be a number from 1 on, not nan\.$"),
        ({"scale": float("inf")}, r"^scale must be a number from 1 on, not inf\.$"),
        ({"height": 0}, r"^height must be made of whole pixels, not 0\.$"),
        ({"size": (640, -1)}, r"^size must be made of whole pixels, not -1\.$"),
        ({"scale": 2, "height": 720}, r"^scale and height: each of them says how large"),
        ({"overlap": -1}, r"^overlap must be at least 0, not -1\.$"),
        ({"tile": 100}, r"^tile must be 0 or at least 128 pixels, not 100\.$"),
        ({"height": 720, "size": (4, 4)}, r"^height and size: .*\. Give one of them\.$"),
    ],
)
def test_what_cannot_be_had_is_one_line(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        UpscaleOptions(**options)


def test_everything_has_a_default() -> None:
    options = UpscaleOptions()
    assert options.frames is None
    assert options.chunk == 10
    assert not options.overwrite


@pytest.mark.parametrize(
    ("done", "total", "remaining"),
    [
        (0, 10, None),
        (4, None, None),
        (4, 10, pytest.approx(12)),
        (10, 10, 0),
        (12, 10, 0),  # headers may be wrong
    ],
)
def test_time_to_go_follows_from_the_pace(
    done: int, total: int | None, remaining: float | None
) -> None:
    assert Progress(done=done, total=total, seconds=8.0).remaining == remaining
