"""docs/paper.md names code and tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("|")]
CLAIMS = [row for row in ROWS if re.match(r"\| (?:\d+\.\d+|[DE]\d+) \|", row)]
REFERENCES = sorted(set(re.findall(r"`([a-z_]+/[\w/]*(?:\.py)?(?::\w+)?)`", "\n".join(ROWS))))


def defines(path: Path, symbol: str) -> bool:
    """Whether a file defines a function, class or constant of that name."""
    pattern = rf"^(?:\s*def {symbol}\(|class {symbol}\b|\s*{symbol}\b.*[:=])"
    return re.search(pattern, path.read_text(encoding="utf-8"), flags=re.MULTILINE) is not None


@pytest.mark.parametrize("reference", REFERENCES)
def test_reference_exists(reference: str) -> None:
    name, _, symbol = reference.partition(":")
    path = ROOT / name if name.startswith("tests/") else ROOT / "src" / "videogigagan" / name
    assert path.exists()
    assert not symbol or defines(path, symbol)


@pytest.mark.parametrize("number", range(1, 36))
def test_every_decision_has_one_row(number: int) -> None:
    assert len([row for row in ROWS if row.startswith(f"| D{number} |")]) == 1


def test_every_row_says_where_it_stands() -> None:
    standing = re.compile(
        r"as stated|as drawn|our choice, because|our reading|not yet built|not reproduced"
        r"|cannot be followed|not stated|is reproduced"
    )
    assert [row for row in CLAIMS if not standing.search(row)] == []


def test_rows_are_numbered_without_gaps() -> None:
    numbers = [row.split(" ")[1] for row in CLAIMS]
    groups: dict[str, list[int]] = {}
    for number in numbers:
        group, counted = re.fullmatch(r"(\d+\.|[DE])(\d+)", number).groups()
        groups.setdefault(group, []).append(int(counted))
    assert all(found == list(range(1, len(found) + 1)) for found in groups.values()), groups


def test_what_is_built_names_its_code() -> None:
    stated = [row for row in CLAIMS if re.search(r"\| (?:as stated|our choice)", row)]
    assert [row for row in stated if "`" not in row] == []
