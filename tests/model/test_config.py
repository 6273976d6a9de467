"""Configurations that no network can be built from are refused in one line."""

from dataclasses import FrozenInstanceError, replace

import pytest

from videogigagan.errors import ConfigError
from videogigagan.model.config import GeneratorConfig, Level, PropagationConfig
from videogigagan.model.presets import DISCRIMINATORS, GENERATORS

TINY = GENERATORS["tiny"]
NARROW = Level(channels=8, blocks=1)


@pytest.mark.parametrize("field", ["channels", "blocks", "filters"])
def test_a_level_has_at_least_one_of_everything(field: str) -> None:
    with pytest.raises(ConfigError, match=r"^level: channels, blocks and filters must be at l"):
        Level(**{field: 0})


@pytest.mark.parametrize("field", ["attention", "temporal"])
def test_layers_are_not_counted_below_zero(field: str) -> None:
    with pytest.raises(ConfigError, match=r"^level: attention and temporal count layers"):
        Level(**{field: -1})


@pytest.mark.parametrize("field", ["channels", "blocks", "iterations"])
def test_propagation_has_at_least_one_of_everything(field: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^propagation: channels, blocks and iterations must"
    ):
        PropagationConfig(**{field: 0})


def test_a_run_up_has_no_less_than_no_frames() -> None:
    with pytest.raises(ConfigError, match=r"^propagation: run_up counts frames\. Give 0 for"):
        PropagationConfig(run_up=-1)
    assert PropagationConfig().run_up == 0, "the paper has none"


def test_deformable_groups_share_the_channels_out() -> None:
    with pytest.raises(ConfigError, match=r"must be a multiple of 8, not 12\."):
        PropagationConfig(channels=12)
    assert PropagationConfig(channels=12, alignment="flow").channels == 12
    assert PropagationConfig(channels=12, form="basicvsr").channels == 12


@pytest.mark.parametrize("scale", [-4, -1, 0, 1, 3, 6, 12])
def test_scale_is_a_power_of_two(scale: int) -> None:
    message = rf"^scale must be 2, 4, 8 or a higher power of two, not {scale}\.$"
    with pytest.raises(ConfigError, match=message):
        replace(TINY, scale=scale)


@pytest.mark.parametrize("field", ["latent_dim", "style_dim", "mapping_layers"])
def test_style_has_at_least_one_of_everything(field: str) -> None:
    with pytest.raises(ConfigError, match=r"^latent_dim, style_dim and mapping_layers must be"):
        replace(TINY, **{field: 0})


def test_decoder_climbs_what_the_encoder_descends_and_the_scale() -> None:
    message = r"^decoder has 5 levels; 3 encoder levels and scale 8 need 6\.$"
    with pytest.raises(ConfigError, match=message):
        replace(TINY, scale=8)
    with pytest.raises(ConfigError, match=r"^decoder has 5 levels; 0 encoder levels"):
        replace(TINY, encoder=())


def test_skips_join_levels_of_equal_width() -> None:
    wide = Level(channels=16, blocks=1)
    with pytest.raises(ConfigError, match=r"reversed \(\[16, 8, 8\]\), not \[8, 8, 8\]\.$"):
        replace(TINY, encoder=(NARROW, NARROW, wide))


def test_reconstruction_enlarges_features_four_times() -> None:
    message = r"^residual: reconstruction enlarges BasicVSR's features four times\."
    full = replace(TINY, residual="reconstruction")
    with pytest.raises(ConfigError, match=message):
        replace(full, propagation=None)
    with pytest.raises(ConfigError, match=message):
        replace(full, propagation=PropagationConfig())
    with pytest.raises(ConfigError, match=message):
        replace(full, scale=8, decoder=(*full.decoder, NARROW))


@pytest.mark.parametrize("field", ["attention", "temporal"])
def test_encoder_neither_attends_nor_looks_at_other_frames(field: str) -> None:
    with pytest.raises(ConfigError, match=r"^encoder levels have no attention and no temporal"):
        replace(TINY, encoder=(NARROW, NARROW, Level(channels=8, blocks=1, **{field: 1})))


def test_inputs_are_padded_to_what_the_levels_halve() -> None:
    assert TINY.multiple == 8
    assert replace(TINY, encoder=TINY.encoder[:1], decoder=TINY.decoder[:3]).multiple == 2
    assert DISCRIMINATORS["tiny"].multiple == 8


def test_a_configuration_never_changes() -> None:
    with pytest.raises(FrozenInstanceError):
        TINY.scale = 2  # pyright: ignore[reportAttributeAccessIssue]


def test_defaults_are_the_paper() -> None:
    made = GeneratorConfig(encoder=TINY.encoder, decoder=TINY.decoder)
    assert (made.stem, made.downsampling, made.skip) == ("replace", "blurpool", "high")
    assert made.propagation == PropagationConfig(form="basicvsr++", alignment="dcn")
    assert made.residual == "none"
