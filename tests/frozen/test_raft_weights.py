"""RAFT's parts, and the published checkpoints' names for them."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from videogigagan.errors import CheckpointError
from videogigagan.frozen.raft import RAFT, load_raft
from videogigagan.frozen.raft_blocks import LAYOUTS, InstanceNorm, Size
from videogigagan.frozen.raft_update import ConvGRU, SeparableGRU, UpdateBlock

Shapes = dict[str, tuple[int, ...]]


@pytest.mark.parametrize(("size", "count"), [("small", 990_162), ("large", 5_257_536)])
def test_parameters_are_as_many_as_published(size: Size, count: int) -> None:
    with torch.device("meta"):
        made = RAFT(size)
    assert sum(parameter.numel() for parameter in made.parameters()) == count


def convolution(name: str, out: int, wide: int, *kernel: int) -> Shapes:
    return {f"{name}.weight": (out, wide, *kernel), f"{name}.bias": (out,)}


def batch_norm(name: str, channels: int) -> Shapes:
    parts = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{part}": (channels,) for part in parts} | {
        f"{name}.num_batches_tracked": ()
    }


def large_encoder(name: str, out: int, *, normalised: bool) -> Shapes:
    norms: dict[str, int] = {"norm1": 64}
    shapes = convolution(f"{name}.conv1", 64, 3, 7, 7) | convolution(
        f"{name}.conv2", out, 128, 1, 1
    )
    wide = 64
    for layer, width in (("layer1", 64), ("layer2", 96), ("layer3", 128)):
        for block in (0, 1):
            inside = f"{layer}.{block}"
            shapes |= convolution(f"{name}.{inside}.conv1", width, wide, 3, 3)
            shapes |= convolution(f"{name}.{inside}.conv2", width, width, 3, 3)
            norms |= {f"{inside}.norm1": width, f"{inside}.norm2": width}
            if wide != width:
                shapes |= convolution(f"{name}.{inside}.downsample.0", width, wide, 1, 1)
                norms |= {f"{inside}.norm3": width, f"{inside}.downsample.1": width}
            wide = width
    if normalised:
        for norm, width in norms.items():
            shapes |= batch_norm(f"{name}.{norm}", width)
    return shapes


def large_names() -> Shapes:
    """Every tensor of the published large checkpoints."""
    shapes = large_encoder("fnet", 256, normalised=False)
    shapes |= large_encoder("cnet", 256, normalised=True)
    motion, gru = "update_block.encoder", "update_block.gru"
    shapes |= convolution(f"{motion}.convc1", 256, 324, 1, 1)
    shapes |= convolution(f"{motion}.convc2", 192, 256, 3, 3)
    shapes |= convolution(f"{motion}.convf1", 128, 2, 7, 7)
    shapes |= convolution(f"{motion}.convf2", 64, 128, 3, 3)
    shapes |= convolution(f"{motion}.conv", 126, 256, 3, 3)
    for gate in "zrq":
        shapes |= convolution(f"{gru}.conv{gate}1", 128, 384, 1, 5)
        shapes |= convolution(f"{gru}.conv{gate}2", 128, 384, 5, 1)
    shapes |= convolution("update_block.flow_head.conv1", 256, 128, 3, 3)
    shapes |= convolution("update_block.flow_head.conv2", 2, 256, 3, 3)
    shapes |= convolution("update_block.mask.0", 256, 128, 3, 3)
    return shapes | convolution("update_block.mask.2", 576, 256, 1, 1)


def test_large_has_the_published_names_and_shapes() -> None:
    with torch.device("meta"):
        state = RAFT("large").state_dict()
    assert {key: tuple(tensor.shape) for key, tensor in state.items()} == large_names()


@pytest.mark.parametrize("prefix", ["", "module."])
def test_large_is_recognised_and_read(tmp_path: Path, prefix: str) -> None:
    torch.manual_seed(0)
    state = {prefix + key: torch.rand(shape) for key, shape in large_names().items()}
    for key in state:  # one norm under two names
        if "downsample.1" in key:
            state[key] = state[key.replace("downsample.1", "norm3")]
    torch.save(state, tmp_path / "raft.pth")
    loaded = load_raft(tmp_path / "raft.pth")
    assert not loaded.training
    found = {prefix + key: tensor for key, tensor in loaded.state_dict().items()}
    counters = {key for key in found if key.endswith("num_batches_tracked")}
    assert_close(
        {key: found[key] for key in found.keys() - counters},
        {key: state[key] for key in state.keys() - counters},
    )


def test_small_is_recognised_and_read(tmp_path: Path) -> None:
    torch.manual_seed(0)
    made = RAFT("small")
    old = {f"module.{key}": tensor for key, tensor in made.state_dict().items()}
    torch.save(old, tmp_path / "raft.pth", _use_new_zipfile_serialization=False)
    assert_close(load_raft(tmp_path / "raft.pth").state_dict(), made.state_dict())


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.pth: no such file\. .* RAFT weights"):
        load_raft(tmp_path / "none.pth")


def test_damaged_file_is_one_line(tmp_path: Path) -> None:
    torch.save(RAFT("small").state_dict(), tmp_path / "raft.pth")
    whole = (tmp_path / "raft.pth").read_bytes()
    (tmp_path / "raft.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        CheckpointError, match=r"read safely \(.* published RAFT weights"
    ) as caught:
        load_raft(tmp_path / "raft.pth")
    assert "\n" not in str(caught.value)


def test_foreign_tensors_are_one_line(tmp_path: Path) -> None:
    state = RAFT("small").state_dict()
    torch.save({"weight": torch.ones(1)}, tmp_path / "raft.pth")
    with pytest.raises(CheckpointError, match=r"hold RAFT large weights \(\d+ tensors differ"):
        load_raft(tmp_path / "raft.pth")
    state["cnet.conv1.bias"] = torch.ones(1)
    torch.save(state, tmp_path / "raft.pth")
    with pytest.raises(
        CheckpointError, match=r"RAFT small weights \(1 tensors differ, first 'cnet.conv1.bias"
    ):
        load_raft(tmp_path / "raft.pth")


def plain_pass(
    z: nn.Conv2d, r: nn.Conv2d, q: nn.Conv2d, hidden: torch.Tensor, x: torch.Tensor
) -> torch.Tensor:
    """A gated unit as it stands in the paper: everything joined, everything convolved."""
    padding = tuple(side // 2 for side in z.kernel_size)

    def convolved(layer: nn.Conv2d, state: torch.Tensor) -> torch.Tensor:
        return F.conv2d(torch.cat((state, x), 1), layer.weight, layer.bias, padding=padding)

    update, reset = convolved(z, hidden).sigmoid(), convolved(r, hidden).sigmoid()
    candidate = convolved(q, reset * hidden).tanh()
    return (1 - update) * hidden + update * candidate


def test_context_convolved_once_changes_nothing() -> None:
    torch.manual_seed(0)
    hidden, context, motion = (torch.randn(2, width, 9, 7) for width in (6, 4, 5))
    x = torch.cat((context, motion), dim=1)
    square, separable = ConvGRU(6, 15), SeparableGRU(6, 15)
    (only,) = square.passes(context, torch.float32)
    expected = plain_pass(square.convz, square.convr, square.convq, hidden, x)
    assert_close(only(hidden, motion), expected)
    rows, columns = separable.passes(context, torch.float32)
    layers = separable.convz1, separable.convr1, separable.convq1
    expected = plain_pass(*layers, hidden, x)
    assert_close(rows(hidden, motion), expected)
    layers = separable.convz2, separable.convr2, separable.convq2
    assert_close(columns(expected, motion), plain_pass(*layers, expected, x))


def test_instances_are_normalised_apart() -> None:
    torch.manual_seed(0)
    frames = 3 * torch.randn(2, 5, 7, 9) + 1
    assert_close(InstanceNorm(5)(frames), nn.InstanceNorm2d(5)(frames))
    assert_close(InstanceNorm(5)(frames[:1]), nn.InstanceNorm2d(5)(frames[:1]))


@pytest.mark.parametrize("size", ["small", "large"])
def test_an_iteration_is_made_of_the_published_layers(size: Size) -> None:
    """Whatever is made ready beforehand, it is the unit of the paper."""
    torch.manual_seed(0)
    layout = LAYOUTS[size]
    block = UpdateBlock(layout)
    window = torch.randn(1, block.encoder.convc1.in_channels, 9, 7)
    hidden, flow = torch.randn(1, layout.hidden, 9, 7), torch.randn(1, 2, 9, 7)
    context = torch.randn(1, layout.context, 9, 7)
    primed = block.primed(context)
    x = F.relu(block.encoder.convc1(window))
    if block.encoder.convc2 is not None:
        x = F.relu(block.encoder.convc2(x))
    y = F.relu(block.encoder.convf2(F.relu(block.encoder.convf1(flow))))
    merged = F.relu(block.encoder.conv(torch.cat((x, y), dim=1)))
    motion = torch.cat((merged, flow), dim=1)
    expected = hidden
    for gated_pass in primed.passes:
        expected = gated_pass(expected, motion)
    change = block.flow_head.conv2(F.relu(block.flow_head.conv1(expected)))
    found, moved = block(primed, hidden, window, flow)
    assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert_close(moved, flow + change, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("size", ["small", "large"])
def test_even_flow_is_enlarged_to_even_flow(size: Size) -> None:
    """In pixels of the larger frame, so eight times as long."""
    torch.manual_seed(0)
    layout = LAYOUTS[size]
    flow = torch.tensor([1.5, -0.5])[None, :, None, None].expand(1, 2, 4, 5)
    large = UpdateBlock(layout).enlarge(flow, torch.randn(1, layout.hidden, 4, 5))
    assert large.shape == (1, 2, 32, 40)
    inside = large[..., 8:-8, 8:-8]
    assert_close(inside, 8 * flow[..., :1, :1].expand_as(inside))


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_frame_is_described_apart_from_its_batch(size: Size) -> None:
    torch.manual_seed(0)
    judge, frames = RAFT(size), torch.rand(2, 3, 128, 128)
    both, second = judge.describe(frames), judge.describe(frames[1:])
    assert_close(both.features[1:], second.features, atol=1e-5, rtol=1e-4)
    assert_close(both.context[1:], second.context, atol=1e-5, rtol=1e-4)
