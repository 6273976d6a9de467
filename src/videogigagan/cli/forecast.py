"""What an upscaling would read, make and take, in words, before it is begun."""

import shutil

from videogigagan.cli.screen import clock, peak_memory
from videogigagan.upscale.batch import Job
from videogigagan.upscale.forecast import Forecast, forecast
from videogigagan.upscale.options import UpscaleOptions
from videogigagan.upscale.outputs import comparison_path
from videogigagan.upscale.size import ResultSize, result_size
from videogigagan.upscale.upscaler import VideoUpscaler
from videogigagan.video.encode import ENCODERS, decide
from videogigagan.video.info import VideoInfo
from videogigagan.video.paths import is_folder_target, is_pipe
from videogigagan.video.reader import open_source

_BITS = 0.1  # for an encoded pixel, with CRF 18 for H.264 or 20 for H.265
_NORMAL_CRF = {"libx264": 18, "libx265": 20}
_HALVING = 6  # steps of CRF that halve a file
_PNG_BITS = 12.0


def foresee(upscaler: VideoUpscaler, job: Job, options: UpscaleOptions) -> str:
    """Describe a job, a row for each thing; nothing is written.

    Raises:
        VideoError: The source cannot be read.
        ConfigError: The options do not fit it.
    """
    reading = options.reading(alpha=is_folder_target(job.target))
    with open_source(job.source, reading) as source:
        info = source.info
    size = result_size(
        info, options, native=upscaler.scale, is_folder=is_folder_target(job.target)
    )
    known = [n for n in (info.frame_count_hint, options.frames) if n is not None]
    frames = min(known, default=None)
    encoding, bits = _encoding(job, info, size, options)
    cost = forecast(upscaler, width=info.width, height=info.height, frames=frames)
    rows = {
        "input": f"{job.source}: {_described(info)}",
        "result": f"{job.target}: {size.width}x{size.height}, {encoding}",
        "frames": "told by no header" if frames is None else _length(frames, info),
        "shots": _shots(options),
        "at a time": f"{cost.window} frames propagated, {cost.chunk} rendered, {_tiles(cost)}",
        "memory": _memory(upscaler, cost),
        "disk": _disk(job, size, frames, bits),
        "time": _time(upscaler, cost, frames),
    }
    if options.compare == "side":
        rows["comparison"] = f"{comparison_path(job.target)}: twice as wide, disk not counted"
    return "\n".join(f"{name:<11} {text}" for name, text in rows.items())


def _described(info: VideoInfo) -> str:
    stored = f"{info.codec} {info.sampling}, {info.bit_depth} bits, in {info.container}"
    return f"{info.width}x{info.height}, {float(info.rate):.5g} fps, {stored}"


def _encoding(
    job: Job, info: VideoInfo, size: ResultSize, options: UpscaleOptions
) -> tuple[str, float]:
    """Return in words how a result is stored, and about how many bits a pixel takes."""
    if is_pipe(job.target):
        return f"{options.encode.pipe} on standard output", 0.0
    if is_folder_target(job.target):
        return "PNG images", _PNG_BITS
    made = decide(options.encode, info, width=size.width, height=size.height)
    codec = next(name for name, encoder in ENCODERS.items() if encoder == made.encoder)
    crf = int(made.options["crf"])
    bits = _BITS * 2 ** ((_NORMAL_CRF[made.encoder] - crf) / _HALVING)
    return f"{codec} {made.pixel_format}, CRF {crf}", bits


def _length(frames: int, info: VideoInfo) -> str:
    return f"{frames}, {clock(float(frames / info.rate))}"


def _shots(options: UpscaleOptions) -> str:
    if options.shots == "auto":
        return "found on the way"
    return "one" if options.shots == "off" else f"{len({0, *options.shots})}, as listed"


def _tiles(cost: Forecast) -> str:
    return f"tiles of at most {cost.tile} pixels" if cost.tile else "whole"


def _memory(upscaler: VideoUpscaler, cost: Forecast) -> str:
    program = (peak_memory() or 0) if upscaler.device.type == "cpu" else 0
    return f"about {(cost.memory + program) / 2**30:.1f} GiB on {upscaler.device}"


def _disk(job: Job, size: ResultSize, frames: int | None, bits: float) -> str:
    """Say how much room the pictures take while they are written, sound not counted."""
    there = next(folder for folder in job.target.absolute().parents if folder.is_dir())
    free = f"{shutil.disk_usage(there).free / 2**30:.1f} GiB are free"
    needed = size.width * size.height * (frames or 1) * bits / 8
    if not is_folder_target(job.target):
        needed *= 2  # the packets stay until all of them are in the container
    return f"about {needed / 2**20:.1f} MiB{'' if frames else ' a frame'}; {free}"


def _time(upscaler: VideoUpscaler, cost: Forecast, frames: int | None) -> str:
    whole = "" if frames is None else f"{clock(frames * cost.seconds)}, "
    return f"about {whole}{cost.seconds:.2f} s per frame on {upscaler.device}"
