"""The terms of Eq. 2 that need no discriminator."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from videogigagan.frozen.lpips import LPIPS
from videogigagan.train.losses import charbonnier, perceptual


class Recorder(LPIPS):
    """Keeps what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[Tensor, Tensor]] = []

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        self.seen.append((first, second))
        return first.new_zeros(len(first))


def coordinates() -> Tensor:
    """A picture whose pixels know where they are: 48 rows, 40 columns."""
    rows, columns = torch.meshgrid(torch.arange(48.0), torch.arange(40.0), indexing="ij")
    return torch.stack((rows, columns, rows))[None]


def draws(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_equal_pictures_cost_next_to_nothing() -> None:
    x = torch.rand(2, 3, 4, 5)
    assert charbonnier(x, x).item() == pytest.approx(1e-6, rel=1e-3)


def test_charbonnier_is_the_mean_absolute_difference() -> None:
    x, y = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 4, 5)
    assert_close(charbonnier(x, y), (x - y).abs().mean())
    assert_close(charbonnier(x, y), charbonnier(y, x))


def test_charbonnier_is_smooth_at_its_bottom() -> None:
    x = torch.zeros(1, 3, 2, 2, requires_grad=True)
    charbonnier(x, torch.zeros(1, 3, 2, 2)).backward()
    assert x.grad is not None
    assert torch.equal(x.grad, torch.zeros_like(x))


def test_both_pictures_are_seen_through_one_window() -> None:
    network, x = Recorder(), coordinates()
    perceptual(network, x, x + 1, draws(3))
    ((first, second),) = network.seen
    assert first.shape == (1, 3, 40, 32)
    assert_close(second, first + 1)


def test_the_window_moves_over_a_period_of_eight() -> None:
    network, x = Recorder(), coordinates()
    for seed in range(200):
        perceptual(network, x, x, draws(seed))
    tops = {int(first[0, 0, 0, 0]) for first, _ in network.seen}
    lefts = {int(first[0, 1, 0, 0]) for first, _ in network.seen}
    assert tops == lefts == set(range(8))


def test_the_window_follows_from_the_generator_alone() -> None:
    network, x = Recorder(), coordinates()
    for global_seed in (0, 1):
        torch.manual_seed(global_seed)
        perceptual(network, x, x, draws(5))
    assert torch.equal(network.seen[0][0], network.seen[1][0])


def test_distance_is_zero_for_equal_pictures_only(lpips: LPIPS) -> None:
    x = torch.rand(2, 3, 40, 40)
    assert perceptual(lpips, x, x, draws(0)) == 0
    assert perceptual(lpips, x, 1 - x, draws(0)) > 0


def test_distance_is_the_mean_over_frames(lpips: LPIPS) -> None:
    x, y = torch.rand(2, 3, 40, 40), torch.rand(2, 3, 40, 40)
    each = [perceptual(lpips, x[i : i + 1], y[i : i + 1], draws(0)) for i in range(2)]
    assert_close(perceptual(lpips, x, y, draws(0)), torch.stack(each).mean())
