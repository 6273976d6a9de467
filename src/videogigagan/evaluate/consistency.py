"""Temporal consistency as papers measure it: E_warp, E_ref, tLPIPS and tOF.

Every function takes a moment and compares it with the one before; a first moment has no score.
E_warp and E_ref favour blur, so they are never to be read alone; see `carried`.
"""

from videogigagan.evaluate.moment import Moment
from videogigagan.evaluate.view import View
from videogigagan.ops.warp import backward_warp


def warping_error(moment: Moment, *, literal: bool = False) -> float | None:
    """E_warp (Eq. 3): how far a result is from the next one, warped back to it by their flow.

    Mean square over visible pixels and over colours, values in [0, 1], as Lai et al. (ECCV
    2018) and all published tables have it. The flow is that of the results.

    Args:
        moment: Frame to score, with the frame before.
        literal: Sum over the colours, as Eq. 3 is written: three times as much.
    """
    return _error(moment, moment.result, literal=literal)


def referenced_warping_error(moment: Moment, *, literal: bool = False) -> float | None:
    """E_ref (Eq. 4): the same with the true frames, still warped by the flow of the results.

    Args:
        moment: Frame to score, with the frame before.
        literal: Sum over the colours, as Eq. 4 is written: three times as much.
    """
    return _error(moment, moment.truth, literal=literal)


def perceptual_change_error(moment: Moment) -> float | None:
    """tLPIPS: how much more, or less, the result changes perceptually than the truth does."""
    if moment.result.before is None:
        return None
    return abs(moment.truth.change - moment.result.change)


def flow_error(moment: Moment) -> float | None:
    """tOF: mean absolute difference between the flows of result and truth, in pixels."""
    if moment.result.before is None:
        return None
    return (moment.result.flow[0] - moment.truth.flow[0]).abs().mean().item()


def _error(moment: Moment, view: View, *, literal: bool) -> float | None:
    """How far frames are from the next ones, warped back by the flow of the results."""
    if view.before is None:
        return None
    now, flow = view.picture[None], moment.result.flow[:1]
    warped = backward_warp(now, flow, padding="border")[0]
    visible = ~moment.result.occluded
    total = ((warped - view.before.picture).square() * visible).sum()
    count = visible.sum() if visible.any() else visible.numel()
    return (total / ((1 if literal else 3) * count)).item()
