"""Fixtures for the tests of videogigagan.evaluate."""

import sys
from pathlib import Path

import pytest

# pytest imports tests by path, so a module that they share has to be put within reach.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def two_clips(tmp_path: Path) -> Path:
    """A folder with clips of five frames, 48x32."""
    from evaluate_fakes import write_clip  # noqa: PLC0415 - within reach from here on

    write_clip(tmp_path / "noise", "one")
    write_clip(tmp_path / "noise", "three")
    return tmp_path / "noise"
