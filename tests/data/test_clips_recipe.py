"""The clips that the weights base-4x-bi were trained on can be made again."""

import numpy as np
import pytest
from PIL import Image
from training_material import waves, write_video

from videogigagan.data.clips import ClipPair, ClipSource
from videogigagan.data.material import Mixture, PhotoFolder, VideoFolder

CLIPS = [
    ("2.png", 208.32, 91.6),
    ("1.png", 153.44, -2.23),
    ("0.mkv", 115.96, 23.54),
    ("1.png", 146.79, 27.67),
    ("1.png", 147.24, -19.11),
    ("1.png", 151.49, -39.5),
]
DEFOCUSED_CLIPS = [
    ("2.png", 208.32, 91.6),
    ("1.png", 155.31, -5.77),
    ("0.mkv", 118.09, 22.88),
    ("1.png", 147.12, 27.17),
    ("1.png", 147.2, -18.9),
    ("1.png", 151.6, -39.53),
]


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Mixture:
    """Photos six times in ten, as for base-4x-bi."""
    photos, videos = (tmp_path_factory.mktemp(name) for name in ("photos", "videos"))
    for number in range(3):
        Image.fromarray(waves(96, 72, number)).save(photos / f"{number}.png")
    for number in range(2):
        picture = waves(64, 56, 10 + number)
        frames = [np.roll(picture, index, axis=1) for index in range(9)]
        write_video(videos / f"{number}.mkv", frames)
    plane = PhotoFolder(photos, motion="plane")
    return Mixture(((plane, 0.6), (VideoFolder(videos), 0.4)))


@pytest.mark.parametrize(("defocus", "pinned"), [(0.0, CLIPS), (1.2, DEFOCUSED_CLIPS)])
def test_clips_are_those_of_the_recipe(
    material: Mixture, defocus: float, pinned: list[tuple[str, float, float]]
) -> None:
    source = ClipSource(
        material=material, frames=3, small_size=8, scale=4, seed=1, defocus=defocus
    )
    for index, (name, small, large) in enumerate(pinned):
        pair = source.pair(index)
        assert (pair.source, pair.skipped) == (name, ())
        assert projections(pair) == pytest.approx((small, large), abs=0.2)


def projections(pair: ClipPair) -> tuple[float, ...]:
    """Sums of all samples with random weights; a level more or less, as rounding has it, is
    nothing beside what another clip would change."""
    sums = []
    for clip in (pair.small, pair.large):
        weights = np.random.default_rng(0).uniform(-1, 1, clip.shape)
        sums.append(float((clip.numpy() * 255 * weights).sum() / np.sqrt(weights.size)))
    return tuple(sums)
