"""First-order propagation (Sec. 3.3)."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from videogigagan.model.course import Span
from videogigagan.model.flow import SpyNet
from videogigagan.model.propagation import BidirectionalPropagation, Past, neighbour_flows
from videogigagan.ops.initialise import zeroed


def network(run_up: int = 0) -> BidirectionalPropagation:
    torch.manual_seed(0)
    return BidirectionalPropagation(channels=4, blocks=1, run_up=run_up)


def clip(frames: int = 4) -> torch.Tensor:
    return torch.rand(2, frames, 3, 12, 10, generator=torch.Generator().manual_seed(1))


def in_windows(
    made: BidirectionalPropagation, shot: torch.Tensor, cuts: tuple[int, ...], *, ahead: int
) -> torch.Tensor:
    """Features of a shot that is propagated window by window."""
    past, parts = None, []
    for start, stop in pairwise(cuts):
        frames, span = shot[:, start : stop + ahead], Span(end=stop - start)
        window = made.window(frames, span, past=past)
        past = window.past
        parts.append(window.features)
    return torch.cat(parts, dim=1)


def swapped(made: BidirectionalPropagation) -> BidirectionalPropagation:
    """The same network with its directions exchanged."""
    other = network()
    state = made.state_dict()
    for key in list(state):
        if key.startswith("backward_branch"):
            partner = key.replace("backward", "forward")
            state[key], state[partner] = state[partner], state[key]
    half = made.channels
    state["fusion.weight"] = state["fusion.weight"].roll(half, dims=1)
    other.load_state_dict(state)
    return other


def brightening() -> Tensor:
    """A clip whose frames can be told apart by their mean."""
    return clip() / 4 + torch.arange(4)[:, None, None, None] / 8


def with_flow(x: float, y: float, back: float = -1.0) -> BidirectionalPropagation:
    """Everything moves by (x, y), and by that times `back` on the way back."""
    made = network()
    made.gated = True

    def flow(frame: Tensor, other: Tensor) -> Tensor:
        sign = back if frame.mean() > other.mean() else 1.0
        return sign * frame.new_tensor([x, y])[:, None, None].expand_as(frame[:, :2])

    made.flow.forward = flow
    return made


@torch.no_grad()
def test_nothing_is_carried_along_a_flow_that_does_not_return() -> None:
    """Where no way closes, a frame knows itself alone; also from one window to the next."""
    made, shot = (
        with_flow(3, 0, back=1.0),
        clip() / 4 + torch.arange(4)[:, None, None, None] / 8,
    )
    alone = torch.cat([made(frame[:, None]) for frame in shot.unbind(1)], dim=1)
    assert_close(made(shot), alone, atol=1e-5, rtol=1e-5)
    assert_close(in_windows(made, shot, (0, 2, 4), ahead=0), alone, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_everything_is_carried_along_a_flow_that_returns() -> None:
    made, shot = with_flow(1, 0), brightening()
    gated = made(shot)
    made.gated = False
    assert torch.equal(gated, made(shot))


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_windows_may_overlap() -> None:
    """The second one begins within the first, and knows what was before exactly."""
    made, shot = network(), clip(7)
    first = made.window(shot[:, :5], Span(end=4, onward=2))
    second = made.window(shot[:, 2:], past=first.past)
    assert first.features.shape[1] == 4
    assert_close(second.features, made(shot)[:, 2:], atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_reversed_time_and_exchanged_branches_cancel() -> None:
    made = network()
    forwards = made(clip())
    backwards = swapped(made)(clip().flip(1)).flip(1)
    assert_close(backwards, forwards, atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_every_frame_hears_of_every_other() -> None:
    made = network()
    made.fusion.weight.data.abs_()
    changed = clip()
    changed[:, 0] += 1
    assert (made(changed) - made(clip())).abs().amax(dim=(2, 3, 4)).min() > 0
    changed = clip()
    changed[:, -1] += 1
    assert (made(changed) - made(clip())).abs().amax(dim=(2, 3, 4)).min() > 0


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_clips_of_a_batch_do_not_mix() -> None:
    made = network()
    assert_close(made(clip())[1:], made(clip()[1:]), atol=1e-5, rtol=1e-5)


@pytest.mark.catalogue("T25")
@torch.no_grad()
def test_a_still_clip_without_flow_settles() -> None:
    """Nothing moves and branches forget their state: all frames have the same features."""
    made = network()
    zeroed(made.flow)
    for branch in (made.backward_branch, made.forward_branch):
        branch.entry.weight.data[:, 3:] = 0
    still = clip(1).expand(-1, 5, -1, -1, -1)
    features = made(still)
    assert_close(features, features[:, :1].expand_as(features))


@torch.no_grad()
def test_a_single_frame_is_a_clip() -> None:
    assert network()(clip(1)).shape == (2, 1, 4, 12, 10)


@pytest.mark.catalogue("T23")
@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
@pytest.mark.parametrize("cuts", [(0, 6), (0, 1, 2, 6), (0, 4, 6)], ids=str)
def test_windows_that_look_ahead_to_the_end_make_the_whole(cuts: tuple[int, ...]) -> None:
    """What lies before a window is known exactly, however short the windows are."""
    made, shot = network(), clip(6)
    assert_close(in_windows(made, shot, cuts, ahead=6), made(shot), atol=1e-6, rtol=1e-6)


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_a_window_knows_of_no_frame_behind_those_it_looks_ahead_to() -> None:
    made, shot = network(), clip(6)
    changed = shot.clone()
    changed[:, 4:] = 0
    one, other = (in_windows(made, frames, (0, 2, 6), ahead=2) for frames in (shot, changed))
    assert torch.equal(one[:, :2], other[:, :2])
    assert not torch.equal(one[:, 2], other[:, 2])


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_storage_costs_no_more_than_its_own_precision() -> None:
    made = network()
    stored = made(clip(), storage=torch.float16)
    assert stored.dtype == torch.float16
    assert_close(stored.float(), made(clip()), atol=2e-3, rtol=2e-3)


def test_every_parameter_learns() -> None:
    made = network()
    made(clip()).square().mean().backward()
    idle = [name for name, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


@torch.no_grad()
@pytest.mark.parametrize("frames", [2, 9, 12])
def test_flow_is_asked_for_between_neighbours_both_ways(frames: int) -> None:
    """Pairs are taken a few at a time; each is there once and in order."""

    class Tell(SpyNet):
        """Says which pair it saw."""

        def forward(self, frame: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
            return torch.cat((frame[:, :1], other[:, :1]), dim=1)

    numbered = torch.arange(frames).float()[None, :, None, None, None].expand(2, -1, 3, 4, 4)
    to_next, to_previous = neighbour_flows(Tell(), numbered)
    pairs = [tuple(flow[1, :, 0, 0].tolist()) for flow in to_next]
    assert pairs == [(i, i + 1) for i in range(frames - 1)]
    pairs = [tuple(flow[1, :, 0, 0].tolist()) for flow in to_previous]
    assert pairs == [(i + 1, i) for i in range(frames - 1)]


@pytest.mark.parametrize("flow", [None, torch.zeros(1, 2, 3, 4)])
def test_the_past_goes_to_another_device_whole(flow: Tensor | None) -> None:
    """As it must when a run goes on: it is kept in a file, and a GPU may be what computes."""
    past = Past(frame=torch.zeros(1, 3, 3, 4), states=(torch.zeros(1, 2, 3, 4),) * 2, flow=flow)
    moved = past.to(torch.device("meta"))
    parts = [moved.frame, *moved.states, *([] if moved.flow is None else [moved.flow])]
    assert {part.device.type for part in parts} == {"meta"}
    assert len(parts) == 3 + (flow is not None)


# Before a shot and behind it (E52)


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
@pytest.mark.parametrize(
    ("run_up", "path"), [(2, [2, 1, 0, 1, 2, 1, 0]), (3, [1, 2, 1, 0, 1, 2, 1, 0, 1])]
)
def test_a_run_up_is_mirrored_frames_before_a_shot_and_behind_it(
    run_up: int, path: list[int]
) -> None:
    """Of a short shot they are mirrored once more."""
    longer = network()(clip(3)[:, path])
    made = network(run_up=run_up)(clip(3))
    assert_close(made, longer[:, run_up : run_up + 3], atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_a_window_in_the_midst_of_a_shot_needs_no_run_up() -> None:
    """Its past is known, and it looks ahead as far; so is one with frames around it."""
    shot = clip(9)
    without, with_run_up = network(), network(run_up=3)
    past = without.window(shot[:, :4]).past
    windows = [
        made.window(shot[:, 4:], Span(end=2), past=past) for made in (without, with_run_up)
    ]
    assert torch.equal(windows[0].features, windows[1].features)
    span = Span(begin=3, end=6)
    within = [made.window(shot, span).features for made in (without, with_run_up)]
    assert torch.equal(*within)
    assert_close(within[0], without(shot)[:, 3:6], atol=1e-6, rtol=1e-6)


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_a_long_run_up_forgets_where_it_began() -> None:
    """Copies of a frame come out alike from the first on, since all has settled before it."""
    still = clip(1).expand(-1, 5, -1, -1, -1)

    def change(made: BidirectionalPropagation) -> float:
        features = made(still)
        return (features - features[:, :1]).abs().max().item()

    assert change(network(run_up=30)) < change(network()) / 100


@pytest.mark.parametrize("reach", [0, 1, None])
def test_gradients_pass_through_no_frame_out_of_reach(reach: int | None) -> None:
    """What is gathered is the same."""
    made, shot = with_flow(1, 0), clip(8).requires_grad_()
    made.gated, made.run_up = False, 2
    features = made.window(shot, Span(begin=3, end=5, reach=reach)).features
    assert_close(features, made.window(shot, Span(begin=3, end=5)).features)
    features.square().mean().backward()
    reached = shot.grad.abs().amax(dim=(0, 2, 3, 4)) > 0
    inside = range(8) if reach is None else range(3 - reach, 5 + reach)
    assert reached.tolist() == [frame in inside for frame in range(8)]
