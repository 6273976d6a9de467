"""`videogigagan upscale`: a video in, a larger one out."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from videogigagan.cli.forecast import foresee
from videogigagan.cli.interruption import Interruption
from videogigagan.cli.jobs import run_jobs
from videogigagan.cli.screen import Display, ProgressLine, ProgressObjects, Silence, peak_memory
from videogigagan.model.checkpoint import find_weights, read_generator_config
from videogigagan.upscale.batch import Job, find_inputs, plan_jobs, result_folder
from videogigagan.upscale.files import upscale_file
from videogigagan.upscale.options import Precision, UpscaleOptions, UpscaleResult
from videogigagan.upscale.size import parse_size, size_label
from videogigagan.upscale.upscaler import VideoUpscaler
from videogigagan.video.cuts import read_cuts
from videogigagan.video.encode import Codec, EncodeOptions, PipeFormat, PixelFormat
from videogigagan.video.paths import is_pipe
from videogigagan.video.sink import SEGMENT
from videogigagan.video.source import DEFAULT_MAX_PIXELS, Damaged, Interlaced


@dataclass(frozen=True, kw_only=True, slots=True)
class Upscale:
    """Upscale a video, keeping its frames, timing, audio, subtitles and colour."""

    sources: Annotated[
        tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="INPUT ...")
    ]
    """Video files, folders of images, folders of videos, or patterns such as "clips/*.mp4"; -
    for Y4M or NUT on standard input."""
    output: Annotated[Path | None, tyro.conf.arg(aliases=("-o",))] = None
    """Video file (.mp4, .mkv, .mov, .m4v), or a name without suffix for a folder of images;
    beside the input as `name_x4.ext` (or what its size is) unless given. For several inputs, a
    folder of results; - for standard output."""
    pipe_format: PipeFormat = "y4m"
    """What goes to standard output: y4m has one frame rate, nut the time of every frame."""
    weights: Annotated[str | None, tyro.conf.arg(aliases=("-m", "-n"))] = None
    """Name of weights in the package (base-4x unless given; base-4x-bi for clean video), or a
    .safetensors file."""
    detail: float = 1.0
    """From 0 (what the input vouches for) to 1 (richer, and more of it invented), for weights
    that have both ends; `videogigagan inspect` says which do. Others have 1 alone."""
    scale: Annotated[float | None, tyro.conf.arg(aliases=("-s", "--outscale"))] = None
    """Enlargement, any number from 1 on; what the weights do unless given."""
    height: int | None = None
    """Rows of the result, instead of --scale; the columns follow."""
    size: Annotated[str | None, tyro.conf.arg(metavar="WxH")] = None
    """Columns and rows of the result, instead of --scale."""
    seed: int = 0
    """Chooses among the renderings that the generator can make; same seed, same bytes."""
    device: Annotated[str, tyro.conf.arg(aliases=("-d",))] = "auto"
    """auto (a GPU if there is one), cpu, cuda:0."""
    precision: Precision = "auto"
    """auto (bf16 where the GPU or CPU multiplies it faster, else fp32), fp32, bf16."""
    chunk: int = 10
    """Frames rendered together; fewer need less memory."""
    overlap: int = 2
    """Frames over which chunks fade into each other."""
    tile: Annotated[int | None, tyro.conf.arg(aliases=("-t",), metavar="PIXELS")] = None
    """Most pixels of the input to a side of what is worked on at once, 0 for whole frames; by
    the memory that is free unless given."""
    shots: str = "auto"
    """Where shots begin, which nothing is carried into: auto (cuts and fades are found), off,
    or a file with the number of each shot's first frame, from 0, one a line."""
    compare: Literal["none", "side"] = "none"
    """side: also write a video with the enlarged input beside the result."""
    frames: int | None = None
    """Stop after this many frames."""
    codec: Annotated[Codec, tyro.conf.arg(aliases=("-c:v",))] = "auto"
    """h264 or h265; auto takes h265 for more than 8 bits and for sides above 4096."""
    crf: Annotated[int | None, tyro.conf.arg(aliases=("-crf",))] = None
    """Quality of the encoding, 0 (lossless) to 51; 18 for h264 and 20 for h265 unless given."""
    pixel_format: Annotated[PixelFormat, tyro.conf.arg(aliases=("-pix_fmt",))] = "auto"
    """How colours are stored; auto keeps chroma sampling and depth, up to 10 bits."""
    max_pixels: int = DEFAULT_MAX_PIXELS
    """Refuse an input with more pixels to a frame than this."""
    interlaced: Interlaced = "deinterlace"
    """Interlaced frames: deinterlace (one picture of each), refuse, or keep as they are."""
    damaged: Damaged = "refuse"
    """An input that is damaged or cut short: refuse, or keep (upscale what comes before)."""
    overwrite: Annotated[bool, tyro.conf.arg(aliases=("-y",))] = False
    """Replace an output that exists."""
    resume: Literal["auto", "fresh", "off"] = "auto"
    """auto: go on where the same command was stopped or killed; fresh: begin anew; off: begin
    anew, and keep nothing if this run ends early."""
    skip_existing: bool = False
    """Leave inputs out whose results exist."""
    dry_run: bool = False
    """Say what would be read, made and taken, and write nothing."""
    progress: Literal["bar", "json", "none"] = "bar"
    """What standard error shows: a bar, a JSON object a line, or nothing."""

    def run(self) -> None:
        """Upscale one input after another, and report."""
        options = self._options()
        inputs = find_inputs(self.sources)
        label = size_label(options, read_generator_config(find_weights(self.weights)).scale)
        jobs = plan_jobs(
            inputs, self.output, label=label, options=options, skip_existing=self.skip_existing
        )
        if not jobs:
            print("every result exists already")
            return
        upscaler = VideoUpscaler.from_pretrained(
            self.weights,
            detail=self.detail,
            device=self.device,
            precision=self.precision,
            seed=self.seed,
            chunk=self.chunk,
            overlap=self.overlap,
            tile=self.tile,
        )

        def work(job: Job) -> None:
            if self.dry_run:
                print(foresee(upscaler, job, options), flush=True)
                return
            with self._display(job) as line, self._ending(job) as stop:
                result = upscale_file(
                    upscaler,
                    job.source,
                    job.target,
                    options=options,
                    on_progress=line.show,
                    stop=stop,
                )
            stream = sys.stderr if is_pipe(job.target) else sys.stdout
            print(describe(result), file=stream, flush=True)

        if not inputs.several:
            work(jobs[0])
        else:
            folder = None if self.dry_run else self.output
            with result_folder(folder) if folder else nullcontext():
                run_jobs(jobs, work)

    def _display(self, job: Job) -> Display:
        if self.progress == "json":
            return ProgressObjects(input=str(job.source), output=str(job.target))
        return ProgressLine() if self.progress == "bar" else Silence()

    def _ending(self, job: Job) -> AbstractContextManager[Callable[[], bool]]:
        """How Ctrl-C ends a run: once its segment is whole, or at once if nothing is kept."""
        if self.resume == "off" or is_pipe(job.source) or is_pipe(job.target):
            return nullcontext(lambda: False)
        return Interruption(
            f"stops within {SEGMENT} frames, to go on from there later; Ctrl-C again stops at "
            f"once."
        )

    def _options(self) -> UpscaleOptions:
        return UpscaleOptions(
            scale=self.scale,
            height=self.height,
            size=None if self.size is None else parse_size(self.size),
            seed=self.seed,
            detail=self.detail,
            chunk=self.chunk,
            overlap=self.overlap,
            tile=self.tile,
            frames=self.frames,
            shots=chosen_shots(self.shots),
            compare=self.compare,
            overwrite=self.overwrite,
            resume=self.resume,
            max_pixels=self.max_pixels,
            interlaced=self.interlaced,
            damaged=self.damaged,
            encode=EncodeOptions(
                codec=self.codec,
                crf=self.crf,
                pixel_format=self.pixel_format,
                pipe=self.pipe_format,
            ),
        )


def chosen_shots(value: str) -> Literal["auto", "off"] | tuple[int, ...]:
    """Understand `--shots`."""
    if value == "auto" or value == "off":  # noqa: PLR1714 - so that types are known
        return value
    return read_cuts(Path(value))


def describe(result: UpscaleResult) -> str:
    """Sum a run up: where the result lies, then figures."""
    width, height = result.size
    lines = [f"result      {result.output}"]
    if result.comparison is not None:
        lines.append(f"comparison  {result.comparison} (left: bicubic, right: result)")
    if result.is_cut:
        lines.append(
            f"damage      the input is used up to frame {result.frames}, and no further"
        )
    made = result.frames - result.resumed
    earlier = f", {result.resumed} of them by an earlier run" if result.resumed else ""
    figures = [
        f"{result.frames} frames of {width}x{height}{earlier}",
        f"{result.seconds:.1f} s",
    ]
    if made:
        figures.append(
            f"{made / result.seconds:.2f} fps ({result.seconds / made:.2f} s per frame)"
        )
    memory = peak_memory()
    if memory is not None:
        figures.append(f"peak memory {memory / 2**30:.2f} GiB")
    return "\n".join([*lines, ", ".join(figures)])
