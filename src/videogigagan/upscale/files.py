"""Upscaling a video file or a folder of images, everything else in it kept."""

import itertools
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import ConfigError
from videogigagan.ops.resize import resize
from videogigagan.upscale.options import Progress, UpscaleOptions, UpscaleResult
from videogigagan.upscale.size import result_size, size_label
from videogigagan.upscale.upscaler import VideoUpscaler
from videogigagan.video.background import WriteBehind, prefetch
from videogigagan.video.compare import side_by_side
from videogigagan.video.cuts import FindShots, cuts_at, find_cuts, one_shot
from videogigagan.video.info import Frame, VideoInfo
from videogigagan.video.paths import default_output, is_folder_target, is_pipe
from videogigagan.video.reader import open_source
from videogigagan.video.sink import VideoSink
from videogigagan.video.source import VideoSource
from videogigagan.video.writer import open_sink

_AHEAD = 8  # decoded frames that wait for the network
_BEHIND = 4  # rendered frames that wait for the encoder


def upscale_file(
    upscaler: VideoUpscaler,
    source: Path,
    target: Path | None = None,
    *,
    options: UpscaleOptions,
    on_progress: Callable[[Progress], None] | None = None,
) -> UpscaleResult:
    """Upscale `source` into `target`, which appears only when it is whole.

    Frames are decoded ahead and encoded behind the network, in threads of their own.

    Args:
        upscaler: A loaded generator.
        source: Video file, folder of images, or "-" for standard input.
        target: Video file, a name without suffix for a folder of images, or "-" for standard
            output; `name_x4.ext`, or what its size is, beside the source when None.
        options: What was chosen.
        on_progress: Called as each frame goes to the encoder; raising there ends the run
            cleanly.

    Raises:
        VideoError: The source cannot be read or the target cannot be written.
        ConfigError: The options do not fit the weights.
    """
    started = time.monotonic()
    target = target or default_output(source, size_label(options, upscaler.scale))
    comparison = comparison_path(target) if options.compare == "side" else None
    shots = _shots(options)
    with ExitStack() as stack:
        reader = stack.enter_context(open_source(source, max_pixels=options.max_pixels))
        size = result_size(
            reader.info, options, native=upscaler.scale, is_folder=is_folder_target(target)
        )
        width, height = size.width, size.height
        like = replace(reader.info, pixel_aspect=size.pixel_aspect)
        # Sinks publish on leaving the stack, the result last, so that it is never there alone.
        sink = _enter(stack, target, like, (width, height), source, options)
        beside = None
        if comparison is not None:
            beside = _enter(stack, comparison, like, (2 * width, height), source, options)
        total = _total(reader.info.frame_count_hint, options.frames)

        def write(item: tuple[Frame, Tensor]) -> None:
            frame, large = item
            large = resize(large, (height, width)).clamp(0, 1)
            sink.write(large, frame)
            if beside is not None:
                beside.write(side_by_side(frame.pixels, large), frame)

        count = 0
        pairs = stack.enter_context(closing(_pairs(upscaler, reader, options, shots)))
        with WriteBehind(write, _BEHIND) as writer:
            for count, item in enumerate(pairs, start=1):
                writer.put(item)
                if on_progress is not None:
                    on_progress(
                        Progress(done=count, total=total, seconds=time.monotonic() - started)
                    )
        for written in filter(None, (sink, beside)):
            written.expect(count, cut=count == options.frames)
    return UpscaleResult(
        output=target,
        comparison=comparison,
        frames=count,
        seconds=time.monotonic() - started,
        size=(width, height),
    )


def comparison_path(target: Path) -> Path:
    """Where the side-by-side video of a result lies.

    Raises:
        ConfigError: The result goes to standard output, where nothing lies beside it.
    """
    if is_pipe(target):
        raise ConfigError("compare: standard output takes one video. Give a file as output.")
    if is_folder_target(target):
        return target.with_name(f"{target.name}_compare")
    return target.with_name(f"{target.stem}_compare{target.suffix}")


def _pairs(
    upscaler: VideoUpscaler, reader: VideoSource, options: UpscaleOptions, shots: FindShots
) -> Generator[tuple[Frame, Tensor], None, None]:
    """Each frame with its result; frames that were read ahead wait in a queue."""
    waiting: deque[Frame] = deque()
    frames = itertools.islice(reader.frames(), options.frames)
    # Closed here, not where frames are used, so that no thread reads when the reader closes.
    with closing(prefetch(frames, _AHEAD, give_up=reader.give_up)) as ahead:

        def pixels() -> Iterator[Float[Tensor, "3 h w"]]:
            for frame in ahead:
                waiting.append(frame)
                yield frame.pixels

        for large in upscaler.stream(pixels(), shots=shots):
            yield waiting.popleft(), large


def _enter(
    stack: ExitStack,
    target: Path,
    like: VideoInfo,
    size: tuple[int, int],
    source: Path,
    options: UpscaleOptions,
) -> VideoSink:
    sink = open_sink(
        target,
        like,
        width=size[0],
        height=size[1],
        options=options.encode,
        source=source,
        overwrite=options.overwrite,
    )
    return stack.enter_context(sink)


def _shots(options: UpscaleOptions) -> FindShots:
    if options.shots == "auto":
        return find_cuts
    return one_shot if options.shots == "off" else cuts_at(options.shots)


def _total(hint: int | None, limit: int | None) -> int | None:
    if hint is None or limit is None:
        return hint if limit is None else limit
    return min(hint, limit)
