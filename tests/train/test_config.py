"""Settings of a run: the paper's are the default, nonsense is refused in one line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from train_fakes import PLAIN, tiny

from videogigagan.data.settings import DataConfig, Weighted
from videogigagan.errors import ConfigError
from videogigagan.model.presets import GENERATORS
from videogigagan.train.config import (
    CacheConfig,
    LossWeights,
    OptimiserConfig,
    StartConfig,
    TrainConfig,
    first_difference,
    load_config,
    save_config,
)

CACHED = CacheConfig(folder="features")


def test_defaults_are_the_papers() -> None:
    assert LossWeights() == LossWeights(gan=0.05, r1=0.2048, lpips=5.0, charbonnier=10.0)
    assert LossWeights().grid == LossWeights().steadiness == 0
    assert OptimiserConfig().rate == OptimiserConfig().discriminator_rate == 5e-5
    config = TrainConfig(
        stage="video", generator=GENERATORS["paper-4x"], discriminator=None,
        data=DataConfig(), losses=LossWeights(gan=0.0),
    )  # fmt: skip
    assert (config.steps, config.batch) == (100_000, 32)
    assert (config.data.frames, config.data.small_size) == (10, 64)


def test_a_config_comes_back_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    cached = tiny(
        data=replace(CACHED, frames=2),
        optimiser=OptimiserConfig(gradient_norm=2.0),
        start=StartConfig(image="image.safetensors"),
    )
    material = DataConfig(frames=3, photos=(Weighted(path="photos", weight=2.0),))
    for config in (tiny(), cached, tiny(data=material), tiny("image")):
        save_config(config, path)
        assert load_config(path) == config
    assert [file.name for file in tmp_path.iterdir()] == ["config.json"]


@pytest.mark.catalogue("T50")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"momentum": 0.5}, "TrainConfig has no field 'momentum'"),
        ({"steps": "many"}, "expected int, found 'many'"),
        ({"steps": 0}, "training: steps must be at least 1, not 0."),
        ({"precision": "fp8"}, "'fp8' is not one of fp32, bf16"),
        ({"losses": {"lpips": -1}}, "losses: lpips must be at least 0, not -1.0."),
        ({"data": {"crop": 3, "colour": 1}}, "DataConfig has no field 'colour'"),
    ],
)
def test_a_file_that_is_no_config_is_one_line(
    tmp_path: Path, change: dict, reason: str
) -> None:
    path = tmp_path / "config.json"
    save_config(tiny(), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    message = f"{path}: is not the configuration of a run ({reason}). Mend it."
    assert str(caught.value) == message


def test_a_missing_or_broken_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    with pytest.raises(ConfigError, match=r"no such file\. Give a run's config\.json\.$"):
        load_config(path)
    path.write_text("{")
    with pytest.raises(ConfigError, match=r"is not the configuration of a run \(Expecting"):
        load_config(path)


def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path: Path) -> None:
    message = (
        r"none.config\.json: cannot be written \(No such file.*\)\. Choose another place\.$"
    )
    with pytest.raises(ConfigError, match=message):
        save_config(tiny(), tmp_path / "none" / "config.json")


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        ({}, {"losses": replace(PLAIN, lpips=1.0)}, "losses.lpips"),
        ({}, {"data": CACHED, "stage": "image"}, "stage"),
        ({}, {"optimiser": OptimiserConfig(betas=(0.9, 0.99))}, "optimiser.rate"),
        ({}, {"seed": 3}, "seed"),
        ({"optimiser": OptimiserConfig(schedule="cosine")},
         {"optimiser": OptimiserConfig(schedule="cosine"), "steps": 9}, "steps"),
    ],
)  # fmt: skip
def test_the_first_difference_is_named(one: dict, other: dict, name: str) -> None:
    assert first_difference(tiny(**one), tiny(**other)) == name


def test_what_changes_no_step_is_no_difference() -> None:
    config = tiny()
    other = replace(
        config,
        name="again",
        steps=99,
        save_every=7,
        sample_every=7,
        validate_every=7,
        checkpointing=True,
        data=replace(config.data, workers=5),
    )
    assert first_difference(config, other) is None


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
                "generator": replace(GENERATORS["tiny"], propagation=None),
                "losses": LossWeights(steadiness=1.0),
            },
            "training: steadiness needs the flow of a generator with propagation. Set "
            "losses.steadiness to 0.",
        ),
    ],
)
def test_settings_that_make_no_sense_are_one_line(changes: dict, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        tiny(**changes)
    assert str(caught.value) == message


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
            lambda: OptimiserConfig(betas=(0.0, 1.0)),
            "optimiser: betas are two numbers in [0, 1), not (0.0, 1.0).",
        ),
        (
            lambda: OptimiserConfig(warmup=-1),
            "optimiser: warmup and flow_frozen count steps. Give 0 for none.",
        ),
        (
            lambda: OptimiserConfig(flow_share=1.5),
            "optimiser: final_share and flow_share must lie in [0, 1].",
        ),
        (
            lambda: OptimiserConfig(gradient_norm=0.0),
            "optimiser: gradient_norm must be greater than 0, not 0.0.",
        ),
        (
            lambda: LossWeights(gan=0.0, lpips=0.0, charbonnier=0.0),
            "losses: nothing teaches the generator. Give gan, lpips, charbonnier, "
            "features, grid or steadiness a weight above 0.",
        ),
        (
            lambda: StartConfig(image="a", generator="b"),
            "start: image and generator exclude each other. Name one.",
        ),
        (lambda: replace(CACHED, crop=0), "cache: frames and crop must be at least 1."),
        (
            lambda: replace(CACHED, softening=1.1),
            "cache: softening must lie in [0, 1], not 1.1.",
        ),
    ],
)
def test_parts_that_make_no_sense_are_one_line(make, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value) == message
