"""Memory of one long run as it goes: `python benchmarks/long_run.py` (Linux).

Upscales a synthetic video of 2,000 frames, one shot, and watches the resident memory of the
process. Prints the most that it held by the time 100 frames were done, and the most in each
500 frames after that. Bounded memory means ratios near 1.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from memory import write

FRAMES, FIRST, STRETCH = 2000, 100, 500
SIZE = (24, 32)


def main() -> None:
    """Print a table."""
    peaks: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "long.mp4"
        write(source, FRAMES, SIZE)
        program = Path(sys.executable).with_name("videogigagan")
        command = [program, "upscale", source, "--shots", "off", "--progress", "json"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
            assert process.stderr is not None
            for line in process.stderr:
                done = json.loads(line).get("frame", 0)
                part = 0 if done <= FIRST else 1 + (done - FIRST - 1) // STRETCH
                peaks[part] = max(peaks.get(part, 0.0), resident(process.pid))
        assert process.returncode == 0, "the run failed"
    print("| frames | most memory, GiB | ratio |")
    print("|---|---|---|")
    for part, peak in peaks.items():
        last = min(FIRST + STRETCH * part, FRAMES)
        first = 1 if part == 0 else FIRST + STRETCH * (part - 1) + 1
        print(f"| {first} to {last} | {peak:.3f} | {peak / peaks[0]:.3f} |")


def resident(process: int) -> float:
    """Resident memory of a process, in GiB."""
    status = Path(f"/proc/{process}/status")
    try:
        lines = status.read_text().splitlines()
    except OSError:  # it has ended
        return 0.0
    sizes = [line.split()[1] for line in lines if line.startswith("VmRSS")]
    return int(sizes[0]) / 2**20 if sizes else 0.0


if __name__ == "__main__":
    main()
