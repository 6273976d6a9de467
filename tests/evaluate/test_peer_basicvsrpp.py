"""BasicVSR++ as a baseline, with BasicSR's and MMagic's names."""

import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from released_files import released, saved
from torch.testing import assert_close

from videogigagan.errors import CheckpointError
from videogigagan.evaluate.peers.basicvsr import BasicVSR, load_basicvsr
from videogigagan.evaluate.peers.basicvsrpp import BasicVSRPlusPlus, load_basicvsr_plus_plus


def small(seed: int) -> BasicVSRPlusPlus:
    torch.manual_seed(seed)
    return BasicVSRPlusPlus(channels=8, blocks=1)


def test_size_is_the_published_one() -> None:
    with torch.device("meta"):
        network = BasicVSRPlusPlus()
    assert sum(p.numel() for p in network.parameters()) == 7_322_927


def test_names_and_shapes_are_those_of_the_released_files() -> None:
    with torch.device("meta"):
        weights = released(BasicVSRPlusPlus(), mmagic=True)
    for key, shape in {
        "feat_extract.main.0.weight": (64, 3, 3, 3),
        "deform_align.forward_2.conv_offset.6.weight": (432, 64, 3, 3),
        "backbone.forward_2.main.0.weight": (64, 320, 3, 3),
        "backbone.backward_1.main.2.6.conv2.bias": (64,),
        "reconstruction.main.0.weight": (64, 320, 3, 3),
        "reconstruction.main.2.4.conv1.weight": (64, 64, 3, 3),
        "upsample1.upsample_conv.weight": (256, 64, 3, 3),
        "upsample2.upsample_conv.weight": (256, 64, 3, 3),
        "conv_hr.weight": (64, 64, 3, 3),
        "conv_last.weight": (3, 64, 3, 3),
        "spynet.basic_module.5.basic_module.4.conv.weight": (2, 16, 7, 7),
    }.items():
        assert weights[key].shape == shape


def test_basicsr_files_are_read(tmp_path: Path) -> None:
    origin = small(0)
    loaded = load_basicvsr_plus_plus(saved(tmp_path / "x.pth", {"params": released(origin)}))
    assert_close(loaded.state_dict(), origin.state_dict())
    assert not loaded.training


def test_mmagic_files_are_read_with_their_average(tmp_path: Path) -> None:
    plain, average = released(small(1), mmagic=True), released(small(0), mmagic=True)
    weights = {f"generator.{key}": value for key, value in plain.items()}
    weights |= {f"generator_ema.{key}": value for key, value in average.items()}
    content = {"meta": {"epoch": 1}, "state_dict": weights | {"step_counter": torch.zeros(1)}}
    loaded = load_basicvsr_plus_plus(saved(tmp_path / "x.pth", content))
    assert_close(loaded.state_dict(), small(0).state_dict())


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ("reconstruction.main.2.4.conv2.bias", "reconstruction.blocks.4.conv2.bias"),
        ("conv_hr.weight", "tail.conv_hr.weight"),
        ("backbone.forward_2.main.0.bias", "propagation.branches.3.backbone.entry.bias"),
    ],
)
def test_incomplete_weights_are_one_line(tmp_path: Path, lost: str, named: str) -> None:
    weights = released(small(0))
    del weights[lost]
    message = rf"does not fit BasicVSRPlusPlus \(1 missing: {re.escape(named)} …\)"
    with pytest.raises(CheckpointError, match=message):
        load_basicvsr_plus_plus(saved(tmp_path / "x.pth", weights))


def test_each_network_names_the_other(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.pth", released(small(0)))
    with pytest.raises(
        CheckpointError, match=r"holds basicvsr\+\+, not basicvsr\. Name it basicvsr\+\+=.*x"
    ):
        load_basicvsr(path)
    sign = {
        "backward_trunk.main.0.weight": torch.ones(8, 11, 3, 3),
        "backward_trunk.main.2.0.conv1.weight": torch.ones(8, 8, 3, 3),
    }
    with pytest.raises(
        CheckpointError, match=r"holds basicvsr, not basicvsr\+\+\. Name it basicvsr=.*x"
    ):
        load_basicvsr_plus_plus(saved(tmp_path / "x.pth", sign))


@torch.no_grad()
def test_network_that_adds_nothing_is_the_bilinear_enlargement() -> None:
    network, clip = small(0), torch.rand(3, 3, 8, 10)
    torch.nn.init.zeros_(network.tail.conv_last.weight)
    torch.nn.init.zeros_(network.tail.conv_last.bias)
    enlarged = F.interpolate(clip, scale_factor=4, mode="bilinear", align_corners=False)
    assert_close(torch.stack(list(network.stream(clip))), enlarged)


@pytest.mark.parametrize("source", range(5))
def test_reconstruction_reads_all_that_is_known_of_a_frame(source: int) -> None:
    """Its own features and four branches; without any of them the result is another."""
    network, clip = small(0), torch.rand(2, 3, 8, 10)
    for module in network.propagation.branches:
        torch.nn.init.normal_(module.alignment.weight, std=0.1)
    before = torch.stack(list(network.stream(clip)))
    network.reconstruction.entry.weight.data[:, 8 * source : 8 * (source + 1)] = 0
    after = torch.stack(list(network.stream(clip)))
    assert (before - after).abs().amax(dim=(1, 2, 3)).min() > 0


def test_both_baselines_end_in_the_same_tail() -> None:
    own, other = small(0).tail.state_dict(), BasicVSR(channels=8, blocks=1).tail.state_dict()
    assert {k: v.shape for k, v in own.items()} == {k: v.shape for k, v in other.items()}
