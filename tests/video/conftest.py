"""Fixtures for the tests of videogigagan.video."""

import sys
from pathlib import Path

import pytest
import torch

from videogigagan.video.encode import EncodeOptions
from videogigagan.video.reader import open_source
from videogigagan.video.writer import open_sink

# pytest imports tests by path, so a module that they share has to be put within reach.
sys.path.insert(0, str(Path(__file__).parent))

FAST = EncodeOptions(preset="ultrafast")


@pytest.fixture(autouse=True)
def _one_thread():
    """Keep tiny tensors off a busy machine's other cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def copy_frames():
    """Read a video and write its frames, enlarged by repeating pixels."""

    def run(
        source: Path,
        target: Path,
        *,
        scale: int = 1,
        options: EncodeOptions = FAST,
        overwrite: bool = False,
    ) -> Path:
        with open_source(source) as video:
            info = video.info
            with open_sink(
                target,
                info,
                width=info.width * scale,
                height=info.height * scale,
                options=options,
                source=source,
                overwrite=overwrite,
            ) as sink:
                count = 0
                for frame in video.frames():
                    pixels = frame.pixels.repeat_interleave(scale, 1)
                    sink.write(pixels.repeat_interleave(scale, 2), frame)
                    count += 1
                sink.expect(count)
        return target

    return run
