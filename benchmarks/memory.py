"""Peak memory over length: `python benchmarks/memory.py`.

Upscales synthetic videos of 100 and 300 frames of one size, each in a process of its own, and
prints the peaks and their ratio. Bounded memory means a ratio near 1.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import numpy as np

LENGTHS = (100, 300)
SIZE = (48, 64)


def main() -> None:
    """Print one line per length, and the ratio."""
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for length in LENGTHS:
            source = Path(folder) / f"{length}.mp4"
            write(source, length)
            command = [Path(sys.executable).with_name("videogigagan"), "upscale", source]
            outcome = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
            peaks.append(float(re.findall(r"peak memory ([\d.]+) GiB", outcome.stdout)[0]))
            print(f"{length} frames of {SIZE[1]}x{SIZE[0]}: {peaks[-1]:.2f} GiB")
    print(f"ratio {peaks[1] / peaks[0]:.3f}")


def write(path: Path, frames: int, size: tuple[int, int] = SIZE) -> None:
    """Write a moving texture of so many rows and columns."""
    texture = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.height, video.width = size
        video.pix_fmt = "yuv420p"
        for index in range(frames):
            picture = np.roll(texture, index, axis=1)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))


if __name__ == "__main__":
    main()
