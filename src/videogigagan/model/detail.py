"""Weights with two ends: from those of a regression (0) to its adversarial offspring (1).

A generator that an adversary has tuned on lies close to the regression it started from, so the
straight line between their parameters holds generators that work, from safe to rich in detail
(network interpolation, as ESRGAN has it).

A file holds the parameters of detail 1 as they are, because that end is the default and should
be what was given, to the bit: what was trained, or what lies past it (`beyond`). What leads to
the other end is stored beside it, under names with `PREFIX`, as a difference: it is taken from
the parameters as they are stored, so what rounding did to them cancels, and it is small, so its
own rounding in half precision is. Errors are at most 2^-11 of the difference, or 3e-8. Tensors
that are equal at both ends, such as frozen propagation, are stored once.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from videogigagan.errors import CheckpointError, ConfigError

PREFIX = "less_detail."
"""Before the name of a tensor: what is added to it for detail 0."""


def check_detail(detail: int | float) -> None:
    """Make sure that a place lies between the ends.

    Raises:
        ConfigError: It does not.
    """
    if not 0 <= detail <= 1:
        raise ConfigError(f"detail must be a number from 0 to 1, not {detail:g}.")


def difference(
    stored: Mapping[str, Tensor], regression: Mapping[str, Tensor], *, name: str
) -> dict[str, Tensor]:
    """What leads from detail 1 to detail 0, in half precision.

    Args:
        stored: Parameters of detail 1, rounded as they are stored.
        regression: Parameters of detail 0, of the same names and shapes.
        name: What the message calls the regression.

    Returns:
        One tensor, `PREFIX` before its name, for each that is another once it is stored.

    Raises:
        CheckpointError: A parameter is no number, or too large for half precision.
    """
    found: dict[str, Tensor] = {}
    for key, one in stored.items():
        other = regression[key]
        step = (other.float() - one.float()).half()
        if not torch.isfinite(step).all():
            raise CheckpointError(
                f"{name}: '{key}' cannot be stored in half precision, at one end or the other. "
                "Give weights of a run that has not diverged."
            )
        if not torch.equal(other.to(one.dtype), one):
            found[PREFIX + key] = step
    return found


def beyond(
    one: Mapping[str, Tensor], zero: Mapping[str, Tensor], times: float
) -> dict[str, Tensor]:
    """The parameters on the line from detail 0 through detail 1, so many times as far.

    What is equal at both ends stays equal to the bit.

    Args:
        one: Parameters of detail 1.
        zero: Parameters of detail 0, of the same names and shapes.
        times: 1 for those of `one`, more to go past them.
    """
    return {
        key: zero[key].lerp(value, times) if value.is_floating_point() else value
        for key, value in one.items()
    }


def at_detail(tensors: Mapping[str, Tensor], detail: int | float) -> dict[str, Tensor]:
    """The parameters somewhere between the ends, without the difference.

    Args:
        tensors: All tensors of a file; each with `PREFIX` has its counterpart without.
        detail: 0 for the regression, 1 for the tensors as they are.
    """
    between = {key: value for key, value in tensors.items() if not key.startswith(PREFIX)}
    if detail == 1:
        return between
    for key, step in tensors.items():
        if key.startswith(PREFIX):
            name = key.removeprefix(PREFIX)
            between[name] = between[name].float() + (1 - detail) * step.float()
    return between
