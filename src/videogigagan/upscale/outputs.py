"""What a run writes: its result and, if asked for, the comparison, always equally far."""

import logging
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import ConfigError, StoppedError
from videogigagan.ops.resize import resize
from videogigagan.upscale.journal import Journal
from videogigagan.upscale.options import UpscaleOptions
from videogigagan.upscale.size import result_size
from videogigagan.video.compare import side_by_side
from videogigagan.video.info import Frame, VideoInfo
from videogigagan.video.paths import is_folder_target, is_pipe
from videogigagan.video.sink import SEGMENT, SegmentedSink, VideoSink, remove_quietly
from videogigagan.video.writer import open_sink

logger = logging.getLogger(__name__)


class Outputs:
    """The sinks of a run, in step.

    Args:
        sinks: By name; the first is the result.
        size: Columns and rows of the result.
        journal: What is told of whole segments; None where nothing is kept.
    """

    def __init__(
        self, sinks: dict[str, VideoSink], size: tuple[int, int], journal: Journal | None
    ) -> None:
        self.size = size
        self._sinks = sinks
        self._result, *more = sinks.values()
        self._beside = more[0] if more else None
        self._journal = journal
        self.resumed = 0

    @property
    def comparison(self) -> Path | None:
        """Where the comparison lies, if there is one."""
        return None if self._beside is None else self._beside.target

    def go_on(self) -> None:
        """Take over what a stopped run has left, and drop what it had not made safe."""
        if self._journal is None:
            return
        self.resumed = self._journal.done
        for name, sink in self._segmented().items():
            sink.go_on(self.resumed, self._journal.safe.get(name, 0))
        if self.resumed:
            logger.warning("%s: goes on behind frame %d.", self._result.target, self.resumed)

    def write(self, item: tuple[Frame, Tensor]) -> None:
        """Bring a picture to the size of the result, and write it everywhere."""
        frame, large = item
        width, height = self.size
        large = resize(large, (height, width)).clamp(0, 1)
        self._result.write(_with_alpha(large, frame), frame)
        if self._beside is not None:
            self._beside.write(side_by_side(frame.pixels, large), frame)
        if self._journal is not None and self._result.written % SEGMENT == 0:
            safe = {name: sink.safe for name, sink in self._segmented().items()}
            self._journal.segment(self._result.written, safe)

    def may_stop(self, count: int) -> bool:
        """Whether a run may stop behind frame `count` without losing any of its work."""
        return self._journal is None or count % SEGMENT == 0

    def expect(self, count: int, *, cut: bool) -> None:
        """Tell all sinks how many frames were read; what showed an earlier stop goes."""
        for sink in self._sinks.values():
            sink.expect(count, cut=cut)
        if self._journal is not None:
            remove_quietly(unfinished_view(self._result.target))

    def stopped(self, count: int, total: int | None) -> StoppedError:
        """Leave what there is to be looked at; return how to go on, in words."""
        target = self._result.target
        far = f"{target}: stopped behind frame {count}" + (f" of {total}" if total else "")
        if self._journal is None:
            return StoppedError(f"{far}. Nothing is kept.")
        view = unfinished_view(target)
        if is_folder_target(target):
            view = self._journal.folder / target.name
        self._segmented()["result"].leave(view)
        return StoppedError(
            f"{far}. So far it can be seen in {view}; the same command goes on from there."
        )

    def _segmented(self) -> dict[str, SegmentedSink]:
        return {
            name: sink for name, sink in self._sinks.items() if isinstance(sink, SegmentedSink)
        }


def _with_alpha(pixels: Float[Tensor, "3 H W"], frame: Frame) -> Float[Tensor, "c H W"]:
    """Add the transparency of the frame, if it was read, at the size of the picture."""
    if frame.alpha is None:
        return pixels
    height, width = pixels.shape[-2:]
    alpha = resize(frame.alpha[None], (height, width)).clamp(0, 1)
    return torch.cat((pixels, alpha.to(pixels)))


def open_outputs(
    stack: ExitStack,
    source: tuple[Path, VideoInfo],
    target: Path,
    options: UpscaleOptions,
    *,
    native: int,
    journal: Journal | None,
) -> Outputs:
    """Begin to write, or go on with what a stopped run has left.

    Args:
        stack: Completes everything when it is left, and removes it if by an exception.
        source: The input, and what is known of it.
        target: Where the result goes.
        options: What was chosen.
        native: How much the weights enlarge.
        journal: What was kept and is to be kept.

    Raises:
        VideoError: Something cannot be written there.
        ConfigError: The options do not fit the input or the output.
    """
    place, info = source
    size = result_size(info, options, native=native, is_folder=is_folder_target(target))
    like = replace(info, pixel_aspect=size.pixel_aspect)
    wanted = {"result": (target, size.width)}
    if options.compare == "side":
        wanted["comparison"] = (comparison_path(target), 2 * size.width)
    sinks: dict[str, VideoSink] = {}
    # They publish on leaving the stack, the result last, so that it is never there alone.
    for name, (path, width) in wanted.items():
        sink = open_sink(
            path,
            like,
            width=width,
            height=size.height,
            options=options.encode,
            source=place,
            overwrite=options.overwrite,
        )
        if journal is not None and isinstance(sink, SegmentedSink):
            sink.keep_in(journal.folder)
        sinks[name] = stack.enter_context(sink)
    outputs = Outputs(sinks, (size.width, size.height), journal)
    outputs.go_on()
    return outputs


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


def unfinished_view(target: Path) -> Path:
    """Where a stopped run leaves what there is of a video, to be looked at."""
    return target.with_name(f"{target.stem}_unfinished{target.suffix}")
