"""Power of results at the frequencies of a grid, against the truth's: are there checkerboards?

A generator that enlarges in steps of 2 can paint a texture that comes again every 2, 4 or 8
pixels. All of its power lies at multiples of 1/8 of a cycle per pixel, along rows (horizontal),
along columns (vertical) or both; that of pictures is spread. So it is looked for there:

- **Pictures** are luma, where a grid is seen best, on the 256 levels of a file, in levels.
- **Tiles** of 64x64 pixels, half over each other, each without its mean, under a Hann window
  in both directions. Without one, the borders of a tile would spread the low frequencies, which
  are thousands of times stronger, over all others. Of a frequency that is a multiple of 1/8,
  the window spreads no further than to the next of the 64 bins.
- **A line** is thus 3x3 bins wide, 3/64 of a cycle per pixel. It holds all of a grid that is
  the same everywhere, and most of one that comes and goes within some 30 pixels.
- **Surroundings** are the third and fourth bins to each side of a line, the nearest that hold
  nothing of it, along the axes on which its frequency is not 0: pictures have much more power
  on the axes than beside them. The side with the most power counts (the geometric mean of its
  bins, since power falls by factors): a line must stand above both sides. Above their mean
  stands every bend of a spectrum, such as the one at 1/8, where the small clip ends.
- **Two figures.** The ratio of the mean power to the truth's tells what there is too much of. A
  blurred picture has little of everything, and can hide a grid below that bar; how far a line
  stands out from its surroundings, over how far the truth's does, tells that too. Blur lowers
  it. Each figure is a mean of ratios, so that the strongest of several frequencies does not
  speak for all.

What rounding to 8 bits adds is counted in, so that black compares with black.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import DataError
from videogigagan.evaluate.fidelity import eight_bit, luma
from videogigagan.ops.filters import windowed_tiles

TILE = 64
"""Pixels to a side of a tile, and bins of a spectrum in each direction."""
HIGHEST_RATIO = 1.25
"""Mean power of a result over the truth's, on a line that is no grid."""

Direction = Literal["horizontal", "vertical", "both"]

_STEP = TILE // 8  # bins between two lines
_NEAR, _SIDES = (-1, 0, 1), ((-4, -3), (3, 4))
_ROUNDING = 1 / 12 / TILE**2  # power in a bin of what rounding to whole levels adds


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """All points of one frequency in one direction; those of `both` in all combinations."""

    eighths: int
    """The frequency, or the higher of both, in eighths of a cycle per pixel: 1 to 4."""
    direction: Direction
    """`horizontal`: it changes along rows."""
    level: float
    """What the truth has there, as a root mean square in levels of luma (16 to 235)."""
    ratio: float
    """Mean power over the truth's."""
    prominence: float
    """How far it stands out from its surroundings, over how far the truth does."""

    @property
    def name(self) -> str:
        """For people."""
        frequency = {2: "1/4", 4: "1/2"}.get(self.eighths, f"{self.eighths}/8")
        return f"{frequency} {self.direction}"


class Spectrum:
    """Mean power of pictures, gathered one by one; all bins add up to the variance."""

    def __init__(self) -> None:
        self._sum = torch.zeros(TILE, TILE, dtype=torch.float64)
        self._tiles = 0

    @property
    def power(self) -> Float[Tensor, "64 64"]:
        """Mean over all tiles, in squared levels; frequency 0 comes first, as FFTs have it.

        Raises:
            DataError: No picture has been added.
        """
        if not self._tiles:
            raise DataError("spectrum: has no frames. Give one at least.")
        return self._sum / self._tiles / TILE**2

    def add(self, picture: Float[Tensor, "3 h w"]) -> None:
        """Count a picture in; RGB in [0, 1].

        Raises:
            DataError: It is smaller than a tile.
        """
        h, w = picture.shape[-2:]
        if min(h, w) < TILE:
            raise DataError(
                f"spectrum: frame is too small ({w}x{h}). Give {TILE} pixels a side or more."
            )
        tiles = windowed_tiles(luma(eight_bit(picture.cpu().float()))[None], TILE)
        self._sum += torch.fft.fft2(tiles).abs().square().sum(dim=0).double()
        self._tiles += len(tiles)


def compare(result: Float[Tensor, "64 64"], truth: Float[Tensor, "64 64"]) -> list[Line]:
    """Hold a spectrum against the truth's on every line that a grid can have: 12 of them."""
    return [
        _line(result + _ROUNDING, truth + _ROUNDING, eighths, direction)
        for direction in ("horizontal", "vertical", "both")
        for eighths in range(1, 5)
    ]


def worst(lines: Sequence[Line]) -> Line:
    """The line with the highest ratio."""
    return max(lines, key=lambda line: line.ratio)


def _line(result: Tensor, truth: Tensor, eighths: int, direction: Direction) -> Line:
    points = _points(eighths, direction)
    power, true_power = (torch.stack([_on(x, *at) for at in points]) for x in (result, truth))
    around, true_around = (
        torch.stack([_around(x, *at) for at in points]) for x in (result, truth)
    )
    return Line(
        eighths=eighths,
        direction=direction,
        level=true_power.sum().sqrt().item(),
        ratio=(power / true_power).mean().item(),
        prominence=((power / around) / (true_power / true_around)).mean().item(),
    )


def _points(eighths: int, direction: Direction) -> list[tuple[int, int]]:
    """Vertical and horizontal frequencies of a line, in eighths; all signs."""
    signed = range(-3, 5)  # -4 is 4 again
    found = [(v, u) for v in signed for u in signed if max(abs(v), abs(u)) == eighths]
    wanted = {"horizontal": (False, True), "vertical": (True, False), "both": (True, True)}
    return [(v, u) for v, u in found if (v != 0, u != 0) == wanted[direction]]


def _on(power: Tensor, v: int, u: int) -> Tensor:
    return _bins(power, v, u, [(dv, du) for dv in _NEAR for du in _NEAR]).sum()


def _around(power: Tensor, v: int, u: int) -> Tensor:
    sides = [[(far, near) for far in side for near in _NEAR] for side in _SIDES if v != 0]
    sides += [[(near, far) for far in side for near in _NEAR] for side in _SIDES if u != 0]
    return torch.stack([_bins(power, v, u, side).log().mean() for side in sides]).max().exp()


def _bins(power: Tensor, v: int, u: int, places: Sequence[tuple[int, int]]) -> Tensor:
    rows = torch.tensor([_STEP * v + dv for dv, _ in places]) % TILE
    columns = torch.tensor([_STEP * u + du for _, du in places]) % TILE
    return power[rows, columns]
