"""The decoder: up blocks and summed colours (Sec. 3.1, 3.2; D5)."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from videogigagan.model.config import GeneratorConfig, Level
from videogigagan.model.decoder import Decoder, UpBlock
from videogigagan.model.generator import Generator
from videogigagan.model.presets import GENERATORS
from videogigagan.ops.resize import bicubic_upsample, bilinear_upsample
from videogigagan.ops.style import Style

TINY = GENERATORS["tiny"]
STYLE = Style(vector=torch.ones(1, 16))


def decoder(config: GeneratorConfig = TINY) -> Decoder:
    torch.manual_seed(0)
    return Decoder(config)


def skips() -> list[Tensor]:
    """What an encoder leaves of 16x24 pixels of two frames."""
    generator = torch.Generator().manual_seed(1)
    sizes = ((16, 24), (8, 12), (4, 6))
    return [torch.randn(2, 8, *size, generator=generator) for size in sizes]


def bottom() -> Tensor:
    return torch.randn(2, 8, 2, 3, generator=torch.Generator().manual_seed(2))


@torch.no_grad()
def test_every_level_doubles() -> None:
    assert decoder()(bottom(), skips(), STYLE, batch=1).shape == (2, 3, 64, 96)


@pytest.mark.parametrize("level", [0, 1, 2])
@torch.no_grad()
def test_every_skip_is_taken_in(level: int) -> None:
    made, changed = decoder(), skips()
    changed[level] += 1
    before = made(bottom(), skips(), STYLE, batch=1)
    assert (made(bottom(), changed, STYLE, batch=1) - before).abs().max() > 1e-3


@torch.no_grad()
def test_skips_are_handed_over_unharmed() -> None:
    given = skips()
    decoder()(bottom(), given, STYLE, batch=1)
    assert all(torch.equal(a, b) for a, b in zip(given, skips(), strict=True))


@torch.no_grad()
def test_a_level_takes_its_skip_once() -> None:
    """The second block would otherwise see it again."""
    torch.manual_seed(0)
    made = UpBlock(8, Level(channels=8, blocks=2), style_dim=16, tied=True)
    x, skip = bottom(), skips()[2]
    expected = made.blocks[1](made.blocks[0](bilinear_upsample(x), STYLE, skip), STYLE)
    assert_close(made(x, STYLE, skip, batch=1), expected)


@torch.no_grad()
def test_colours_of_coarse_levels_are_enlarged_and_added() -> None:
    made = decoder()
    for projection in list(made.to_rgb)[1:]:
        projection.get_parameter("weight").zero_()
    coarse = made.to_rgb[0](made.levels[0](bottom(), STYLE, skips()[2], batch=1), STYLE)
    for _ in range(4):
        coarse = bilinear_upsample(coarse)
    assert_close(made(bottom(), skips(), STYLE, batch=1), coarse)


@torch.no_grad()
def test_residual_decoder_starts_black() -> None:
    made = decoder(replace(TINY, residual="bicubic"))
    assert not made(bottom(), skips(), STYLE, batch=1).any()


@torch.no_grad()
def test_fresh_residual_generator_is_exactly_bicubic() -> None:
    made, clip = Generator(replace(TINY, residual="bicubic")), torch.rand(1, 2, 3, 17, 20)
    assert torch.equal(made(clip)[0], bicubic_upsample(clip[0], 4))


def test_fresh_residual_generator_learns() -> None:
    """Zero colours hold nothing up: they get a gradient themselves."""
    made = decoder(replace(TINY, residual="bicubic"))
    (made(bottom(), skips(), STYLE, batch=1) - 1).square().sum().backward()
    assert all(p.get_parameter("weight").grad.any() for p in made.to_rgb)
