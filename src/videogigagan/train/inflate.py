"""From the image model to the video model (Sec. 3.2)."""

from dataclasses import replace

from videogigagan.errors import CheckpointError
from videogigagan.model.config import GeneratorConfig
from videogigagan.model.generator import Generator


def without_temporal(config: GeneratorConfig) -> GeneratorConfig:
    """The same generator with no temporal modules: what the image stage trains."""
    return replace(
        config, decoder=tuple(replace(level, temporal=0) for level in config.decoder)
    )


def inflate(image: Generator, video: Generator) -> None:
    """Copy an image generator's weights; the temporal modules, no-ops, stay fresh."""
    given, taken = image.state_dict(), video.state_dict()
    misfits = [key for key in given if key not in taken or given[key].shape != taken[key].shape]
    misfits += [key for key in taken if key not in given and ".temporal." not in key]
    if misfits:
        key = misfits[0]
        raise CheckpointError(
            f"image model: does not fit the video model ('{key}'). Use one config."
        )
    video.load_state_dict(given, strict=False)
