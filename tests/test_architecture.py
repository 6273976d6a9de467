"""The rules of docs/architecture.md that a machine can check."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
LONGEST_FILE = 300


def imported(path: Path) -> set[str]:
    """Name the top-level packages that a file imports, wherever the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_folders_import_downwards_only() -> None:
    # In a process of its own: import-linter silences every logger that exists already.
    program = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("banned", ["torchvision", "lpips", "basicsr", "mmcv", "spandrel"])
def test_nothing_needs_a_package_that_breaks_beside_a_cpu_torch(banned: str) -> None:
    assert [path.name for path in SOURCES if banned in imported(path)] == []


def test_every_file_fits_in_one_reading() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in SOURCES
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_every_module_says_what_it_is() -> None:
    undocumented = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert undocumented == []


def drawn_files(tree: list[str]) -> set[str]:
    """Return the files of a drawn tree, each with the folders that it lies in."""
    found: set[str] = set()
    folders: list[str] = []
    for line in tree:
        indent, name, says = re.fullmatch(r"([│ ]*)[├└]── (\S+) *(.*)", line).groups()
        assert says, f"{name} has no description"
        folders = [*folders[: len(indent) // 4], name]
        if not name.endswith("/"):
            found.add("".join(folders))
    return found


def test_architecture_page_draws_every_file_where_it_is() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    tree = page.split("## Every file")[1].split("```")[1].strip().splitlines()
    assert tree[0] == "src/videogigagan/"
    package = ROOT / "src" / "videogigagan"
    files = {str(path.relative_to(package)) for path in SOURCES if path.name != "__init__.py"}
    assert drawn_files(tree[1:]) == files


def test_architecture_page_names_every_tool() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    tools = [*(ROOT / "tools").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
    assert [str(tool) for tool in tools if f"`{tool.relative_to(ROOT)}`" not in page] == []
