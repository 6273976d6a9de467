"""docs/robustness.md and the `catalogue` markers of the tests say the same."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "robustness.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (T\d\d) \| (.+) \| (.+) \| (.*) \|$", PAGE, flags=re.MULTILINE)
REQUIRED = [f"T{number:02}" for number in (*range(1, 51), 61)]


def numbers_of(function: ast.FunctionDef) -> list[str]:
    """Return the numbers in the `catalogue` markers of a test."""
    return [
        ast.literal_eval(number)
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call)
        and ast.unparse(decorator.func) == "pytest.mark.catalogue"
        for number in decorator.args
    ]


def marked() -> set[tuple[str, str]]:
    """Return every number with every test that carries it."""
    return {
        (number, f"{path.relative_to(ROOT).as_posix()}::{node.name}")
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        for number in numbers_of(node)
    }


def test_the_table_names_the_tests_that_are_marked() -> None:
    listed = {
        (number, name)
        for number, _, tests, _ in ROWS
        for name in re.findall(r"`(tests/[\w/]+\.py::\w+)`", tests)
    }
    assert listed == marked()


def test_every_marker_counts() -> None:
    """A marker that `numbers_of` does not understand would be in no table."""
    written = [
        path.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for _ in re.findall(r"^\s*@pytest\.mark\.catalogue\(", path.read_text(), re.MULTILINE)
    ]
    assert len(written) == len({name for _, name in marked()})


def test_every_number_has_one_row_in_order() -> None:
    numbers = [number for number, *_ in ROWS]
    assert numbers == sorted(set(numbers))
    assert set(REQUIRED) <= set(numbers)
    assert len(ROWS) == len(re.findall(r"^\| T\d\d", PAGE, flags=re.MULTILINE))


def test_what_has_no_test_says_what_happens_instead() -> None:
    without = [remark for _, _, tests, remark in ROWS if "::" not in tests]
    assert [remark for remark in without if not remark.startswith("Not yet: ")] == []
