"""Notes come into one order, and all else of a file stays."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from videogigagan.model.header_order import sort_notes

NOTES = st.dictionaries(st.text(), st.text(), min_size=1, max_size=8)


def order(path: Path) -> list[str]:
    """Names of the notes as they lie in the file."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    return list(json.loads(content[8 : 8 + length])["__metadata__"])


@given(notes=NOTES)
def test_notes_are_in_order_and_nothing_is_lost(
    notes: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("notes") / "x.safetensors"
    save_file({"a": torch.arange(6.0), "b": torch.ones(2, 3)}, path, notes)
    size = path.stat().st_size
    sort_notes(path)
    assert order(path) == sorted(notes)
    assert path.stat().st_size == size
    with safe_open(path, "pt") as file:
        assert file.metadata() == notes
        assert torch.equal(file.get_tensor("a"), torch.arange(6.0))
        assert torch.equal(file.get_tensor("b"), torch.ones(2, 3))
