"""The named configurations: their size and cost, and the rows of Table 1 (Sec. 5.1; D1, D7)."""

from dataclasses import fields, replace
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from videogigagan.errors import ConfigError
from videogigagan.model.config import GeneratorConfig
from videogigagan.model.generator import Generator
from videogigagan.model.presets import (
    GENERATORS,
    TABLE_1_ROWS,
    generator_preset,
    table_1_row,
)


def outline(config: GeneratorConfig) -> Generator:
    """A generator without memory behind it."""
    with torch.device("meta"):
        return Generator(config)


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def counts(modules: nn.Module) -> list[int]:
    return [count(module) for module in modules.children()]


def cost(made: Generator, features: torch.Tensor | None = None) -> float:
    """MFLOP for each pixel of each of four frames of 64x64, a multiply-add counting twice."""
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as meter:
        if features is None:
            features = made.propagate(torch.empty(1, 4, 3, 64, 64, device="meta"))
        made.render(features, made.style())
    return meter.get_total_flops() / (4 * 64 * 64 * 1e6)


@pytest.mark.parametrize(
    ("preset", "size"),
    [
        ("tiny", 1_466_443),
        ("base-4x", 11_350_694),
        ("paper-4x", 367_126_585),
        ("paper-8x", 376_434_436),
    ],
)
def test_presets_have_their_size(preset: str, size: int) -> None:
    assert count(outline(GENERATORS[preset])) == size


def test_paper_preset_is_within_one_percent_of_the_published_size() -> None:
    config = GENERATORS["paper-4x"]
    assert count(outline(config)) == pytest.approx(369e6, rel=0.01)
    assert count(outline(replace(config, tied_attention=False))) == 368_961_593


def test_paper_preset_is_the_reading_of_table_2_part_by_part() -> None:
    made = outline(GENERATORS["paper-4x"])
    assert made.propagation is not None
    assert count(made.propagation) == 6_435_180
    assert count(made.mapping) == 1_050_624
    assert count(made.stem) == 295_424
    assert counts(made.encoder.levels) == [79_979_048, 42_222_104, 23_339_528]
    blocks = [count(level.get_submodule("blocks")) for level in made.decoder.levels]
    assert blocks == [20_979_720, 39_862_296, 77_619_240, 43_684_168, 17_024_742]
    extras = [n - m for n, m in zip(counts(made.decoder.levels), blocks, strict=True)]
    temporal = 1_573_888
    assert extras == [5_774_336 + 2 * temporal, 2 * temporal, temporal, 0, 0]
    assert count(made.decoder.to_rgb) == 990_735


def test_default_preset_is_small_and_cheap_enough_for_a_plain_computer() -> None:
    made = outline(GENERATORS["base-4x"])
    assert count(made) <= 15_000_000
    assert cost(made) == pytest.approx(15.90, abs=0.01)  # the budget is 16


def test_most_of_the_default_presets_work_is_propagation() -> None:
    made = outline(GENERATORS["base-4x"])
    features = torch.empty(1, 4, 67, 64, 64, device="meta")
    assert cost(made, features) == pytest.approx(5.92, abs=0.01)


def test_each_row_of_table_1_adds_one_part() -> None:
    rows = [table_1_row(GENERATORS["tiny"], row) for row in TABLE_1_ROWS]
    added = [
        {f.name for f in fields(a) if getattr(a, f.name) != getattr(b, f.name)}
        for a, b in pairwise(rows)
    ]
    assert added == [{"decoder"}, {"propagation"}, {"downsampling", "skip"}, {"skip"}]


@pytest.mark.parametrize("preset", GENERATORS)
def test_last_row_of_table_1_is_the_model(preset: str) -> None:
    config = GENERATORS[preset]
    if config.residual == "reconstruction":  # of features, which the first rows do not have
        config = replace(config, residual="bicubic")
    assert table_1_row(GENERATORS[preset], TABLE_1_ROWS[-1]) == config
    image = table_1_row(config, "image")
    assert image.propagation is None
    assert not any(level.temporal for level in image.decoder)
    assert (image.downsampling, image.skip) == ("strided", "full")
    assert table_1_row(config, "+blurpool").skip == "low"


@pytest.mark.parametrize("row", TABLE_1_ROWS)
@torch.no_grad()
def test_every_row_of_table_1_upscales(row: str) -> None:
    made = Generator(table_1_row(GENERATORS["tiny"], row))
    assert made(torch.rand(1, 2, 3, 16, 16)).shape == (1, 2, 3, 64, 64)


@pytest.mark.parametrize("preset", ["paper-4x", "paper-8x"])
def test_paper_presets_have_the_shape_of_their_result(preset: str) -> None:
    made = outline(GENERATORS[preset])
    features = torch.empty(1, 2, 67, 32, 32, device="meta")
    side = 32 * GENERATORS[preset].scale
    with torch.no_grad():
        assert made.render(features, made.style()).shape == (1, 2, 3, side, side)


def test_presets_are_found_by_name() -> None:
    assert generator_preset("paper-8x").scale == 8


def test_unknown_names_are_one_line() -> None:
    with pytest.raises(
        ConfigError, match=r"^preset 'huge' is not known\. Choose one of tiny, "
    ):
        generator_preset("huge")
    with pytest.raises(
        ConfigError, match=r"^Table 1 has no row '\+gan'\. Choose one of image, "
    ):
        table_1_row(GENERATORS["tiny"], "+gan")
