"""What keeping freed memory saves on a CPU: `python benchmarks/allocator.py`.

Runs `base-4x` and RAFT (untrained, of the small layout) in processes that give memory back and
in such as keep it, in turn, and prints the medians, their ratio, and the peaks of memory.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch

from videogigagan import VideoUpscaler
from videogigagan.frozen.raft import RAFT
from videogigagan.ops.allocator import keep_freed_memory

PROCESSES, ROUNDS = 3, 3
FRAMES, SMALL, LARGE = 6, (120, 180), (480, 720)


def main() -> None:
    """Print a table, or in a process of its own, the figures of that process."""
    if len(sys.argv) > 1:
        if sys.argv[1] == "kept":
            assert keep_freed_memory(), "the C library has no such setting"
        print(json.dumps(figures()))
        return
    runs: dict[str, list[dict[str, float]]] = {"given back": [], "kept": []}
    for _ in range(PROCESSES):
        for choice, results in runs.items():
            command = [sys.executable, __file__, choice]
            outcome = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - this file
            results.append(json.loads(outcome.stdout))
    print("| | given back | kept | ratio |")
    print("|---|---|---|---|")
    for name in runs["kept"][0]:
        before, after = (statistics.median(run[name] for run in runs[way]) for way in runs)
        print(f"| {name} | {before:.2f} | {after:.2f} | {before / after:.2f} |")


def figures() -> dict[str, float]:
    """Seconds, and peak memory."""
    upscaler = VideoUpscaler.from_pretrained("base-4x", device="cpu")
    frames = list(torch.rand(FRAMES, 3, *SMALL))
    raft = RAFT("small")
    with torch.inference_mode():
        first, second = (raft.describe(torch.rand(1, 3, *LARGE)) for _ in range(2))

        def flow() -> None:
            raft(first, second)

        found = {
            "RAFT, s": seconds(flow),
            "base-4x, s a frame": seconds(lambda: list(upscaler.stream(iter(frames)))) / FRAMES,
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {**found, "peak memory, GiB": peak}


def seconds(run: Callable[[], object]) -> float:
    """Median time of a call."""
    run()
    taken: list[float] = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
