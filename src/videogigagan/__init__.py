"""VideoGigaGAN: generative video super-resolution (Xu et al., arXiv 2404.12388)."""

from videogigagan.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    StoppedError,
    VideoError,
    VideoGigaGANError,
)
from videogigagan.model.config import GeneratorConfig
from videogigagan.model.generator import Generator
from videogigagan.upscale.api import load, upscale_video
from videogigagan.upscale.options import Progress, UpscaleOptions, UpscaleResult
from videogigagan.upscale.upscaler import VideoUpscaler

__all__ = [
    "CheckpointError",
    "ConfigError",
    "DataError",
    "Generator",
    "GeneratorConfig",
    "Progress",
    "StoppedError",
    "UpscaleOptions",
    "UpscaleResult",
    "VideoError",
    "VideoGigaGANError",
    "VideoUpscaler",
    "load",
    "upscale_video",
]
