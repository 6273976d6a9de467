"""Where a flow cannot be trusted."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from videogigagan.ops.occlusion import leaves_frame, occluded
from videogigagan.ops.warp import backward_warp


def uniform(x: float, y: float, height: int = 12, width: int = 16) -> torch.Tensor:
    return torch.tensor([x, y], dtype=torch.float32)[None, :, None, None].expand(
        1, 2, height, width
    )


@given(x=st.floats(-5, 5, width=32), y=st.floats(-5, 5, width=32))
def test_motion_that_closes_is_visible_everywhere(x: float, y: float) -> None:
    assert not occluded(uniform(x, y), uniform(-x, -y)).any()


def test_a_way_back_that_misses_is_occluded() -> None:
    """A miss of k pixels at speed 0 counts if k² > 0.01·k² + 0.5."""
    still = uniform(0, 0)
    assert not occluded(still, uniform(0.71, 0)).any()
    assert occluded(still, uniform(0.72, 0)).all()


def test_fast_motion_may_miss_by_more() -> None:
    """|(10, 0) + (-9, 0)|² = 1 < 0.01·(100 + 81) + 0.5; at a tenth of the speed it is not."""
    assert not occluded(uniform(10, 0), uniform(-9, 0)).any()
    assert occluded(uniform(1, 0), uniform(0, 0)).all()


def test_edges_of_motion_are_occluded_on_their_near_side() -> None:
    forward = uniform(0, 0).clone()
    forward[:, 0, :, 8:] = 0.2
    hidden = occluded(forward, -forward)[0]
    assert hidden[:, 7].all()
    assert not hidden[:, :7].any()
    assert not hidden[:, 8:].any()


def test_agrees_with_the_definition_pixel_by_pixel() -> None:
    generator = torch.Generator().manual_seed(0)
    forward, backward = torch.randn(2, 1, 2, 9, 11, generator=generator).mul(0.3)
    back = backward_warp(backward, forward, padding="border")[0]
    there = forward[0]
    expected = torch.zeros(9, 11, dtype=torch.bool)
    for row in range(9):
        for column in range(11):
            u, v = there[:, row, column].tolist()
            s, t = back[:, row, column].tolist()
            gap = (u + s) ** 2 + (v + t) ** 2
            slope = 0.0
            for r, c in ((row + 1, column), (row, column + 1)):
                if r < 9 and c < 11:
                    slope += (there[:, r, c] - there[:, row, column]).square().sum().item()
            expected[row, column] = (
                gap > 0.01 * (u * u + v * v + s * s + t * t) + 0.5
                or slope > 0.01 * (u * u + v * v) + 0.002
            )
    assert torch.equal(occluded(forward, backward)[0], expected)
    assert expected.any()


def test_something_that_covers_another_hides_it() -> None:
    """A block that moves 4 to the right over a still ground hides the ground before it."""
    forward, backward = uniform(0, 0).clone(), uniform(0, 0).clone()
    forward[:, 0, :, 2:6] = 4
    backward[:, 0, :, 6:10] = -4
    hidden = occluded(forward, backward)[0]
    assert hidden[:, 6:10].all()
    assert not hidden[:, 11:].any()


@given(x=st.integers(-3, 3), y=st.integers(-3, 3))
def test_pixels_that_leave(x: int, y: int) -> None:
    expected = torch.ones(12, 16, dtype=torch.bool)
    expected[max(-y, 0) : 12 - max(y, 0), max(-x, 0) : 16 - max(x, 0)] = False
    assert torch.equal(leaves_frame(uniform(x, y))[0], expected)
