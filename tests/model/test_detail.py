"""Each end is what it was, between them is a straight line, what is equal costs nothing."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from videogigagan.errors import CheckpointError, ConfigError
from videogigagan.model.detail import PREFIX, at_detail, beyond, check_detail, difference

STEPS = st.sampled_from([1e-5, 1e-3, 0.1, 1.0])


def ends(size: float) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Parameters as an adversary leaves them, and the regression's, about `size` away."""
    generator = torch.Generator().manual_seed(0)
    detailed = {name: torch.randn(40, 30, generator=generator) for name in ("a", "b.c")}
    moved = {
        key: value + size * torch.randn(value.shape, generator=generator)
        for key, value in detailed.items()
    }
    return detailed | {"frozen": torch.ones(5)}, moved | {"frozen": torch.ones(5)}


def halved(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.half() for key, value in tensors.items()}


@given(size=STEPS, precision=st.sampled_from([torch.float16, torch.float32]))
def test_both_ends_come_back(size: float, precision: torch.dtype) -> None:
    """The stored end to the bit; the other to the rounding of the difference alone."""
    detailed, regression = ends(size)
    stored = {key: value.to(precision) for key, value in detailed.items()}
    held = stored | difference(stored, regression, name="x")
    assert all(torch.equal(value, stored[key]) for key, value in at_detail(held, 1.0).items())
    found = at_detail(held, 0.0)
    assert found.keys() == regression.keys()
    for key, value in regression.items():
        gap = (value - stored[key].float()).abs().max().item()
        assert_close(found[key].float(), value, atol=gap * 2**-11 + 3e-7, rtol=0)


def test_the_other_end_is_closer_than_half_precision_itself() -> None:
    """Which is why a difference is stored, and taken from what is stored."""
    detailed, regression = ends(0.01)
    stored = halved(detailed)
    found = at_detail(stored | difference(stored, regression, name="x"), 0.0)
    rounded = halved(regression)
    error = (found["a"] - regression["a"]).abs().mean()
    assert error < (rounded["a"].float() - regression["a"]).abs().mean() / 20


@given(detail=st.floats(0, 1))
def test_between_the_ends_lies_a_straight_line(detail: float) -> None:
    stored = halved(ends(0.1)[0])
    held = stored | difference(stored, ends(0.1)[1], name="x")
    start, end = at_detail(held, 0.0), at_detail(held, 1.0)
    for key, value in at_detail(held, detail).items():
        expected = start[key].float() + detail * (end[key].float() - start[key].float())
        assert_close(value.float(), expected, atol=1e-5, rtol=0)


def test_what_is_equal_once_stored_is_not_stored_twice() -> None:
    detailed, regression = ends(0.1)
    regression["frozen"] = regression["frozen"] * (1 + 1e-5)  # lost by half precision
    steps = difference(halved(detailed), regression, name="x")
    assert set(steps) == {f"{PREFIX}a", f"{PREFIX}b.c"}
    assert {step.dtype for step in steps.values()} == {torch.float16}


@pytest.mark.parametrize("value", [1e6, float("inf"), float("nan")])
@pytest.mark.parametrize("spoilt", [0, 1])
def test_what_half_precision_cannot_hold_is_one_line(value: float, spoilt: int) -> None:
    both = ends(0.1)
    both[spoilt]["a"][0, 0] = value
    with pytest.raises(CheckpointError, match=r"^x: 'a' cannot be stored in half precision"):
        difference(halved(both[0]), both[1], name="x")


@pytest.mark.parametrize("detail", [-0.1, 1.01, 2, float("nan"), float("inf")])
def test_other_places_are_one_line(detail: float) -> None:
    with pytest.raises(
        ConfigError, match=rf"^detail must be a number from 0 to 1, not {detail:g}\.$"
    ):
        check_detail(detail)


@pytest.mark.parametrize("detail", [0, 0.5, 1, 1.0])
def test_places_between_the_ends_are_fine(detail: float) -> None:
    check_detail(detail)


@given(times=st.floats(1, 2))
def test_beyond_the_end_the_line_goes_on(times: float) -> None:
    """So the old end lies on the line between the new one and the start."""
    detailed, regression = ends(0.1)
    further = beyond(detailed, regression, times)
    for key, value in detailed.items():
        between = regression[key].lerp(further[key], 1 / times)
        assert_close(between, value)
    assert torch.equal(further["frozen"], detailed["frozen"])


def test_once_as_far_is_the_end_itself() -> None:
    """Counters come with it, as they are."""
    detailed, regression = ends(0.1)
    counted = detailed | {"count": torch.tensor(7)}
    further = beyond(counted, regression | {"count": torch.tensor(0)}, 1.0)
    assert all(torch.equal(further[key], value) for key, value in counted.items())
