"""E_carry, the carried-detail error: a temporal metric that blur cannot win.

What moves should carry its detail along. So the result is followed along the motion of the
*truth*, and charged for two faults: detail that is missing or not carried along, and change
that the truth does not have. Both are strengths within small windows and frequency bands, so
detail may differ from the truth's as long as it is there and stays. The definition with its
reasons and limits: `docs/temporal-metric.md`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange, reduce
from jaxtyping import Bool, Float
from torch import Tensor

from videogigagan.errors import DataError
from videogigagan.evaluate.moment import Moment
from videogigagan.ops.occlusion import leaves_frame
from videogigagan.ops.warp import backward_warp

WINDOW = 16
"""Side of the windows in which strengths are taken; they overlap by half."""
OCTAVES = 3
"""High bands, each an octave; what lies below them is one band more."""
UNSEEN = 2 / 255
"""Strength that hardly shows: far weaker detail and flicker do not count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CarriedDetail:
    """The two faults of a moment; 0 is best."""

    lost: float
    """Share of the truth's detail that the result lacks, or does not carry along; below 1."""
    flicker: float
    """Change along the truth's motion beyond the truth's own, over the detail; below 2."""


def carried_detail_error(moment: Moment) -> float | None:
    """E_carry: detail lost plus flicker; 0 for the truth itself.

    None for the first moment, and where the truth's motion can be followed nowhere.

    Raises:
        DataError: The frames are smaller than a window.
    """
    faults = carried_detail(moment)
    return None if faults is None else faults.lost + faults.flicker


def carried_detail(moment: Moment) -> CarriedDetail | None:
    """Tell the two faults of E_carry apart; see `carried_detail_error`."""
    views = (moment.result, moment.truth)
    before = [view.before.picture for view in views if view.before is not None]
    if len(before) < len(views):
        return None
    _check_size(moment.truth.picture)
    way = moment.truth.flow[:1]
    followed = ~(moment.truth.occluded | leaves_frame(way)[0])
    seen = _Seen(pixels=followed, share=_window_mean(followed[None, None].float()))
    mostly = seen.share[0, 0] > 0.5
    if not mostly.any():
        return None
    bands = _bands(torch.stack([*before, *(view.picture for view in views)]))
    before, now = bands.split(2, dim=1)
    carried = backward_warp(rearrange(now, "k n c h w -> 1 (k n c) h w"), way, padding="border")
    carried = rearrange(carried, "1 (k n c) h w -> k n c h w", n=2, c=3)
    lost, flicker = [], []
    for pair in zip(before, carried, strict=True):
        result, truth = _strengths(*pair, seen)
        missing = torch.maximum(truth.detail - result.detail, truth.carried - result.carried)
        share = missing.clamp_min(0) / (truth.detail + UNSEEN)
        surplus = (result.change - truth.change).clamp_min(0)
        lost.append(share[mostly].mean())
        flicker.append((surplus / (truth.detail + result.detail + UNSEEN))[mostly].mean())
    return CarriedDetail(
        lost=torch.stack(lost).mean().item(), flicker=torch.stack(flicker).mean().item()
    )


class _Seen(NamedTuple):
    """Where the truth's motion is followed."""

    pixels: Bool[Tensor, "h w"]
    """Pixels that are."""
    share: Float[Tensor, "1 1 y x"]
    """Share of them in each window."""


class _Strengths(NamedTuple):
    """Root mean squares over the followed pixels of each window and over colours."""

    detail: Float[Tensor, "y x"]
    """What differs from the truth's mean colour, in both frames."""
    carried: Float[Tensor, "y x"]
    """The part of it that both frames have in common."""
    change: Float[Tensor, "y x"]
    """What differs between the frames."""


def _strengths(
    before: Float[Tensor, "2 3 h w"],
    now: Float[Tensor, "2 3 h w"],
    seen: _Seen,
) -> list[_Strengths]:
    """Measure result and truth."""

    def mean(x: Tensor) -> Tensor:
        return _window_mean(x * seen.pixels) / seen.share

    level = mean((before + now) / 2)
    centre = level[1:]
    detail = mean((before.square() + now.square()) / 2) - 2 * centre * level + centre.square()
    change = mean((now - before).square())
    roots = (_root(detail), _root(detail - change / 2), _root(change))
    return [_Strengths(*of_one) for of_one in zip(*roots, strict=True)]


def _bands(frames: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "k n 3 h w"]:
    """Octaves from the finest down, and the rest; they add up to the frames."""
    bands = []
    for octave in range(OCTAVES):
        low = _smooth(frames, 2**octave)
        bands.append(frames - low)
        frames = low
    return torch.stack([*bands, frames])


def _smooth(x: Float[Tensor, "n c h w"], step: int) -> Float[Tensor, "n c h w"]:
    """The low-pass [1, 4, 6, 4, 1] / 16 with its taps `step` pixels apart.

    Four sums of two neighbours, one after the other, have these weights.
    """
    x = F.pad(x, (2 * step,) * 4, mode="reflect")
    for dim in (2, 3):
        for _ in range(4):
            rest = x.shape[dim] - step
            x = x.narrow(dim, 0, rest) + x.narrow(dim, step, rest)
    return x / 16**2


def _window_mean(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c y x"]:
    """Over windows that are made of quarters, which they share."""
    return F.avg_pool2d(F.avg_pool2d(x, WINDOW // 2), 2, stride=1)


def _root(power: Float[Tensor, "n c y x"]) -> Float[Tensor, "n y x"]:
    return reduce(power, "n c y x -> n y x", "mean").clamp_min(0).sqrt()


def _check_size(truth: Tensor) -> None:
    h, w = truth.shape[-2:]
    if min(h, w) < WINDOW:
        raise DataError(
            f"truth: is too small for E_carry ({w}x{h}). Give frames of at least {WINDOW} "
            f"pixels a side."
        )
