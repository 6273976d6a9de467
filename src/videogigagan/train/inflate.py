"""From the image model to the video model (Sec. 3.2)."""

from dataclasses import replace

from videogigagan.errors import CheckpointError
from videogigagan.model.config import GeneratorConfig
from videogigagan.model.generator import Generator


def without_temporal(config: GeneratorConfig) -> GeneratorConfig:
    """The same generator with no temporal modules: what the image stage trains."""
    return replace(config, decoder=tuple(replace(level, temporal=0) for level in config.decoder))


def inflate(image: Generator, video: Generator) -> None:
    """Copy an image generator's weights; the temporal modules of `video`, all no-ops, stay fresh."""
    result = video.load_state_dict(image.state_dict(), strict=False)
    foreign = [key for key in result.missing_keys if ".temporal." not in key]
    if foreign or result.unexpected_keys:
        key = (foreign + result.unexpected_keys)[0]
        raise CheckpointError(f"image model: does not fit the video model ('{key}'). Use one config.")
