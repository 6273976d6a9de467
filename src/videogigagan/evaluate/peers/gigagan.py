"""Image GigaGAN, frame by frame: the base row of Table 1, which knows of no neighbours."""

from collections.abc import Iterator
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import CheckpointError
from videogigagan.model.checkpoint import load_generator
from videogigagan.model.config import GeneratorConfig
from videogigagan.model.generator import Generator
from videogigagan.model.presets import table_1_row
from videogigagan.upscale.upscaler import VideoUpscaler


def load_image_gigagan(path: Path) -> Generator:
    """Load a generator that is the first row of Table 1 (Sec. 4.2).

    Raises:
        CheckpointError: It cannot be read, or has parts that the later rows add.
    """
    generator = load_generator(path)
    if parts := _later_parts(generator.config):
        raise CheckpointError(
            f"{path}: is not the image model of Table 1 (has {', '.join(parts)}). "
            f"Give it without gigagan=, or train the row 'image'."
        )
    return generator


def stream_apart(
    upscaler: VideoUpscaler, clip: Float[Tensor, "t 3 h w"]
) -> Iterator[Float[Tensor, "3 H W"]]:
    """Upscale every frame as a clip of its own."""
    for frame in clip.split(1):
        yield upscaler.upscale_tensor(frame)[0]


def _later_parts(config: GeneratorConfig) -> list[str]:
    base = table_1_row(config, "image")
    found = {
        "temporal layers": config.decoder != base.decoder,
        "propagation": config.propagation != base.propagation,
        "BlurPool": config.downsampling != base.downsampling,
        f"skips of the {config.skip} band": config.skip != base.skip,
    }
    return [part for part, is_there in found.items() if is_there]
