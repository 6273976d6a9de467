"""A cache to learn from, and a perceptual network that nobody has trained."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from videogigagan.data.clips import ClipSource
from videogigagan.data.material import Mixture, PhotoFolder
from videogigagan.frozen.lpips import LPIPS
from videogigagan.model.generator import Generator, build_propagation
from videogigagan.model.presets import GENERATORS, without_temporal
from videogigagan.train.cache import fill_cache

# pytest imports tests by path, so a module that they share has to be put within reach.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def clip_source(tmp_path_factory: pytest.TempPathFactory) -> ClipSource:
    """Clips of 3 frames, 12 pixels small and 48 large, out of one photo."""
    folder = tmp_path_factory.mktemp("material")
    across, down = np.meshgrid(np.arange(96), np.arange(96))
    waves = [
        np.sin(across / 5) * np.cos(down / 7),
        np.sin((across + down) / 3),
        np.cos(down / 4),
    ]
    photo = (127.5 + 100 * np.stack(waves, axis=-1)).round().astype(np.uint8)
    Image.fromarray(photo).save(folder / "waves.png")
    return ClipSource(
        material=Mixture(((PhotoFolder(folder, motion="plane"), 1.0),)),
        frames=3,
        small_size=12,
        candidates=1,
    )


@pytest.fixture(scope="session")
def propagation() -> torch.nn.Module:
    """The propagation network of the tiny generator."""
    torch.manual_seed(0)
    config = GENERATORS["tiny"].propagation
    assert config is not None
    return build_propagation(config)


@pytest.fixture(scope="session")
def cache(
    tmp_path_factory: pytest.TempPathFactory,
    clip_source: ClipSource,
    propagation: torch.nn.Module,
) -> Path:
    """A cache of two clips."""
    folder = tmp_path_factory.mktemp("cache")
    assert list(fill_cache(folder, clip_source, propagation, range(2))) == [0, 1]
    return folder


@pytest.fixture(scope="session")
def lpips() -> LPIPS:
    """Random weights: a distance all the same."""
    torch.manual_seed(0)
    return LPIPS("alex").eval()


@pytest.fixture
def fresh() -> Callable[..., Generator]:
    """Make a tiny generator from a seed."""

    def make(seed: int = 0, *, image: bool = False) -> Generator:
        torch.manual_seed(seed)
        config = GENERATORS["tiny"]
        return Generator(without_temporal(config) if image else config)

    return make
