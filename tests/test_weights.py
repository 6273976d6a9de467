"""Weights that come with the package: each has its card, and all of them are small enough."""

import hashlib
import re
from pathlib import Path

import pytest

from videogigagan.model.checkpoint import (
    DEFAULT_WEIGHTS,
    find_weights,
    packaged_weights,
    read_header,
)

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
MOST_BYTES = 80_000_000
PARTS = [
    "At a glance",
    "Intended use",
    "Training data",
    "Training",
    "Figures",
    "Limits",
    "Licence and credit",
]

NAMES = sorted(packaged_weights())


def card(name: str) -> str:
    return (DOCS / f"weights-{name}.md").read_text(encoding="utf-8")


def test_the_default_is_among_them() -> None:
    assert DEFAULT_WEIGHTS in NAMES


def test_all_of_them_together_are_small() -> None:
    assert sum(find_weights(name).stat().st_size for name in NAMES) <= MOST_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_a_card_has_all_parts_in_order(name: str) -> None:
    assert re.findall(r"^## (.+)$", card(name), flags=re.MULTILINE) == PARTS


@pytest.mark.parametrize("name", NAMES)
def test_a_card_is_of_the_file_that_is_there(name: str) -> None:
    """New weights need a new look at every figure of their card."""
    content = find_weights(name).read_bytes()
    assert f"`{hashlib.sha256(content).hexdigest()}`" in card(name)
    assert f"{len(content) / 1e6:.1f} MB" in card(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_weights_names_each(name: str) -> None:
    row = next(
        line
        for line in (DOCS / "weights.md").read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| `{name}` |")
    )
    assert f"(weights-{name}.md)" in row
    assert f"{find_weights(name).stat().st_size / 1e6:.1f} MB" in row
    has_ends = bool(read_header(find_weights(name)).less_detail)
    assert ("1 alone" in row) != has_ends
    assert ("`--detail` has nothing to choose from" in card(name)) != has_ends


@pytest.mark.parametrize("name", NAMES)
def test_what_is_installed_says_licence_and_where_the_card_is(name: str) -> None:
    beside = find_weights(name).with_suffix(".md").read_text(encoding="utf-8")
    licence = read_header(find_weights(name)).about["licence"]
    assert f"**Licence:** {licence}" in beside
    assert f"| licence | {licence} |" in card(name)
    assert f"docs/weights-{name}.md" in beside


def test_the_page_lists_the_parts_of_a_card() -> None:
    page = (DOCS / "weights.md").read_text(encoding="utf-8")
    assert re.findall(r"^\d\. \*\*(.+?)\*\*", page, flags=re.MULTILINE) == PARTS
