"""`videogigagan compare`: two videos made into one, to be looked at."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from videogigagan.cli.screen import ProgressLine
from videogigagan.upscale.options import Progress
from videogigagan.video.encode import Codec, EncodeOptions
from videogigagan.video.pair import CompareOptions, Comparison, Mode, compare_videos
from videogigagan.video.source import DEFAULT_MAX_PIXELS


@dataclass(frozen=True, kw_only=True, slots=True)
class Compare:
    """Show two videos with as many frames in one; the smaller is enlarged by bicubic."""

    first: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="A")]
    """Video file, or folder of images."""
    second: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="B")]
    """The same."""
    output: Annotated[Path, tyro.conf.arg(aliases=("-o",))]
    """Video file (.mp4, .mkv, .mov, .m4v), or a name without suffix for a folder of images."""
    mode: Mode = "side"
    """side: A left, B right; wipe: a line moves, A left of it; difference: A minus B."""
    gain: float = 4.0
    """How much differences are amplified."""
    slices: Annotated[bool, tyro.conf.arg(name="slice")] = False
    """Also write one row of every frame, time downwards, as a PNG image of each video."""
    row: int | None = None
    """The row of the slices, from 0; the middle unless given."""
    frames: int | None = None
    """Stop after this many frames."""
    codec: Annotated[Codec, tyro.conf.arg(aliases=("-c:v",))] = "auto"
    """h264 or h265; auto takes h265 for more than 8 bits and for sides above 4096."""
    crf: Annotated[int | None, tyro.conf.arg(aliases=("-crf",))] = None
    """Quality of the encoding, 0 (lossless) to 51; 18 for h264 and 20 for h265 unless given."""
    max_pixels: int = DEFAULT_MAX_PIXELS
    """Refuse a video with more pixels to a frame than this."""
    overwrite: Annotated[bool, tyro.conf.arg(aliases=("-y",))] = False
    """Replace outputs that exist."""

    def run(self) -> None:
        """Compare and report."""
        options = CompareOptions(
            mode=self.mode,
            gain=self.gain,
            slices=self.slices,
            row=self.row,
            frames=self.frames,
            overwrite=self.overwrite,
            max_pixels=self.max_pixels,
            encode=EncodeOptions(codec=self.codec, crf=self.crf),
        )
        started = time.monotonic()
        with ProgressLine() as line:

            def show(done: int, total: int | None) -> None:
                seconds = time.monotonic() - started
                line.show(Progress(done=done, total=total, seconds=seconds))

            made = compare_videos(
                self.first, self.second, self.output, options=options, on_frame=show
            )
        print(describe(made))


def describe(made: Comparison) -> str:
    """Sum up what was made, and where it lies."""
    lines = [f"comparison  {made.output}"]
    lines += [f"slice       {path}" for path in made.slices]
    width, height = made.size
    return "\n".join([*lines, f"{made.frames} frames of {width}x{height} each"])
