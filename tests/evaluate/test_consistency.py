"""E_warp, E_ref, tLPIPS and tOF."""

import pytest
import torch
from known_flow import MOTION, KnownFlow, first_moment, moving_texture, second_moment
from torch.testing import assert_close

from videogigagan.evaluate.consistency import (
    flow_error,
    perceptual_change_error,
    referenced_warping_error,
    warping_error,
)
from videogigagan.evaluate.fidelity import eight_bit
from videogigagan.evaluate.view import Judges
from videogigagan.frozen.lpips import LPIPS
from videogigagan.ops.warp import backward_warp

ALL = [warping_error, referenced_warping_error, perceptual_change_error, flow_error]


@pytest.fixture(scope="module")
def truth() -> torch.Tensor:
    return moving_texture()


@pytest.mark.parametrize("figure", ALL)
def test_the_first_moment_has_no_figure(figure, truth: torch.Tensor) -> None:
    assert figure(first_moment(truth[0], truth[0])) is None


def test_truth_has_equal_errors(truth: torch.Tensor) -> None:
    moment = second_moment(truth, truth)
    assert warping_error(moment) == referenced_warping_error(moment)
    assert warping_error(moment) > 0
    assert flow_error(moment) == 0


def test_black_video_has_no_warping_error_but_a_referenced_one(truth: torch.Tensor) -> None:
    moment = second_moment(torch.zeros_like(truth), truth)
    assert warping_error(moment) == 0
    assert referenced_warping_error(moment) > 0


def test_warping_error_is_the_mean_over_visible_pixels_and_colours(truth: torch.Tensor) -> None:
    result = eight_bit(truth + 0.05 * torch.randn(truth.shape, generator=torch.Generator()))
    moment = second_moment(result, truth)
    moment.result.occluded = torch.zeros(truth.shape[-2:], dtype=torch.bool)
    moment.result.occluded[:, :40] = True
    warped = backward_warp(result[1:2], moment.result.flow[:1], padding="border")[0]
    expected = (warped - result[0])[..., 40:].square().mean()
    assert_close(warping_error(moment), expected.item())
    expected = backward_warp(truth[1:2], moment.result.flow[:1], padding="border")[0]
    expected = (expected - truth[0])[..., 40:].square().mean()
    assert_close(referenced_warping_error(moment), expected.item())


def test_literal_equations_sum_over_colours(truth: torch.Tensor) -> None:
    moment = second_moment(truth, truth)
    assert_close(warping_error(moment, literal=True), 3 * warping_error(moment))
    literal = referenced_warping_error(moment, literal=True)
    assert_close(literal, 3 * referenced_warping_error(moment))


def test_nothing_visible_is_no_error(truth: torch.Tensor) -> None:
    moment = second_moment(truth, truth)
    moment.result.occluded = torch.ones(truth.shape[-2:], dtype=torch.bool)
    assert warping_error(moment) == 0
    assert referenced_warping_error(moment) == 0


def test_a_frozen_video_has_the_wrong_flow(truth: torch.Tensor) -> None:
    moment = second_moment(truth[:1].expand(2, -1, -1, -1), truth)
    assert warping_error(moment) == pytest.approx(0, abs=1e-9)
    assert flow_error(moment) == pytest.approx(sum(map(abs, MOTION)) / 2)


def test_all_figures_of_a_moment_share_the_flow(truth: torch.Tensor) -> None:
    raft = KnownFlow()
    moment = second_moment(truth.flip(-1), truth, Judges(raft=raft))
    for figure in (warping_error, referenced_warping_error):
        figure(moment)
    assert raft.asked == 2  # there and back
    flow_error(moment)
    assert raft.asked == 4


def test_perceptual_change_is_compared_without_sign(truth: torch.Tensor) -> None:
    torch.manual_seed(0)
    judges = Judges(lpips={"alex": LPIPS("alex").eval()})
    frozen = truth[:1].expand(2, -1, -1, -1)
    assert perceptual_change_error(second_moment(truth, truth, judges)) == 0
    stuck = perceptual_change_error(second_moment(frozen, truth, judges))
    moving = perceptual_change_error(second_moment(truth, frozen, judges))
    assert stuck == moving
    assert_close(stuck, judges.lpips["alex"](truth[:1], truth[1:2]).item())
    assert stuck > 0
