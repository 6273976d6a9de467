"""A checkerboard is found where it is, also a faint or a blurred one; pictures are none."""

from functools import cache

import pytest
import torch
from torch import Tensor

from videogigagan.errors import DataError
from videogigagan.evaluate.spectrum import (
    HIGHEST_RATIO,
    TILE,
    Direction,
    Line,
    Spectrum,
    compare,
    worst,
)
from videogigagan.ops.filters import LowPass

FRAMES, SIDE = 8, 256


@cache
def scenery(seed: int) -> Tensor:
    """Grey frames (n, 3, h, w) whose power falls with the square of the frequency."""
    noise = torch.randn(
        FRAMES, SIDE, SIDE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    rows, columns = torch.fft.fftfreq(SIDE)[:, None], torch.fft.fftfreq(SIDE)[None]
    frequency = (rows.square() + columns.square()).sqrt().clamp(min=1 / SIDE)
    field = torch.fft.ifft2(torch.fft.fft2(noise) / frequency).real
    field = 0.5 + 0.12 * field / (1 / frequency).square().mean().sqrt()
    return field.float()[:, None].expand(-1, 3, -1, -1)


def waves(vertical: int, horizontal: int, levels: float) -> Tensor:
    """A texture (h, w) of these frequencies, in eighths of a cycle per pixel."""
    places = torch.arange(SIDE) * 2 * torch.pi / 8
    return levels / 255 * torch.cos(vertical * places)[:, None] * torch.cos(horizontal * places)


def spectrum(frames: Tensor) -> Tensor:
    found = Spectrum()
    for frame in frames:
        found.add(frame)
    return found.power


def lines(result: Tensor, truth: Tensor) -> dict[tuple[int, Direction], Line]:
    return {
        (line.eighths, line.direction): line
        for line in compare(spectrum(result), spectrum(truth))
    }


def test_all_power_is_the_variance() -> None:
    noise = 0.5 + 0.1 * torch.randn(4, 1, SIDE, SIDE).expand(-1, 3, -1, -1)
    levels = 219 * noise[:, 0]  # luma has 219 levels from black to white
    assert spectrum(noise).sum().item() == pytest.approx(levels.var().item(), rel=0.02)


def test_the_truth_is_as_the_truth() -> None:
    found = lines(scenery(0), scenery(0))
    assert len(found) == 12
    assert {line.ratio for line in found.values()} == {1.0}
    assert {line.prominence for line in found.values()} == {1.0}


def test_other_scenery_of_the_same_kind_has_no_grid() -> None:
    found = lines(scenery(0), scenery(1)).values()
    assert all(1 / HIGHEST_RATIO < line.ratio < HIGHEST_RATIO for line in found)
    assert all(1 / HIGHEST_RATIO < line.prominence < HIGHEST_RATIO for line in found)


@pytest.mark.parametrize(
    ("vertical", "horizontal", "place"),
    [
        (4, 4, (4, "both")),
        (0, 4, (4, "horizontal")),
        (2, 0, (2, "vertical")),
        (0, 2, (2, "horizontal")),
        (2, 2, (2, "both")),
        (2, 4, (4, "both")),
        (1, 0, (1, "vertical")),
        (0, 3, (3, "horizontal")),
        (3, 1, (3, "both")),
    ],
)
def test_a_grid_is_found_where_it_is_and_nowhere_else(
    vertical: int, horizontal: int, place: tuple[int, Direction]
) -> None:
    """Three levels of it, in scenery whose changes are thirty."""
    truth = scenery(0)
    found = lines(truth + waves(vertical, horizontal, 3.0), truth)
    assert found[place].ratio > HIGHEST_RATIO
    assert found[place].prominence > HIGHEST_RATIO
    assert worst(list(found.values())) == found[place]
    assert all(line.ratio < 1.05 for at, line in found.items() if at != place)


def test_a_grid_below_the_bar_stands_out() -> None:
    """A blurred result has less power than the truth, and a faint grid in it is not hidden."""
    truth = scenery(0)
    blurred = LowPass()(truth)
    clean = lines(blurred, scenery(1))[2, "horizontal"]
    found = lines(blurred + waves(0, 2, 1.5), truth)[2, "horizontal"]
    assert clean.ratio < found.ratio < HIGHEST_RATIO
    assert clean.prominence < 1
    assert found.prominence > 2


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
def test_blur_is_no_grid(sigma: float) -> None:
    taps = torch.exp(-torch.arange(-8, 9).square() / (2 * sigma**2))
    kernel = torch.outer(taps, taps)[None, None] / taps.sum() ** 2
    truth = scenery(0)
    grey = torch.nn.functional.pad(truth[:, :1], (8, 8, 8, 8), mode="reflect")
    blurred = torch.nn.functional.conv2d(grey, kernel).expand_as(truth)
    found = lines(blurred, scenery(1)).values()
    assert all(line.ratio < 1.1 and line.prominence < 1.5 for line in found)


def test_a_grid_that_comes_and_goes_is_found() -> None:
    truth = scenery(0)
    strength = torch.linspace(0, 2 * torch.pi * SIDE / 48, SIDE).cos()
    found = lines(truth + strength[:, None] * waves(0, 2, 6.0), truth)
    assert found[2, "horizontal"].ratio > 2


def test_the_level_of_a_line_is_its_root_mean_square() -> None:
    grid = 0.5 + waves(0, 2, 20.0).expand(1, 3, -1, -1)
    level = lines(grid, grid)[2, "horizontal"].level
    assert level == pytest.approx(20 / 2**0.5 * 219 / 255, rel=0.02)


def test_black_is_like_black() -> None:
    black = torch.zeros(1, 3, SIDE, SIDE)
    assert worst(list(lines(black, black).values())).ratio == 1
    assert lines(black + waves(4, 4, 2.0) + 0.1, black)[4, "both"].ratio > 100


def test_what_cannot_be_measured_is_one_line() -> None:
    with pytest.raises(DataError, match=r"^spectrum: frame is too small \(80x63\)\. Give 64"):
        Spectrum().add(torch.zeros(3, TILE - 1, 80))
    with pytest.raises(DataError, match=r"^spectrum: has no frames"):
        _ = Spectrum().power


def test_lines_have_names() -> None:
    names = [line.name for line in lines(scenery(0)[:1], scenery(0)[:1]).values()]
    assert names[:5] == [
        "1/8 horizontal", "1/4 horizontal", "3/8 horizontal", "1/2 horizontal", "1/8 vertical",
    ]  # fmt: skip
