"""Noise that does not flicker (D12)."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from videogigagan.ops.style import NoiseMode, Region, Style


def style(noise: NoiseMode, seed: int = 0) -> Style:
    return Style(vector=torch.zeros(1, 4), seed=seed, noise=noise)


LIKE = torch.zeros(3, 2, 5, 6)


def test_constant_noise_is_one_map_for_all_frames() -> None:
    noise = style("const").noise_map(0, LIKE)
    assert noise is not None
    assert noise.shape == (1, 1, 5, 6)
    assert_close(noise, style("const").noise_map(0, LIKE[:1]))


def test_constant_noise_differs_between_layers_and_seeds() -> None:
    noise = style("const").noise_map(0, LIKE)
    assert noise is not None
    for other in (style("const").noise_map(1, LIKE), style("const", 1).noise_map(0, LIKE)):
        assert other is not None
        assert (noise - other).abs().max() > 0.1


def test_random_noise_is_new_for_each_frame() -> None:
    torch.manual_seed(0)
    noise = style("random").noise_map(0, LIKE)
    assert noise is not None
    assert noise.shape == (3, 1, 5, 6)
    assert (noise[0] - noise[1]).abs().max() > 0.1


def test_no_noise() -> None:
    assert style("none").noise_map(0, LIKE) is None


def test_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    style("const").noise_map(0, LIKE)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("zoom", [0.5, 1, 4])
def test_noise_of_a_part_is_that_of_the_whole(zoom: float) -> None:
    region = Region(top=8, left=16, rows=24, height=40, width=64)
    sides = [round(zoom * side) for side in (40, 64, 24, 32, 8, 16)]
    height, width, rows, columns, top, left = sides
    whole = style("const").noise_map(3, torch.zeros(1, 1, height, width))
    part = replace(style("const"), region=region)
    found = part.noise_map(3, torch.zeros(2, 5, rows, columns))
    assert torch.equal(found, whole[..., top : top + rows, left : left + columns])
