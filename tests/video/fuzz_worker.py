"""Read every file of a folder as upscaling would, and say how each one ended.

A process of its own: what crashes or hangs takes only this one down. One line a file: its name
before it is read, and behind that a word, which is missing for the file that was the end.
"""

import logging
import sys
from pathlib import Path

from videogigagan.errors import VideoError
from videogigagan.video.reader import open_source
from videogigagan.video.source import ReadOptions

MAX_PIXELS = 1 << 18  # damaged headers name any size; keep what may be read small


def outcome(path: Path) -> str:
    """Return "frames", "refused", or what should never happen."""
    try:
        with open_source(path, ReadOptions(max_pixels=MAX_PIXELS)) as video:
            for frame in video.frames():
                assert frame.pixels.isfinite().all(), "pixels are no numbers"
    except VideoError as error:
        return "refused" if "\n" not in str(error) else f"more than one line: {error!r}"
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return f"{type(error).__name__}: {error}".replace("\n", " ")
    return "frames"


def main() -> None:
    """Go through the folder that the command line names."""
    logging.disable()
    for path in sorted(Path(sys.argv[1]).iterdir()):
        sys.stdout.write(f"{path.name} ")
        sys.stdout.flush()
        sys.stdout.write(f"{outcome(path)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
