"""The README keeps its word: what it tells people to type exists."""

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


def code_lines(language: str) -> list[str]:
    """Return the lines of the README's code blocks in one language, continued lines joined."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    return "".join(blocks).replace("\\\n", " ").splitlines()


COMMANDS = [
    shlex.split(line, comments=True)
    for line in code_lines("bash")
    if line.startswith("videogigagan ")
]


@cache
def options_of(subcommand: str) -> frozenset[str]:
    """Return the option names that a subcommand's help lists."""
    pytest.importorskip("videogigagan.cli.main")
    outcome = subprocess.run(
        [Path(sys.executable).with_name("videogigagan"), subcommand, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, f"`videogigagan {subcommand}` does not exist"
    return frozenset(re.findall(r"(?<![\w-])--?[a-z][\w:-]*", outcome.stdout))


def test_readme_has_commands() -> None:
    assert len(COMMANDS) >= 3


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_readme_command_exists_with_its_options(command: list[str]) -> None:
    _, subcommand, *arguments = command
    used = {argument.split("=")[0] for argument in arguments if argument.startswith("-")}
    assert used <= options_of(subcommand)


def test_readme_make_targets_exist() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(code_lines("bash"))))
    named |= set(re.findall(r"`make ([a-z]+)`", README))
    assert {"demo", "test"} <= named
    assert named <= set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))


def test_readme_python_compiles() -> None:
    compile("\n".join(code_lines("python")), "README.md", "exec")


def test_readme_is_short() -> None:
    assert len(README.splitlines()) < 150


def test_readme_links_and_pictures_exist() -> None:
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", README)
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (ROOT / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_no_place_on_somebodys_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.])/(?:home|root|Users|tmp|work)/\S*", text) == []
