"""Frames in tiles: which they are, and how they become one picture again without a seam."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor

OVERLAP = 64
"""Pixels of the source that neighbouring tiles share; like the steps between tiles a multiple
of the coarsest pixels of U-Net and flow, so that these lie alike in all tiles."""
SMALLEST = 2 * OVERLAP
"""Side below which tiles would be little but overlap."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Where a tile lies along one side."""

    start: int
    """First pixel."""
    stop: int
    """One past the last."""
    before: int
    """Pixels that it shares with the tile before."""
    behind: int
    """Pixels that it shares with the next one."""

    def weights(self, scale: int) -> Float[Tensor, " l"]:
        """How much each pixel counts where there are `scale` for one of the source.

        Of what two tiles share, the quarter at the end of each, where it knows least, does not
        count; in between one fades into the other. All weights of a pixel add up to 1.
        """
        weights = torch.ones((self.stop - self.start) * scale)
        if self.before:
            weights[: self.before * scale] = _ramp(self.before * scale)
        if self.behind:
            weights[-self.behind * scale :] = 1 - _ramp(self.behind * scale)
        return weights


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A rectangle of a frame."""

    rows: Span
    """Where it lies from top to bottom."""
    columns: Span
    """Where it lies from left to right."""

    @property
    def area(self) -> int:
        """Its pixels."""
        rows, columns = self.rows, self.columns
        return (rows.stop - rows.start) * (columns.stop - columns.start)

    def of(self, frames: Tensor) -> Tensor:
        """Cut it out of frames, (…, h, w)."""
        rows, columns = self.rows, self.columns
        return frames[..., rows.start : rows.stop, columns.start : columns.stop]

    def add(self, part: Tensor, whole: Tensor, scale: int = 1) -> None:
        """Add its share to frames that are put together, (…, scale·h, scale·w)."""
        rows, columns = self.rows.weights(scale), self.columns.weights(scale)
        shares = torch.outer(rows, columns).to(part.device)
        there = whole[
            ...,
            self.rows.start * scale : self.rows.stop * scale,
            self.columns.start * scale : self.columns.stop * scale,
        ]
        there += (part * shares).to(there)


def tiles(height: int, width: int, most: int) -> list[Tile]:
    """Cover a frame with tiles of at most `most` pixels to a side; 0 for one tile."""
    rows, columns = (list(_spans(length, most or length)) for length in (height, width))
    return [Tile(rows=row, columns=column) for row, column in product(rows, columns)]


def _spans(length: int, most: int) -> Iterator[Span]:
    if length <= most:
        yield Span(start=0, stop=length, before=0, behind=0)
        return
    step = max(most // OVERLAP - 1, 1) * OVERLAP
    starts = range(0, length - OVERLAP, step)
    for start in starts:
        yield Span(
            start=start,
            stop=length if start == starts[-1] else start + step + OVERLAP,
            before=0 if start == 0 else OVERLAP,
            behind=0 if start == starts[-1] else OVERLAP,
        )


def _ramp(length: int) -> Float[Tensor, " l"]:
    """From 0 to 1, level for a quarter at both ends."""
    middles = (torch.arange(length) + 0.5) / length
    return (2 * middles - 0.5).clamp(0, 1)
