"""README and documentation keep their word: what they tell people to type exists."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    """Return a page's code blocks in one language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def code_lines(page: Path, language: str) -> list[str]:
    """Return the lines of a page's code blocks in one language, continued lines joined."""
    return "".join(blocks(page, language)).replace("\\\n", " ").splitlines()


LINES = [
    shlex.split(line, comments=True) for page in PAGES for line in code_lines(page, "bash")
]
COMMANDS = [line for line in LINES if line[:1] == ["videogigagan"]]
TOOLS = [line for line in LINES if line[:1] == ["python"]]
EXAMPLES = [(page, block) for page in PAGES for block in blocks(page, "python")]


@cache
def options_of(*subcommand: str) -> frozenset[str]:
    """Return the option names that a subcommand's help lists."""
    outcome = subprocess.run(
        [Path(sys.executable).with_name("videogigagan"), *subcommand, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, f"`{subcommand}` does not exist"
    return frozenset(re.findall(r"(?<![\w-])--?[a-z][\w:-]*", outcome.stdout))


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 3
    assert len(TOOLS) >= 3


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_command_exists_with_its_options(command: list[str]) -> None:
    _, *words = command
    depth = 2 if words[0] in ("data", "train") else 1
    used = {word.split("=")[0] for word in words[depth:] if word.startswith("-")}
    assert used <= options_of(*words[:depth])


def source_of(script: Path) -> str:
    """A script, and what lies beside it that it imports."""
    text = script.read_text(encoding="utf-8")
    names = re.findall(r"^from (\w+) import", text, flags=re.MULTILINE)
    beside = [script.with_name(f"{name}.py") for name in names]
    return text + "".join(path.read_text(encoding="utf-8") for path in beside if path.exists())


@pytest.mark.parametrize("command", TOOLS, ids=" ".join)
def test_tool_exists_with_its_options(command: list[str]) -> None:
    _, tool, *arguments = command
    program = source_of(ROOT / tool)
    used = [argument for argument in arguments if argument.startswith("--")]
    fields = re.findall(r"^    (\w+): ", program, flags=re.MULTILINE)  # options that tyro makes
    known = {f"--{name.replace('_', '-')}" for name in fields}
    known |= set(re.findall(r'"(--[a-z-]+)"', program))
    assert [option for option in used if option not in known] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"^make ([a-z]+)\b", text, flags=re.MULTILINE))
    named |= set(re.findall(r"`make ([a-z]+)`", text))
    assert named <= set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))


def test_readme_begins_with_two_targets() -> None:
    assert [line.split()[:2] for line in code_lines(ROOT / "README.md", "bash")[:2]] == [
        ["make", "demo"],
        ["make", "test"],
    ]


@pytest.mark.parametrize(("page", "block"), EXAMPLES)
def test_python_compiles_and_imports_what_exists(page: Path, block: str) -> None:
    tree = ast.parse(block, page.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            assert [name.name for name in node.names if not hasattr(module, name.name)] == []


def test_readme_is_short() -> None:
    assert len(README.splitlines()) < 150


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text)
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_every_page_is_in_the_navigation() -> None:
    named = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), flags=re.MULTILINE)
    assert sorted(named) == sorted(path.name for path in (ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_no_place_on_somebodys_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.])/(?:home|root|Users|tmp|work)/\S*", text) == []
