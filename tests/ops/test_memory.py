"""How much memory is free."""

import sys
from pathlib import Path

import pytest
import torch

from videogigagan.ops.memory import _available, _below_the_limit, free_memory


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_free_memory_is_what_the_system_says() -> None:
    free = free_memory(torch.device("cpu"))
    assert free is not None
    assert 2**26 < free < 2**50


def test_available_memory_is_read_in_bytes(tmp_path: Path) -> None:
    table = tmp_path / "meminfo"
    table.write_text("MemTotal: 100 kB\nMemAvailable:   70 kB\n")
    assert _available(table) == 70 * 1024
    assert _available(tmp_path / "nothing") is None


def test_a_container_may_leave_less(tmp_path: Path) -> None:
    """Its file cache counts as free."""
    assert _below_the_limit(tmp_path) is None
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("600\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 50\n")
    assert _below_the_limit(tmp_path) == 450
    (tmp_path / "memory.max").write_text("max\n")
    assert _below_the_limit(tmp_path) is None


def test_nobody_knows_elsewhere(monkeypatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    assert free_memory(torch.device("cpu")) is None
