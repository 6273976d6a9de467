"""Reading and writing take no more memory for a longer video."""

import subprocess
import sys

import pytest
from video_clips import Clip

pytest.importorskip("resource", reason="memory is asked for as on Unix")

COPY = """
import resource, sys
from pathlib import Path
from videogigagan.video.encode import EncodeOptions
from videogigagan.video.reader import open_source
from videogigagan.video.writer import open_sink

source, target = map(Path, sys.argv[1:])
with open_source(source) as video:
    info = video.info
    with open_sink(target, info, width=info.width, height=info.height,
            options=EncodeOptions(preset="ultrafast"), source=source, overwrite=False) as sink:
        for frame in video.frames():
            sink.write(frame.pixels, frame)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.catalogue("T32")
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_memory_does_not_grow_with_the_length(tmp_path):
    """All frames of the longer one, decoded, would be 850 MB."""
    peaks = []
    for frames in (100, 1000):
        clip = Clip(frames=frames, width=320, height=240, audio=("eng",))
        source = clip.write(tmp_path / f"{frames}.mp4")
        command = [sys.executable, "-c", COPY, source, tmp_path / f"{frames}_out.mp4"]
        outcome = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(outcome.stdout))
    assert peaks[1] < 1.1 * peaks[0]
