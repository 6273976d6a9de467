"""SpyNet (Sec. 3.3)."""

import pytest
import torch
from torch.testing import assert_close

from videogigagan.model.flow import SpyNet
from videogigagan.ops.initialise import zeroed


def test_size_is_the_published_one() -> None:
    with torch.device("meta"):
        network = SpyNet()
    assert sum(p.numel() for p in network.parameters()) == 1_440_300


@pytest.mark.parametrize("size", [(32, 64), (33, 20), (1, 1), (5, 70)])
def test_any_size(size: tuple[int, int]) -> None:
    frames = torch.rand(2, 3, *size)
    assert SpyNet()(frames, frames).shape == (2, 2, *size)


def test_networks_that_find_nothing_give_no_flow() -> None:
    frames = torch.rand(2, 1, 3, 20, 24)
    assert not zeroed(SpyNet())(*frames).any()


def test_each_level_doubles_what_the_coarser_one_found() -> None:
    """One pixel found at 1/32 of the size is 32 pixels."""
    network = zeroed(SpyNet())
    coarsest = network.levels[0][-1]
    coarsest.bias.data.copy_(torch.tensor([1.0, -2.0]))
    flow = network(torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 96))
    expected = torch.tensor([32.0, -64.0])[None, :, None, None].expand_as(flow)
    assert_close(flow, expected)


def test_flow_is_in_pixels_of_the_frame_given() -> None:
    """Frames are worked on at multiples of 32; the flow is scaled back with them."""
    network = zeroed(SpyNet())
    network.levels[-1][-1].bias.data.fill_(4)
    flow = network(torch.rand(1, 3, 24, 16), torch.rand(1, 3, 24, 16))
    assert_close(flow[0, :, 0, 0], torch.tensor([4 * 16 / 32, 4 * 24 / 32]))


def test_autocast_leaves_flow_alone() -> None:
    network, frames = SpyNet(), torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        exact = network(frames, frames.flip(0))
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(network(frames, frames.flip(0)), exact)


def test_constants_stay_out_of_checkpoints() -> None:
    with torch.device("meta"):
        assert not {"mean", "deviation"} & set(SpyNet().state_dict())
