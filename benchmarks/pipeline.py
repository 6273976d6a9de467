"""How busy decoding, network and encoding are: `python benchmarks/pipeline.py VIDEO`.

Upscales the first frames of a video with `base-4x` as the program does it, all three at once,
and then one after the other: decoding everything, computing everything, encoding everything.
Prints the share of the wall time that each is at work, and frames a second of both ways.
"""

import argparse
import itertools
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from videogigagan import UpscaleOptions, VideoUpscaler
from videogigagan.ops.allocator import keep_freed_memory
from videogigagan.upscale import files, outputs
from videogigagan.video.encode import EncodeOptions
from videogigagan.video.reader import open_source
from videogigagan.video.writer import open_sink


def main() -> None:
    """Print a table and the ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("--frames", type=int, default=60)
    arguments = parser.parse_args()
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        ready = VideoUpscaler.from_pretrained("base-4x")
        run(ready, arguments.video, Path(folder) / "warm.mp4", 2)
        busy, together = measured(ready, arguments.video, Path(folder), arguments.frames)
        apart = one_after_the_other(ready, arguments.video, Path(folder), arguments.frames)
    print("| | decoding | network | encoding | s | frames a second |")
    print("|---|---|---|---|---|---|")
    for name, parts, total in (
        ("at once", busy, together),
        ("one after the other", apart, sum(apart.values())),
    ):
        shares = " | ".join(f"{parts[part] / total:.1%}" for part in PARTS)
        print(f"| {name} | {shares} | {total:.1f} | {arguments.frames / total:.2f} |")
    print(f"ratio {sum(apart.values()) / together:.3f}")


PARTS = ("decoding", "network", "encoding")


def run(ready: VideoUpscaler, video: Path, target: Path, frames: int) -> None:
    """Upscale as the program does."""
    files.upscale_file(ready, video, target, options=UpscaleOptions(frames=frames))


def measured(
    ready: VideoUpscaler, video: Path, folder: Path, frames: int
) -> tuple[dict[str, float], float]:
    """Time at work of each part, and the whole."""
    busy: dict[str, float] = defaultdict(float)

    def timed(part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: object, **options: object) -> Any:  # noqa: ANN401 - as the work
            started = time.perf_counter()
            try:
                return work(*args, **options)
            finally:
                busy[part] += time.perf_counter() - started

        return wrapped

    def timed_open(path: Path, *options: Any) -> Any:  # noqa: ANN401 - as the reader
        reader = open_source(path, *options)
        frames_of = reader.frames

        def ticking() -> Iterator[Any]:
            step = timed("decoding", frames_of().__next__)
            with_end = iter(lambda: next_or_none(step), None)
            yield from with_end

        reader.frames = ticking
        return reader

    kept, engine = (files.open_source, outputs.Outputs.write), ready.engine
    propagate, pictures = engine.propagate, engine.pictures
    files.open_source = timed_open
    outputs.Outputs.write = timed("encoding", kept[1])
    engine.propagate = timed("network", propagate)
    engine.pictures = timed("network", pictures)
    try:
        started = time.perf_counter()
        run(ready, video, folder / "together.mp4", frames)
        return busy, time.perf_counter() - started
    finally:
        files.open_source, outputs.Outputs.write = kept
        engine.propagate, engine.pictures = propagate, pictures


def next_or_none(step: Callable[[], Any]) -> Any:  # noqa: ANN401 - a frame
    """The next frame, None at the end."""
    try:
        return step()
    except StopIteration:
        return None


def one_after_the_other(
    ready: VideoUpscaler, video: Path, folder: Path, frames: int
) -> dict[str, float]:
    """Time of each part alone."""
    times = [time.perf_counter()]
    with open_source(video) as reader:
        read = list(itertools.islice(reader.frames(), frames))
        times.append(time.perf_counter())
        made = list(ready.stream(frame.pixels for frame in read))
        times.append(time.perf_counter())
        height, width = made[0].shape[1:]
        target = folder / "apart.mp4"
        options = EncodeOptions()
        with open_sink(
            target,
            reader.info,
            width=width,
            height=height,
            options=options,
            source=video,
            overwrite=True,
        ) as sink:
            for frame, large in zip(read, made, strict=True):
                sink.write(torch.clamp(large, 0, 1), frame)
            sink.expect(len(made), cut=True)
    times.append(time.perf_counter())
    pairs = zip(PARTS, itertools.pairwise(times), strict=True)
    return {part: after - before for part, (before, after) in pairs}


if __name__ == "__main__":
    main()
