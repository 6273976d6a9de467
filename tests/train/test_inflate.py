"""From the image model to the video model (Sec. 3.2)."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from videogigagan.errors import CheckpointError
from videogigagan.model.discriminator import Discriminator
from videogigagan.model.generator import Generator
from videogigagan.model.presets import DISCRIMINATORS, GENERATORS, without_temporal
from videogigagan.train.inflate import inflate

TINY = GENERATORS["tiny"]
Make = Callable[..., Generator]


def test_image_stage_has_everything_but_temporal_modules() -> None:
    image = without_temporal(TINY)
    assert not any(level.temporal for level in image.decoder)
    assert replace(image, decoder=TINY.decoder) == TINY


def test_all_weights_are_taken_over_and_the_rest_stays_fresh(fresh: Make) -> None:
    image, video, untouched = fresh(1, image=True), fresh(2), fresh(2)
    inflate(image, video)
    before, given = untouched.state_dict(), image.state_dict()
    for key, value in video.state_dict().items():
        assert (".temporal." in key) == (key not in given)
        assert torch.equal(value, given.get(key, before[key]))


def test_a_video_model_can_be_taken_over_too(fresh: Make) -> None:
    source, target = fresh(1), fresh(2)
    inflate(source, target)
    other = target.state_dict()
    assert all(torch.equal(value, other[key]) for key, value in source.state_dict().items())


def test_propagation_and_its_way_into_the_stem_stay_fresh() -> None:
    torch.manual_seed(0)
    image = Generator(replace(without_temporal(TINY), propagation=None))
    video = Generator(replace(TINY, stem="add"))
    inflate(image, video)
    given = image.state_dict()
    fresh = {key for key in video.state_dict() if key not in given}
    assert {key.split(".")[0] for key in fresh} == {"propagation", "stem", "decoder"}
    assert not video.get_parameter("stem.features.weight").any()


def test_a_discriminator_is_inflated_alike() -> None:
    config = DISCRIMINATORS["tiny"]
    levels = tuple(replace(level, temporal=0) for level in config.levels)
    image, video = Discriminator(replace(config, levels=levels)), Discriminator(config)
    inflate(image, video)
    clip = torch.rand(1, 2, 3, 32, 32)
    assert torch.equal(image(clip), video(clip))
    with pytest.raises(CheckpointError, match="does not fit the video model"):
        inflate(video, image)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"propagation": None}, "stem.pixels.weight"),
        ({"latent_dim": 8}, "mapping.layers.0.weight"),
        ({"style_dim": 24}, "mapping.layers.0.weight"),
        ({"stem": "add"}, "stem.pixels.weight"),
        ({"tied_attention": False}, "attention.key.weight"),
    ],
)
def test_another_model_does_not_fit(fresh: Make, changes: dict, key: str) -> None:
    message = rf"^image model: does not fit the video model \('.*{key}.*'\)\. Use one config\.$"
    video = fresh(0)
    before = {name: value.clone() for name, value in video.state_dict().items()}
    with pytest.raises(CheckpointError, match=message):
        inflate(Generator(replace(without_temporal(TINY), **changes)), video)
    assert all(torch.equal(value, before[name]) for name, value in video.state_dict().items())
