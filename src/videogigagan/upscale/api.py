"""The two functions most programs need."""

from collections.abc import Callable
from pathlib import Path

from videogigagan.model.checkpoint import find_weights, load_generator
from videogigagan.model.generator import Generator
from videogigagan.upscale.files import upscale_file
from videogigagan.upscale.options import Precision, Progress, UpscaleOptions, UpscaleResult
from videogigagan.upscale.upscaler import VideoUpscaler
from videogigagan.video.paths import check_target


def load(weights: str | Path | None = None, detail: int | float = 1) -> Generator:
    """Load a generator, a plain `torch.nn.Module` in evaluation mode.

    Args:
        weights: Name of weights inside the package, or a file; the default weights when None.
        detail: Between fidelity (0) and detail (1), for weights that have both ends.

    Raises:
        CheckpointError: There are no such weights, or they cannot be read.
        ConfigError: They have no such detail.
    """
    return load_generator(find_weights(weights), detail)


def upscale_video(  # noqa: PLR0913 - all that a program says, each by its name
    source: str | Path,
    target: str | Path | None = None,
    *,
    weights: str | Path | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    options: UpscaleOptions | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> UpscaleResult:
    """Upscale a video file or folder of images; bad paths are told before any work.

    Args:
        source: Video file, or folder of images.
        target: Where the result goes; `name_x4.ext` beside the source when None.
        weights: Name of weights inside the package, or a file.
        device: `auto`, `cpu`, or a GPU such as `cuda:0`.
        precision: `auto`, `fp32` or `bf16`.
        options: Everything else that can be chosen.
        on_progress: Called after each frame.
        stop: Asked after each frame whether to stop, such as a `threading.Event`'s `is_set`;
            see `upscale.files`.

    Raises:
        StoppedError: `stop` said so.
        VideoGigaGANError: Something the caller can mend, said in one line.
    """
    options = options or UpscaleOptions()
    source, target = Path(source), None if target is None else Path(target)
    if target is not None:
        check_target(source, target, overwrite=options.overwrite)
    upscaler = VideoUpscaler.from_pretrained(
        weights,
        detail=options.detail,
        device=device,
        precision=precision,
        seed=options.seed,
        chunk=options.chunk,
        overlap=options.overlap,
        tile=options.tile,
    )
    return upscale_file(
        upscaler, source, target, options=options, on_progress=on_progress, stop=stop
    )
