"""What is freed is there for the next tensor."""

import os
import platform
import subprocess
import sys

import pytest

from videogigagan.ops import allocator

GNU = sys.platform == "linux" and platform.libc_ver()[0] == "glibc"

FAULTS = """
import resource
import sys
import torch
from videogigagan.ops.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
for _ in range(4):
    torch.ones(1 << 24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    torch.ones(1 << 24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(choice: str) -> int:
    """Pages that the system fills while 64 MiB are allocated and freed, four times more."""
    environment = {name: text for name, text in os.environ.items() if "MALLOC" not in name}
    environment.pop("GLIBC_TUNABLES", None)
    command = [sys.executable, "-c", FAULTS, choice]
    outcome = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    )
    return int(outcome.stdout)


@pytest.mark.skipif(not GNU, reason="needs the GNU C library")
def test_freed_memory_is_not_fetched_again() -> None:
    assert page_faults("keep") < page_faults("give back") / 2


@pytest.mark.parametrize("name", ["MALLOC_ARENA_MAX", "GLIBC_TUNABLES"])
def test_what_the_user_has_set_stays(monkeypatch, name) -> None:
    monkeypatch.setenv(name, "1")
    assert not allocator.keep_freed_memory()


def test_other_libraries_are_left_alone(monkeypatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not allocator.keep_freed_memory()
