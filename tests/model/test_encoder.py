"""The encoder: anti-aliased down blocks and what they send across (Sec. 3.4, 3.5; D8)."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.testing import assert_close

from videogigagan.model.config import Level
from videogigagan.model.encoder import DownBlock, Downsampling, Encoder
from videogigagan.model.presets import GENERATORS
from videogigagan.model.shuttle import SkipContent
from videogigagan.ops.style import Style

TINY = GENERATORS["tiny"]
STYLE = Style(vector=torch.ones(1, 16))
CHECKERBOARD = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).tile(8, 8)[None, None]


def down(downsampling: Downsampling = "blurpool", skip: SkipContent = "high") -> DownBlock:
    torch.manual_seed(0)
    return DownBlock(
        6, Level(channels=8, blocks=2), style_dim=16, downsampling=downsampling, skip=skip
    )


def bare(downsampling: Downsampling) -> DownBlock:
    """A down block whose f_i is its input."""
    made = DownBlock(
        1, Level(channels=1, blocks=1), style_dim=16, downsampling=downsampling, skip="high"
    )
    made.blocks = nn.ModuleList()
    nn.init.dirac_(made.convolution.weight)
    nn.init.zeros_(made.convolution.bias)
    return made


def grating(frequency: float) -> Tensor:
    return torch.cos(2 * math.pi * frequency * torch.arange(64.0)).expand(1, 1, 64, 64)


@torch.no_grad()
def test_strided_block_computes_a_strided_convolution() -> None:
    made, x = down("strided", "full"), torch.randn(2, 6, 16, 12)
    features = x
    for block in made.blocks:
        features = block(features, STYLE)
    weight, bias = made.convolution.weight, made.convolution.bias
    expected = F.conv2d(features, weight, bias, stride=2, padding=1)
    assert_close(made(x, STYLE)[0], expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_both_ways_of_halving_have_the_same_weights_and_skips() -> None:
    blurred, strided, x = down("blurpool"), down("strided"), torch.randn(1, 6, 8, 8)
    strided.load_state_dict(blurred.state_dict(), strict=True)
    assert torch.equal(blurred(x, STYLE)[1], strided(x, STYLE)[1])
    assert (blurred(x, STYLE)[0] - strided(x, STYLE)[0]).abs().max() > 0.01


@torch.no_grad()
def test_full_skip_is_low_plus_high() -> None:
    x = torch.randn(2, 6, 16, 12)
    full, low, high = (down(skip=skip)(x, STYLE)[1] for skip in ("full", "low", "high"))
    assert_close(full, low + high)
    assert high.abs().max() > 0.01


@torch.no_grad()
def test_what_goes_down_does_not_depend_on_what_goes_across() -> None:
    x = torch.randn(1, 6, 8, 8)
    assert torch.equal(down(skip="full")(x, STYLE)[0], down(skip="high")(x, STYLE)[0])


@torch.no_grad()
def test_checkerboard_crosses_over_rather_than_aliasing() -> None:
    below, across = bare("blurpool")(CHECKERBOARD, STYLE)
    assert below.abs().max() < 1e-6
    assert_close(across, CHECKERBOARD)
    aliased, _ = bare("strided")(CHECKERBOARD, STYLE)
    assert aliased.min() == 1  # plain striding makes a flat field of it


@torch.no_grad()
def test_constant_goes_down_and_leaves_nothing_across() -> None:
    below, across = bare("blurpool")(torch.full((1, 1, 8, 8), 3.0), STYLE)
    assert_close(below, torch.full((1, 1, 4, 4), 3.0))
    assert across.abs().max() < 1e-6


@pytest.mark.parametrize("frequency", [0.4, 0.45])
@torch.no_grad()
def test_gratings_too_fine_for_the_next_level_do_not_reach_it(frequency: float) -> None:
    blurred, _ = bare("blurpool")(grating(frequency), STYLE)
    aliased, _ = bare("strided")(grating(frequency), STYLE)
    inside = (..., slice(2, -2))  # the reflected border is no grating
    assert blurred[inside].abs().max() < 0.02 * aliased[inside].abs().max()


@torch.no_grad()
def test_energy_hardly_depends_on_a_shift_by_one_pixel() -> None:
    """Aliased sub-pixel motion would flicker (Sec. 3.4)."""
    picture = torch.randn(1, 1, 65, 65, generator=torch.Generator().manual_seed(0))
    coarse = F.avg_pool2d(
        picture, 2, stride=1
    )  # 64x64, some of it above the next level's limit
    change = {}
    for way in ("blurpool", "strided"):
        here, _ = bare(way)(coarse, STYLE)
        there, _ = bare(way)(coarse.roll(1, dims=3), STYLE)
        change[way] = ((here - there).square().mean() / here.square().mean()).item()
    assert change["blurpool"] < 0.6 * change["strided"]


@torch.no_grad()
def test_levels_halve_and_leave_their_skips_finest_first() -> None:
    bottom, skips = Encoder(TINY)(torch.randn(3, 8, 24, 16), STYLE)
    assert bottom.shape == (3, 8, 3, 2)
    assert [tuple(skip.shape) for skip in skips] == [
        (3, 8, 24, 16),
        (3, 8, 12, 8),
        (3, 8, 6, 4),
    ]
