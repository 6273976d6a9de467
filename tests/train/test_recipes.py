"""Recipes: the paper's, value by value, and the rows of Table 1."""

from dataclasses import replace

import pytest

from videogigagan.errors import ConfigError
from videogigagan.model.presets import GENERATORS, TABLE_1_ROWS
from videogigagan.train.config import LossWeights, OptimiserConfig, Stage
from videogigagan.train.recipes import ablation_recipe, recipe

STAGES = ("image", "video")


@pytest.mark.parametrize("preset", ["paper-4x", "paper-8x"])
def test_the_paper_is_followed(preset: str) -> None:
    """Sec. 4.1; Adam's rate in Supp. C."""
    config = recipe(preset, "video")
    assert config.losses == LossWeights(gan=0.05, r1=0.2048, lpips=5.0, charbonnier=10.0)
    assert config.optimiser == OptimiserConfig(rate=5e-5, discriminator_rate=5e-5)
    assert config.optimiser.schedule == "constant"
    assert (config.data.frames, config.data.small_size) == (10, 64)
    assert (config.batch, config.steps, config.trunk) == (32, 100_000, "vgg")
    assert config.generator == replace(GENERATORS[preset], stem="add")
    assert recipe(preset, "image").data.frames == 1


FROM_PIXELS = [name for name in GENERATORS if name != "base-4x"]


@pytest.mark.parametrize("preset", FROM_PIXELS)
def test_the_image_stage_knows_single_frames_only(preset: str) -> None:
    config = recipe(preset, "image")
    assert config.name == f"{preset} image"
    assert config.generator.propagation is None
    assert config.discriminator is not None
    levels = config.generator.decoder + config.discriminator.levels
    assert not any(level.temporal for level in levels)
    assert config.data.frames == 1


@pytest.mark.parametrize("preset", FROM_PIXELS)
def test_the_video_stage_takes_over_the_image_models_stem(preset: str) -> None:
    config = recipe(preset, "video")
    assert config.stage == "video"
    assert config.generator.stem == "add"
    assert any(level.temporal for level in config.discriminator.levels)


@pytest.mark.parametrize("stage", STAGES)
def test_base_4x_propagates_in_both_stages_as_it_is_released(stage: Stage) -> None:
    """Its picture is added to one that is made of propagated features."""
    config = recipe("base-4x", stage)
    assert config.frozen_propagation
    assert config.generator.propagation == GENERATORS["base-4x"].propagation
    assert config.generator.residual == "reconstruction"
    temporal = any(level.temporal for level in config.generator.decoder)
    assert temporal == (stage == "video")


def test_rows_of_base_4x_all_add_to_the_same_picture() -> None:
    rows = [ablation_recipe("base-4x", row).generator for row in TABLE_1_ROWS]
    assert {row.residual for row in rows} == {"bicubic"}


def test_rows_of_table_1_add_one_part_each() -> None:
    rows = [ablation_recipe("tiny", row) for row in TABLE_1_ROWS]
    assert [row.stage for row in rows] == ["image", *["video"] * 4]
    assert [row.generator.propagation is None for row in rows] == [True] * 2 + [False] * 3
    assert [row.generator.downsampling for row in rows] == ["strided"] * 3 + ["blurpool"] * 2
    assert [row.generator.skip for row in rows] == ["full"] * 3 + ["low", "high"]
    temporal = [any(level.temporal for level in row.generator.decoder) for row in rows]
    assert temporal == [False, True, True, True, True]
    for row in rows[1:]:
        assert replace(row, generator=rows[1].generator, name="") == replace(rows[1], name="")


def test_what_has_no_recipe_is_one_line() -> None:
    message = r"^preset 'huge' has no recipe\. Choose tiny, base-4x, paper-4x or paper-8x\.$"
    for stage in STAGES:
        with pytest.raises(ConfigError, match=message):
            recipe("huge", stage)
