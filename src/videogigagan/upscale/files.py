"""Upscaling a video file or a folder of images, everything else in it kept."""

import itertools
import logging
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import VideoError
from videogigagan.upscale.capacity import behind
from videogigagan.upscale.journal import Journal, fingerprint
from videogigagan.upscale.options import Progress, UpscaleOptions, UpscaleResult
from videogigagan.upscale.outputs import open_outputs
from videogigagan.upscale.repeats import sharing
from videogigagan.upscale.size import size_label
from videogigagan.upscale.upscaler import VideoUpscaler
from videogigagan.video.background import WriteBehind, prefetch
from videogigagan.video.cuts import FindShots, cuts_at, find_cuts, one_shot
from videogigagan.video.info import Frame
from videogigagan.video.paths import check_target, default_output, is_folder_target, is_pipe
from videogigagan.video.reader import open_source
from videogigagan.video.source import VideoSource

logger = logging.getLogger(__name__)

_TREATMENT = ("resume", "overwrite", "max_pixels", "max_frames", "max_seconds", "damaged")
"""Options that change no frame, so that a run may go on with others."""

_AHEAD = 8  # decoded frames that wait for the network


def upscale_file(
    upscaler: VideoUpscaler,
    source: Path,
    target: Path | None = None,
    *,
    options: UpscaleOptions,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> UpscaleResult:
    """Upscale `source` into `target`, which appears only when it is whole.

    Frames are decoded ahead and encoded behind the network, in threads of their own.

    With `options.resume` a run that ends early, by whatever cause, leaves its whole segments,
    and goes on behind them when it is started again. Its result is then the same as if nothing
    had happened. Pipes cannot be gone on with.

    Args:
        upscaler: A loaded generator.
        source: Video file, folder of images, or "-" for standard input.
        target: Video file, a name without suffix for a folder of images, or "-" for standard
            output; `name_x4.ext`, or what its size is, beside the source when None.
        options: What was chosen.
        on_progress: Called as each frame goes to the encoder; raising there ends the run
            cleanly.
        stop: Asked after each frame. The run ends as soon as its segment is whole, with what
            there is under the name of `unfinished_view`; at once if nothing is kept.

    Raises:
        VideoError: The source cannot be read, the target cannot be written, or what a stopped
            run has left belongs to another.
        StoppedError: `stop` said so.
        ConfigError: The options do not fit the weights.
    """
    started = time.monotonic()
    target = target or default_output(source, size_label(options, upscaler.scale))
    shots = _shots(options)
    with ExitStack() as stack:
        reading = options.reading(alpha=is_folder_target(target))
        reader = stack.enter_context(open_source(source, reading))
        journal = None
        if options.resume != "off" and not (is_pipe(source) or is_pipe(target)):
            check_target(source, target, overwrite=options.overwrite)
            journal = Journal(
                target, identity(upscaler, source, options), fresh=options.resume == "fresh"
            )
            stack.enter_context(journal)
        outputs = open_outputs(
            stack,
            (source, reader.info),
            target,
            options,
            native=upscaler.scale,
            journal=journal,
        )
        total = _total(reader.info.frame_count_hint, options.frames)
        count = resumed = outputs.resumed
        pairs = stack.enter_context(closing(_pairs(upscaler, reader, options, shots, journal)))
        picture = upscaler.picture_bytes(reader.info.height, reader.info.width)
        with WriteBehind(outputs.write, behind(picture)) as writer:
            for count, item in enumerate(pairs, start=resumed + 1):
                writer.put(item)
                if on_progress is not None:
                    seconds = time.monotonic() - started
                    on_progress(
                        Progress(done=count, total=total, seconds=seconds, resumed=resumed)
                    )
                if count != total and outputs.may_stop(count) and stop():
                    break
            else:
                total = count
        if count != total:
            raise outputs.stopped(count, total)
        outputs.expect(count, cut=count == options.frames or reader.is_cut)
    return UpscaleResult(
        output=target,
        comparison=outputs.comparison,
        frames=count,
        is_cut=reader.is_cut,
        resumed=resumed,
        seconds=time.monotonic() - started,
        size=outputs.size,
    )


def identity(
    upscaler: VideoUpscaler, source: Path, options: UpscaleOptions
) -> dict[str, object]:
    """What decides how the frames of a result look, by name, as plain values."""
    settings = asdict(options)
    for name in _TREATMENT:
        del settings[name]
    return {
        "input": fingerprint(source),
        "model, detail, seed, precision, device or chunk": upscaler.fingerprint,
        **{f"encoder's {name}": value for name, value in settings.pop("encode").items()},
        **settings,
        "version": version("videogigagan"),
    }


def _pairs(
    upscaler: VideoUpscaler,
    reader: VideoSource,
    options: UpscaleOptions,
    shots: FindShots,
    journal: Journal | None,
) -> Generator[tuple[Frame, Tensor], None, None]:
    """Each frame that is left with its result; frames that were read ahead wait in a queue."""
    done = 0 if journal is None else journal.done
    # Memory may be tighter or wider by now; the pictures are to be those of an unbroken run.
    tile = upscaler.tile_for(reader.info.height, reader.info.width)
    tile = tile if journal is None else journal.settle("tile", tile)
    waiting: deque[Frame] = deque()
    frames = itertools.islice(reader.frames(), options.frames)
    # Closed here, not where frames are used, so that no thread reads when the reader closes.
    with closing(prefetch(sharing(frames), _AHEAD, give_up=reader.give_up)) as ahead:
        failure: list[VideoError] = []

        def pixels() -> Iterator[Float[Tensor, "3 h w"]]:
            try:
                for index, frame in enumerate(ahead):
                    if index >= done:
                        waiting.append(frame)
                    yield frame.pixels
            except VideoError as error:
                if journal is None:
                    raise
                failure.append(error)  # first comes what could be read

        results = upscaler.stream(
            pixels(),
            shots=shots,
            start=None if journal is None else journal.waypoint,
            done=done,
            on_window=None if journal is None else journal.window,
            tile=tile,
        )
        for large in results:
            yield waiting.popleft(), large
        for error in failure:
            raise error


def _shots(options: UpscaleOptions) -> FindShots:
    if options.shots == "auto":
        return find_cuts
    return one_shot if options.shots == "off" else cuts_at(options.shots)


def _total(hint: int | None, limit: int | None) -> int | None:
    if hint is None or limit is None:
        return hint if limit is None else limit
    return min(hint, limit)
