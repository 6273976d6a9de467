"""The notes in the header of a safetensors file, in one order.

The library keeps them in a table whose order changes from run to run, and so would the bytes of
a file that the same command writes again.
"""

import json
from pathlib import Path

_LENGTH = 8  # bytes, little-endian, before the header
_NOTES = "__metadata__"


def sort_notes(path: Path) -> None:
    """Put the notes of a file in alphabetical order, in place; tensors stay where they are.

    Raises:
        OSError: The file cannot be read or written.
    """
    with path.open("r+b") as file:
        length = int.from_bytes(file.read(_LENGTH), "little")
        header = json.loads(file.read(length))
        header[_NOTES] = dict(sorted(header[_NOTES].items()))
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        assert len(text) <= length  # the same text in another order, and what filled it up
        file.seek(_LENGTH)
        file.write(text.ljust(length))
