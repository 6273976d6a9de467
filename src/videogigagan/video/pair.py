"""Two videos, frame by frame, made into one for comparison."""

import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Literal, final

from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import ConfigError, VideoError
from videogigagan.ops.resize import resize
from videogigagan.video.background import WriteBehind, prefetch
from videogigagan.video.compare import difference, side_by_side, wipe, wipe_share
from videogigagan.video.encode import EncodeOptions
from videogigagan.video.info import Frame, VideoInfo
from videogigagan.video.paths import check_place, check_target, is_folder_target, is_pipe
from videogigagan.video.reader import open_source
from videogigagan.video.sink import VideoSink
from videogigagan.video.slice_sink import SliceSink
from videogigagan.video.source import DEFAULT_MAX_PIXELS, ReadOptions
from videogigagan.video.writer import open_sink

logger = logging.getLogger(__name__)

Mode = Literal["side", "wipe", "difference"]

_AHEAD = 4  # frames of each video that wait
_SAME_SHAPE = Fraction(1, 100)


@dataclass(frozen=True, kw_only=True, slots=True)
class CompareOptions:
    """How two videos are compared; the command line has the same names."""

    mode: Mode = "side"
    """`side`: left and right; `wipe`: a line between them moves; `difference`: one minus the
    other, amplified."""
    gain: float = 4.0
    """How much differences are amplified."""
    slices: bool = False
    """Also write one row of every frame, under each other, as an image of each video."""
    row: int | None = None
    """The row of the slices, from 0; the middle when None."""
    frames: int | None = None
    """Stop after this many frames; None takes all."""
    overwrite: bool = False
    """Replace outputs that exist."""
    max_pixels: int = DEFAULT_MAX_PIXELS
    """Refuse videos with more pixels per frame than this."""
    encode: EncodeOptions = field(default_factory=EncodeOptions)
    """How the comparison is encoded."""

    def __post_init__(self) -> None:
        if not 0 < self.gain <= 255:
            raise ConfigError(f"gain must be above 0 and at most 255, not {self.gain:g}.")
        if self.frames is not None and self.frames < 1:
            raise ConfigError(f"frames must be at least 1, not {self.frames}.")
        if self.row is not None and not self.slices:
            raise ConfigError(f"row {self.row}: only slices have a row. Add --slice.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What has been made of two videos."""

    output: Path
    """Both in one video."""
    slices: tuple[Path, ...]
    """The slices through time, of the first and of the second."""
    frames: int
    """Frames of each video."""
    size: tuple[int, int]
    """Width and height that both were brought to."""


def compare_videos(
    first: Path,
    second: Path,
    target: Path,
    *,
    options: CompareOptions,
    on_frame: Callable[[int, int | None], None] | None = None,
) -> Comparison:
    """Write a comparison of two videos, in memory that does not grow with their length.

    Both are brought to the size of the larger one by bicubic interpolation. Time, colour,
    sound and subtitles are those of the first, or of the second if the first is a folder.

    Args:
        first: Video file, or folder of images.
        second: The same, with as many frames.
        target: Video file, or a name without suffix for a folder of images.
        options: What was chosen.
        on_frame: Called with the frames done and, if known, the frames there will be.

    Raises:
        VideoError: A video cannot be read, the comparison cannot be written, or the numbers of
            frames differ.
        ConfigError: The options do not fit the videos.
    """
    sliced = slice_paths(target) if options.slices else ()
    _check(first, second, target, sliced, overwrite=options.overwrite)
    with ExitStack() as stack:
        sources = [
            stack.enter_context(open_source(path, ReadOptions(max_pixels=options.max_pixels)))
            for path in (first, second)
        ]
        leading = int(first.is_dir() and not second.is_dir())
        like = _common(sources[0].info, sources[1].info, leading)
        _warn_of_shapes(first, second, sources[0].info, sources[1].info)
        # The comparison is published last.
        sink = _enter(stack, target, like, (first, second)[leading], options)
        row = _row(options.row, like.height)
        sinks = [sink, *(stack.enter_context(SliceSink(path, row)) for path in sliced)]
        streams = [
            stack.enter_context(closing(prefetch(source.frames(), _AHEAD)))
            for source in sources
        ]
        total = _total([source.info.frame_count_hint for source in sources], options.frames)
        count = 0
        mixer = _Mixer(sinks, options, like, leading)
        with WriteBehind(mixer.write, _AHEAD) as writer:
            pairs = _pairs(streams[0], streams[1], (first, second))
            for count, pair in enumerate(islice(pairs, options.frames), start=1):
                writer.put(pair)
                if on_frame is not None:
                    on_frame(count, total)
        for written in sinks:
            written.expect(count, cut=count == options.frames)
    return Comparison(
        output=target, slices=sliced, frames=count, size=(like.width, like.height)
    )


def slice_paths(target: Path) -> tuple[Path, Path]:
    """Where the slices of two videos lie, beside their comparison."""
    stem = target.name if is_folder_target(target) else target.stem
    first, second = (target.with_name(f"{stem}_slice_{letter}.png") for letter in "ab")
    return first, second


@final
class _Mixer:
    """Brings two frames to one size, and writes what is made of them."""

    def __init__(
        self, sinks: Sequence[VideoSink], options: CompareOptions, like: VideoInfo, leading: int
    ) -> None:
        self._sink, *self._slices = sinks
        self._options = options
        self._size = (like.height, like.width)
        self._leading = leading
        self._start: Fraction | None = None

    def write(self, pair: tuple[Frame, Frame]) -> None:
        """Write one frame of each video."""
        first, second = (resize(frame.pixels, self._size).clamp(0, 1) for frame in pair)
        frame = pair[self._leading]
        self._sink.write(self._mix(first, second, self._seconds(frame)), frame)
        for sink, pixels in zip(self._slices, (first, second), strict=False):
            sink.write(pixels, frame)

    def _mix(
        self, first: Float[Tensor, "3 h w"], second: Float[Tensor, "3 h w"], seconds: float
    ) -> Float[Tensor, "3 h W"]:
        if self._options.mode == "side":
            return side_by_side(first, second)
        if self._options.mode == "wipe":
            return wipe(first, second, wipe_share(seconds))
        return difference(first, second, self._options.gain)

    def _seconds(self, frame: Frame) -> float:
        """Return the time since the first frame."""
        now = frame.pts * frame.time_base
        self._start = now if self._start is None else self._start
        return float(now - self._start)


def _pairs(
    first: Iterator[Frame], second: Iterator[Frame], paths: tuple[Path, Path]
) -> Iterator[tuple[Frame, Frame]]:
    """Yield the frames of two videos together; both must end together."""
    for count in itertools.count():
        pair = next(first, None), next(second, None)
        if pair[0] is None and pair[1] is None:
            return
        if pair[0] is None or pair[1] is None:
            longer = count + 1 + sum(1 for _ in itertools.chain(first, second))
            counts = (count, longer) if pair[0] is None else (longer, count)
            raise VideoError(
                f"{paths[0]} and {paths[1]}: have different numbers of frames ({counts[0]} "
                f"and {counts[1]}). Compare the first ones with --frames {count}."
            )
        yield pair[0], pair[1]


def _check(
    first: Path, second: Path, target: Path, sliced: Sequence[Path], *, overwrite: bool
) -> None:
    if any(map(is_pipe, (first, second, target))):
        raise ConfigError("compare: takes no standard input or output. Give files.")
    # That an output is an input is told before that it exists.
    for source, replaceable in ((first, True), (second, overwrite)):
        check_target(source, target, overwrite=replaceable)
        for path in sliced:
            check_place(source, path, overwrite=replaceable)


def _common(first: VideoInfo, second: VideoInfo, leading: int) -> VideoInfo:
    """Return the description of the comparison: size and pixels of the larger video."""
    larger = max(first, second, key=lambda info: info.width * info.height)
    return replace(
        (first, second)[leading],
        width=larger.width,
        height=larger.height,
        pixel_aspect=larger.pixel_aspect,
    )


def _warn_of_shapes(first: Path, second: Path, one: VideoInfo, other: VideoInfo) -> None:
    shapes = [Fraction(info.width, info.height) * info.pixel_aspect for info in (one, other)]
    if abs(shapes[0] / shapes[1] - 1) > _SAME_SHAPE:
        logger.warning(
            "%s and %s: are displayed in different shapes; the smaller one is stretched.",
            first,
            second,
        )


def _enter(
    stack: ExitStack, target: Path, like: VideoInfo, source: Path, options: CompareOptions
) -> VideoSink:
    sink = open_sink(
        target,
        like,
        width=like.width * (2 if options.mode == "side" else 1),
        height=like.height,
        options=options.encode,
        source=source,
        overwrite=options.overwrite,
    )
    return stack.enter_context(sink)


def _row(wanted: int | None, height: int) -> int:
    row = height // 2 if wanted is None else wanted
    if not 0 <= row < height:
        raise ConfigError(f"row {row}: is not in the pictures. Give 0 to {height - 1}.")
    return row


def _total(hints: Sequence[int | None], limit: int | None) -> int | None:
    """Return the frames there will be, as far as headers tell."""
    known = [number for number in (*hints, limit) if number is not None]
    return min(known, default=None)
