"""Settings of a run: the paper's are the default, nonsense is refused in one line."""

from dataclasses import replace

import pytest
from train_fakes import tiny

from videogigagan.data.settings import DataConfig
from videogigagan.errors import ConfigError
from videogigagan.model.config import CleaningConfig
from videogigagan.model.presets import GENERATORS
from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import LossWeights, OptimiserConfig, StartConfig, TrainConfig

CACHED = CacheConfig(folder="features")
JUDGE = tiny().discriminator


def test_defaults_are_the_papers() -> None:
    assert LossWeights() == LossWeights(gan=0.05, r1=0.2048, lpips=5.0, charbonnier=10.0)
    assert LossWeights().grid == LossWeights().spectrum == LossWeights().steadiness == 0
    assert OptimiserConfig().rate == OptimiserConfig().discriminator_rate == 5e-5
    config = TrainConfig(
        stage="video", generator=GENERATORS["paper-4x"], discriminator=None,
        data=DataConfig(), losses=LossWeights(gan=0.0),
    )  # fmt: skip
    assert (config.steps, config.batch) == (100_000, 32)
    assert (config.data.frames, config.data.small_size) == (10, 64)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"micro_batch": 0}, "training: micro_batch must be at least 1, not 0."),
        ({"validate_every": 0}, "training: validate_every must be at least 1, not 0."),
        (
            {"batch": 3},
            "training: a batch of 3 does not divide into micro-batches of 2. Change one of "
            "them.",
        ),
        ({"reach": -1}, "training: reach must be at least 0, not -1."),
        ({"average": 1.0}, "training: average must lie in [0, 1), not 1.0."),
        (
            {"discriminator": None},
            "training: losses.gan is 0.05, so the discriminator must be described. Change one "
            "of them.",
        ),
        (
            {"losses": LossWeights(gan=0.0)},
            "training: losses.gan is 0.0, so the discriminator must be null. Change one of "
            "them.",
        ),
        (
            {"data": DataConfig(frames=1)},
            "training: the video stage cannot learn from clips of 1 frames. Give 1 to an image "
            "stage, more to a video stage.",
        ),
        (
            {"losses": LossWeights(), "data": DataConfig(frames=2, small_size=9)},
            "training: LPIPS cannot judge pictures of 36x36 pixels, only from 39 on. Give "
            "larger crops, or set losses.lpips and losses.features to 0.",
        ),
        (
            {
                "losses": LossWeights(lpips=0.0, spectrum=1.0),
                "data": DataConfig(frames=2, small_size=7),
            },
            "training: pictures of 28x28 pixels have no local spectrum, only from 32 on. Give "
            "larger crops, or set losses.spectrum to 0.",
        ),
        (
            {
                "generator": replace(GENERATORS["tiny"], propagation=None),
                "losses": LossWeights(steadiness=1.0),
            },
            "training: steadiness needs the flow of a generator with propagation. Set "
            "losses.steadiness to 0.",
        ),
        (
            {"losses": LossWeights(lpips=0.0, cleaning=1.0)},
            "training: losses.cleaning needs a generator with cleaning. Describe it, or set "
            "losses.cleaning to 0.",
        ),
        (
            {
                "generator": replace(GENERATORS["tiny"], cleaning=CleaningConfig()),
                "losses": LossWeights(lpips=0.0, cleaning=1.0),
                "data": replace(CACHED, frames=2),
            },
            "training: cached features are of frames that have been cleaned. Give clips, or "
            "set losses.cleaning to 0.",
        ),
    ],
)
def test_settings_that_make_no_sense_are_one_line(changes: dict, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        tiny(**changes)
    assert str(caught.value) == message


def test_whether_cleaning_alone_is_taught() -> None:
    nothing = LossWeights(gan=0.0, lpips=0.0, charbonnier=0.0, cleaning=1.0)
    assert nothing.cleaning_alone
    assert not replace(nothing, charbonnier=1.0).cleaning_alone
    assert not LossWeights().cleaning_alone


def test_single_frames_teach_propagation_nothing() -> None:
    message = (
        r"^training: single frames teach propagation nothing\. Leave it out of the generator "
        r"in the image stage, freeze it, or learn from cached features\.$"
    )
    with pytest.raises(ConfigError, match=message):
        tiny("image", generator=GENERATORS["tiny"])
    assert tiny("image", generator=GENERATORS["tiny"], data=CACHED).data == CACHED
    assert tiny("image", generator=GENERATORS["tiny"], frozen_propagation=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: OptimiserConfig(rate=0.0),
            "optimiser: rate, discriminator_rate and eps must be greater than 0.",
        ),
        (
            lambda: OptimiserConfig(muon_rate=0.0),
            "optimiser: muon_rate must be greater than 0, not 0.0. Set it to null for Adam.",
        ),
        (
            lambda: OptimiserConfig(betas=(0.0, 1.0)),
            "optimiser: betas are two numbers in [0, 1), not (0.0, 1.0).",
        ),
        (
            lambda: OptimiserConfig(warmup=-1),
            "optimiser: warmup and flow_frozen count steps. Give 0 for none.",
        ),
        (
            lambda: OptimiserConfig(flow_share=1.5),
            "optimiser: flow_share must lie in [0, 1], not 1.5.",
        ),
        (
            lambda: OptimiserConfig(propagation_share=-0.1),
            "optimiser: propagation_share must lie in [0, 1], not -0.1.",
        ),
        (
            lambda: OptimiserConfig(gradient_norm=0.0),
            "optimiser: gradient_norm must be greater than 0, not 0.0.",
        ),
        (
            lambda: LossWeights(gan=0.0, lpips=0.0, charbonnier=0.0),
            "losses: nothing teaches the generator. Give gan, lpips, charbonnier, "
            "features, grid, spectrum, steadiness or cleaning a weight above 0.",
        ),
        (
            lambda: tiny(discriminator=replace(JUDGE, seen=(128, 144))),
            "discriminator: seen has 2 entries for 4 levels. Give one for each level below the "
            "first, or none.",
        ),
        (
            lambda: tiny(discriminator=replace(JUDGE, seen=(1, 2, 3))),
            "training: discriminator.seen is [1, 2, 3], but EfficientNet's features have "
            "[128, 144, 240, 1152] channels. Give as many of these as wanted.",
        ),
        (
            lambda: tiny(
                discriminator=replace(JUDGE, seen=(128, 144, 240)),
                data=replace(CACHED, frames=2, crop=15),
            ),
            "training: a discriminator that is shown features takes sides of 32 and more that "
            "are multiples of 8, not 60. Give other crops.",
        ),
        (
            lambda: StartConfig(image="a", generator="b"),
            "start: image and generator exclude each other. Name one.",
        ),
    ],
)
def test_parts_that_make_no_sense_are_one_line(make, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value) == message
