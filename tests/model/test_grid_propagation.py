"""Second-order grid propagation and its alignments (supplement B.2; D14, D15)."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch.testing import assert_close

from videogigagan.model.alignment import DeformableAlignment, Neighbour, WarpAlignment
from videogigagan.model.course import Span
from videogigagan.model.flow import SpyNet
from videogigagan.model.grid_propagation import Alignment, GridPropagation, _two_back
from videogigagan.model.propagation import Way
from videogigagan.ops.initialise import zeroed
from videogigagan.ops.warp import backward_warp


def network(
    alignment: Alignment = "dcn", iterations: int = 2, run_up: int = 0
) -> GridPropagation:
    torch.manual_seed(0)
    return GridPropagation(
        channels=8,
        blocks=1,
        extraction_blocks=1,
        iterations=iterations,
        alignment=alignment,
        run_up=run_up,
    )


def clip(frames: int = 4, height: int = 12, width: int = 10) -> torch.Tensor:
    return torch.rand(1, frames, 3, height, width, generator=torch.Generator().manual_seed(1))


def neighbour(x: float, y: float, seed: int) -> Neighbour:
    state = torch.randn(2, 8, 7, 9, generator=torch.Generator().manual_seed(seed))
    flow = torch.tensor([float(x), float(y)])[None, :, None, None].expand(2, 2, 7, 9)
    return Neighbour(state=state, flow=flow)


def test_size_is_that_of_basicvsr_plus_plus_without_its_tail() -> None:
    with torch.device("meta"):
        made = GridPropagation()
    assert sum(p.numel() for p in made.parameters()) == 6_435_180
    assert sum(p.numel() for p in made.flow.parameters()) == 1_440_300


@torch.no_grad()
@pytest.mark.parametrize("alignment", ["dcn", "flow"])
@pytest.mark.parametrize("shape", [(4, 12, 10), (1, 12, 10), (2, 3, 5)])
def test_any_size(alignment: Alignment, shape: tuple[int, int, int]) -> None:
    frames, height, width = shape
    assert network(alignment)(clip(*shape)).shape == (1, frames, 8, height, width)


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
@pytest.mark.parametrize("alignment", ["dcn", "flow"])
def test_every_frame_hears_of_every_other(alignment: Alignment) -> None:
    made = network(alignment, iterations=1)
    for index in (0, -1):
        changed = clip()
        changed[:, index] += 1
        assert (made(changed) - made(clip())).abs().amax(dim=(2, 3, 4)).min() > 0


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
@pytest.mark.parametrize("alignment", ["dcn", "flow"])
@pytest.mark.parametrize("cuts", [(0, 1, 2, 6), (0, 4, 6)], ids=str)
def test_windows_that_look_ahead_to_the_end_make_the_whole(
    alignment: Alignment, cuts: tuple[int, ...]
) -> None:
    """Both states of each forward branch, and the flow between them, are brought along."""
    made, shot = network(alignment), clip(6)
    past, parts = None, []
    for start, stop in pairwise(cuts):
        window = made.window(shot[:, start:], Span(end=stop - start), past=past)
        past = window.past
        parts.append(window.features)
    assert_close(torch.cat(parts, dim=1), made(shot), atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("alignment", ["dcn", "flow"])
def test_what_came_along_a_wrong_flow_is_left_out(alignment: Alignment) -> None:
    """Where no way closes, a frame knows itself alone."""
    made = network(alignment)
    made.gated = True
    nowhere = SpyNet()
    nowhere.forward = lambda frame, _: torch.full_like(frame[:, :2], 3.0)
    made.flow = nowhere
    alone = torch.cat([made(frame[:, None]) for frame in clip().unbind(1)], dim=1)
    assert_close(made(clip()), alone, atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
@pytest.mark.parametrize("onward", [1, 2, 3])
def test_windows_may_overlap(onward: int) -> None:
    made, shot = network("flow"), clip(6)
    first = made.window(shot, Span(end=4, onward=onward))
    second = made.window(shot[:, onward:], past=first.past)
    assert first.features.shape[1] == 4
    assert_close(second.features, made(shot)[:, onward:], atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_one_backward_branch_hears_of_later_frames_alone() -> None:
    made = network(iterations=1)
    del made.branches[1]
    changed = clip()
    changed[:, 1] += 1
    difference = (made(changed) - made(clip())).abs().amax(dim=(0, 2, 3, 4))
    assert (difference > 0).tolist() == [True, True, False, False]


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_reversed_time_exchanges_the_branches() -> None:
    """A backward branch that runs first on a clip is a forward one on the reversed clip."""
    made = network(iterations=1)
    del made.branches[1]
    frames = [[made.extraction(frame)] for frame in clip().unbind(1)]
    flows = [
        made.flow(a, b) for a, b in zip(clip().unbind(1), clip().unbind(1)[1:], strict=False)
    ]
    ways = [Way(flow=flow) for flow in flows[::-1]]
    states = list(made.branches[0](frames[::-1], ways))
    assert_close(torch.stack(states[::-1], dim=1), made(clip()))


@torch.no_grad()
def test_second_order_flow_is_the_chain_of_both() -> None:
    near, far = torch.randn(2, 1, 2, 6, 7)
    ways = [Way(flow=far), Way(flow=near)]
    assert_close(_two_back(ways), near + backward_warp(far, near))
    assert not _two_back(ways[1:]).any()


@torch.no_grad()
def test_fresh_deformable_alignment_follows_the_flow() -> None:
    """Half of what warping and convolving gives: masks are one half, and flow is uniform."""
    first, second = neighbour(1, 0, seed=0), neighbour(0, 2, seed=1)
    deformable, plain = DeformableAlignment(8), WarpAlignment(8)
    plain.convolution.weight.data.copy_(deformable.weight / 2)
    zeroed(deformable.offsets)
    deformable.bias.data.zero_()
    plain.convolution.bias.data.zero_()
    current = torch.randn(2, 8, 7, 9)
    inside = (..., slice(1, 4), slice(1, 7))  # where no tap leaves the warped picture
    result = deformable(current, first, second)[inside]
    assert_close(result, plain(current, first, second)[inside], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_groups_belong_to_their_neighbour() -> None:
    """The second neighbour's flow does not move the first neighbour's channels."""
    alignment = DeformableAlignment(8)
    zeroed(alignment.offsets)
    alignment.weight.data[:, 8:] = 0  # the first neighbour alone is read
    current, first = torch.randn(2, 8, 7, 9), neighbour(1, 0, seed=0)
    here = alignment(current, first, neighbour(0, 0, seed=1))
    there = alignment(current, first, neighbour(3, 2, seed=1))
    assert_close(here, there)
    assert (here - alignment(current, neighbour(2, 0, seed=0), first)).abs().max() > 0.01


@torch.no_grad()
def test_learned_offsets_stay_within_ten_pixels_of_the_flow() -> None:
    alignment = DeformableAlignment(8)
    alignment.offsets[-1].bias.data.fill_(100)  # saturated: +10 in x and y, mask one
    alignment.weight.data[:, 8:] = 0
    alignment.weight.data[:, :8] = 0
    alignment.weight.data[:, 0, 1, 1] = 1  # the centre tap of one channel
    state = torch.zeros(1, 8, 24, 24)
    state[:, 0, 15, 16] = 1
    still = Neighbour(state=state, flow=torch.zeros(1, 2, 24, 24))
    result = alignment(torch.zeros(1, 8, 24, 24), still, still) - alignment.bias[:, None, None]
    assert_close(result[0, 0, 5, 6], torch.tensor(1.0), atol=1e-4, rtol=0)


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_storage_costs_no_more_than_its_own_precision() -> None:
    made = network()
    stored = made(clip(), storage=torch.float16)
    assert stored.dtype == torch.float16
    assert_close(stored.float(), made(clip()), atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("alignment", ["dcn", "flow"])
def test_every_parameter_learns_once_offsets_have_moved(alignment: Alignment) -> None:
    made = network(alignment)
    for module in made.modules():
        if isinstance(module, DeformableAlignment):
            torch.nn.init.normal_(module.offsets[-1].weight, std=0.01)
    made(clip(3)).square().mean().backward()
    idle = [name for name, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


@pytest.mark.usefixtures("quick_flow")
def test_fresh_offsets_learn_at_their_last_layer_first() -> None:
    made = network()
    made(clip()).square().mean().backward()
    layers = [module for module in made.modules() if isinstance(module, DeformableAlignment)]
    assert len(layers) == 4
    for layer in layers:
        assert layer.offsets[6].weight.grad.any()
        assert not layer.offsets[0].weight.grad.any()


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_all_states_are_own_features_then_every_branch_in_order() -> None:
    made = network()
    gathered = made.states(clip())
    assert [len(known) for known in gathered] == [5] * 4
    last = torch.stack([known[-1] for known in gathered], dim=1)
    assert_close(last, made(clip()))
    own = torch.cat([known[0] for known in gathered])
    assert_close(own, made.extraction(clip()[0]))
    del made.branches[1:]
    first = torch.stack([known[1] for known in gathered], dim=1)
    assert_close(first, made(clip()))


# Before a shot and behind it (E52)


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_a_run_up_is_mirrored_frames_before_a_shot_and_behind_it() -> None:
    longer = network("flow")(clip(4)[:, [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]])
    made = network("flow", run_up=3)(clip(4))
    assert_close(made, longer[:, 3:7], atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("quick_flow")
@torch.no_grad()
def test_what_is_brought_along_is_that_of_the_longer_shot() -> None:
    """States, flow and frame of a window's past lie behind the run-up."""
    made, shot = network("flow", run_up=2), clip(6)
    first = made.window(shot, Span(end=6, onward=3))
    second = made.window(shot[:, 3:], past=first.past)
    assert_close(second.features, made(shot)[:, 3:], atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("quick_flow")
def test_gradients_pass_through_no_frame_out_of_reach() -> None:
    """What is gathered is the same; frames' own features learn from all that is read."""
    made, shot = network("flow", run_up=2), clip(8)
    span = Span(begin=3, end=5)
    whole = made.window(shot, span).features
    near = made.window(shot, replace(span, reach=0)).features
    assert_close(near, whole)
    weight = made.branches[0].backbone.entry.weight
    gradients = [torch.autograd.grad(x.square().mean(), weight)[0] for x in (whole, near)]
    assert all(gradient.abs().max() > 0 for gradient in gradients)
    assert not torch.equal(*gradients)
