"""What skips carry (Sec. 3.5; D7)."""

import torch
from torch.testing import assert_close

from videogigagan.model.shuttle import shuttle
from videogigagan.ops.filters import LowPass

X = torch.randn(2, 3, 8, 9)
BANDS = LowPass().split(X)


def test_full_is_what_was_split() -> None:
    assert_close(shuttle(BANDS, "full"), X)


def test_high_is_what_the_blur_takes_away() -> None:
    assert_close(shuttle(BANDS, "high"), X - LowPass()(X))


def test_low_and_high_add_up() -> None:
    assert_close(shuttle(BANDS, "low") + shuttle(BANDS, "high"), X)


def test_flat_fields_do_not_use_the_shuttle() -> None:
    flat = LowPass().split(torch.full((1, 2, 8, 8), 3.0))
    assert shuttle(flat, "high").abs().max() < 1e-6
