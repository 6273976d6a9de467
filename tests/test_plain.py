"""Configurations from JSON, strictly."""

from dataclasses import dataclass
from typing import Literal

import pytest

from videogigagan.plain import from_plain


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    sizes: tuple[int, ...] = ()
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True, kw_only=True, slots=True)
class Other:
    folder: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    part: Part | Other
    rate: float = 0.5
    limit: float | None = None
    on: bool = False


def test_nested_parts_are_rebuilt() -> None:
    plain = {"part": {"sizes": [1, 2], "kind": "b"}, "limit": None, "on": True}
    assert from_plain(Whole, plain) == Whole(part=Part(sizes=(1, 2), kind="b"), on=True)


def test_the_member_of_a_union_that_knows_all_names_is_meant() -> None:
    assert from_plain(Whole, {"part": {"folder": "x"}}).part == Other(folder="x")
    assert from_plain(Whole, {"part": {}}).part == Part()


def test_a_whole_number_will_do_for_a_fraction() -> None:
    made = from_plain(Whole, {"part": {}, "rate": 2, "limit": 3})
    assert (made.rate, made.limit) == (2.0, 3.0)
    assert isinstance(made.rate, float)


@pytest.mark.catalogue("T50")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 1}, "Whole has no field 'size'"),
        ({"part": {"sizes": [1], "kind": "c"}}, "'c' is not one of a, b"),
        ({"part": {"name": 1}}, "Part has no field 'name'"),
        ({"part": {"sizes": ["1"]}}, "expected int, found '1'"),
        ({"part": 3}, "expected an object for Part, found 3"),
        ({"rate": True}, "expected float, found True"),
        ({"on": 1}, "expected bool, found 1"),
    ],
)
def test_anything_else_is_refused(change: dict, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        from_plain(Whole, {"part": {}} | change)
    assert str(caught.value) == message


@pytest.mark.catalogue("T50")
def test_what_is_missing_is_refused() -> None:
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'part'"):
        from_plain(Whole, {})
