"""The terms of Eq. 2, and one of ours."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from videogigagan.frozen.lpips import LPIPS
from videogigagan.frozen.trunks import Trunk
from videogigagan.ops.warp import backward_warp
from videogigagan.train.losses import (
    charbonnier,
    discriminator_adversarial,
    generator_adversarial,
    grid_texture,
    local_spectrum,
    perceptual,
    r1_penalty,
    steadiness,
)


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


@pytest.mark.parametrize("trunk", ["alex", "squeeze", "vgg"])
def test_every_trunk_judges_pictures_of_39_pixels(trunk: Trunk) -> None:
    x = torch.rand(1, 3, 39, 39)
    assert perceptual(LPIPS(trunk).eval(), x, 1 - x, draws(0)).isfinite()


def test_distance_is_the_mean_over_frames(lpips: LPIPS) -> None:
    x, y = torch.rand(2, 3, 40, 40), torch.rand(2, 3, 40, 40)
    each = [perceptual(lpips, x[i : i + 1], y[i : i + 1], draws(0)) for i in range(2)]
    assert_close(perceptual(lpips, x, y, draws(0)), torch.stack(each).mean())


def test_adversaries_pull_the_logit_apart() -> None:
    logits = torch.tensor([[-2.0, 0.0, 3.0]])
    assert_close(generator_adversarial(logits), (1 + (-logits).exp()).log().mean())
    real, fake = discriminator_adversarial(logits, logits)
    assert_close(real, generator_adversarial(logits))  # non-saturating: the same, other way up
    assert_close(fake, (1 + logits.exp()).log().mean())
    sure = torch.full((1, 2), 20.0)
    assert sum(discriminator_adversarial(sure, -sure)) < 1e-6


def test_r1_is_half_the_squared_gradient_of_a_frame() -> None:
    """A linear discriminator has the same gradient w everywhere."""
    w = torch.rand(3, 4, 5)
    clip = torch.rand(2, 6, 3, 4, 5, requires_grad=True)
    logits = (w * (2 * clip - 1)).sum(dim=(2, 3, 4))
    assert_close(r1_penalty(logits, clip), w.square().sum() / 2)


def test_r1_of_places_is_that_of_their_mean() -> None:
    clip = torch.rand(2, 3, 3, 4, 4, requires_grad=True)
    places = clip.square().sum(dim=2).flatten(2)
    assert_close(r1_penalty(places, clip), r1_penalty(places.mean(dim=2), clip))


def test_r1_can_be_differentiated() -> None:
    scale = torch.tensor(3.0, requires_grad=True)
    clip = torch.rand(1, 2, 3, 4, 4, requires_grad=True)
    r1_penalty((scale * clip).sum(dim=(2, 3, 4)), clip).backward()
    assert scale.grad is not None
    assert_close(scale.grad, torch.tensor(3.0 * 48 / 4))


def test_r1_counts_what_a_frame_does_to_its_neighbours_logits() -> None:
    clip = torch.rand(1, 2, 3, 4, 4, requires_grad=True)
    both = clip.sum(dim=(1, 2, 3, 4)).expand(1, 2)
    assert_close(r1_penalty(both, clip), torch.tensor(4 * 48 / 4 / 2))


def test_the_grid_is_what_comes_again_every_eight_pixels() -> None:
    truth = torch.rand(2, 3, 35, 42, generator=torch.Generator().manual_seed(0))
    stripes = torch.zeros(42)
    stripes[::4] = 0.1
    assert grid_texture(truth, truth) == 0
    assert_close(grid_texture(truth + 0.3, truth), torch.tensor(0.0), atol=1e-12, rtol=0)
    expected = stripes[:8].var(correction=0)
    assert_close(grid_texture(truth + stripes, truth), expected)
    elsewhere = torch.zeros(42)
    elsewhere[::5] = 0.1
    assert grid_texture(truth + elsewhere, truth) < expected / 10


def grass(seed: int) -> torch.Tensor:
    noise = torch.Generator().manual_seed(seed)
    return 0.5 + 0.1 * torch.randn(2, 3, 64, 80, generator=noise)


def test_where_texture_lies_is_all_the_same_to_the_spectrum() -> None:
    truth = grass(0)
    dots = torch.full_like(truth, 0.5)
    dots[..., ::4, ::4] += 0.4
    assert_close(dots.var(), truth.var(), atol=2e-3, rtol=0)
    assert local_spectrum(truth, truth) == 0
    elsewhere = local_spectrum(grass(1), truth)
    assert elsewhere < local_spectrum(0.5 + (truth - 0.5) / 3, truth) / 2
    assert elsewhere < local_spectrum(dots, truth) / 2
    assert (local_spectrum(grass(1), truth) - local_spectrum(truth, grass(1))).abs() < 1e-6


def test_the_spectrum_of_a_tile_is_its_own() -> None:
    truth, moved = grass(0), grass(0)
    moved[..., :32] = 0.5 + 2 * (moved[..., :32] - 0.5)
    moved[..., 48:] = 0.5 + 0.5 * (moved[..., 48:] - 0.5)
    assert local_spectrum(moved, truth) > 0.5


def test_no_texture_at_all_has_a_spectrum_with_a_gradient() -> None:
    flat = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    distance = local_spectrum(flat, torch.full((1, 3, 32, 32), 0.2))
    assert distance < 1e-3
    distance.backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


def test_steadiness_forgives_what_the_truth_does_too() -> None:
    truth = torch.rand(2, 3, 3, 8, 8)
    flow = torch.zeros(4, 2, 8, 8)
    assert steadiness(truth, truth, flow) == 0
    assert_close(steadiness(truth + 0.1, truth, flow), torch.tensor(0.0), atol=1e-6, rtol=0)
    flicker = truth + torch.tensor([0.0, 0.1, 0.0])[:, None, None, None]
    assert_close(steadiness(flicker, truth, flow), torch.tensor(0.1))


def test_steadiness_follows_the_motion() -> None:
    """A picture that moves by one pixel a frame is steady along a flow of one pixel."""
    canvas = torch.rand(3, 8, 12)
    moving = torch.stack([canvas[:, :, 3 - t : 11 - t] for t in range(3)])[None]
    still = moving[:, :1].expand(1, 3, 3, 8, 8)
    flow = torch.zeros(2, 2, 8, 8)
    flow[:, 0] = 1
    inner = (..., slice(None), slice(0, 7))  # what stays in the picture
    assert _lost(moving, flow)[inner].abs().max() < 1e-5
    assert steadiness(still, moving, flow) > 0.01


def _lost(clip: Tensor, flow: Tensor) -> Tensor:
    return clip[0, :-1] - backward_warp(clip[0, 1:], flow, padding="border")
