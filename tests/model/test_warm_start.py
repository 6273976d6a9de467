"""Released weights under either code base's names (D33)."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from videogigagan.errors import CheckpointError
from videogigagan.model.flow import SpyNet
from videogigagan.model.grid_propagation import GridPropagation
from videogigagan.model.propagation import BidirectionalPropagation
from videogigagan.model.reconstruction import Reconstruction
from videogigagan.model.warm_start import load_released, released_config

Weights = dict[str, Tensor]
Names = Iterator[tuple[str, tuple[int, ...]]]
BRANCHES = ("backward_1", "forward_1", "backward_2", "forward_2")
SPYNET = ((32, 8, 7, 7), (64, 32, 7, 7), (32, 64, 7, 7), (16, 32, 7, 7), (2, 16, 7, 7))
WIDTH = 64


def spynet(*, mmagic: bool) -> Names:
    for level in range(6):
        for index, shape in enumerate(SPYNET):
            layer = f"{index}.conv" if mmagic else f"{2 * index}"
            yield f"basic_module.{level}.basic_module.{layer}", shape


def stack(width: int, blocks: int) -> Names:
    yield "main.0", (WIDTH, width, 3, 3)
    for block in range(blocks):
        for convolution in ("conv1", "conv2"):
            yield f"main.2.{block}.{convolution}", (WIDTH, WIDTH, 3, 3)


def basicvsr(*, mmagic: bool) -> Names:
    suffix = "resblocks" if mmagic else "trunk"
    yield from ((f"spynet.{key}", shape) for key, shape in spynet(mmagic=mmagic))
    for direction in ("backward", "forward"):
        for key, shape in stack(WIDTH + 3, 30):
            yield f"{direction}_{suffix}.{key}", shape
    yield "fusion", (WIDTH, 2 * WIDTH, 1, 1)
    yield from tail(mmagic=mmagic)


def basicvsr_plus_plus(*, mmagic: bool) -> Names:
    yield from ((f"spynet.{key}", shape) for key, shape in spynet(mmagic=mmagic))
    yield from ((f"feat_extract.{key}", shape) for key, shape in stack(3, 5))
    for index, branch in enumerate(BRANCHES):
        yield f"deform_align.{branch}", (WIDTH, 2 * WIDTH, 3, 3)
        for layer, shape in ((0, (64, 196)), (2, (64, 64)), (4, (64, 64)), (6, (432, 64))):
            yield f"deform_align.{branch}.conv_offset.{layer}", (*shape, 3, 3)
        yield from (
            (f"backbone.{branch}.{key}", shape) for key, shape in stack((2 + index) * WIDTH, 7)
        )
    yield from ((f"reconstruction.{key}", shape) for key, shape in stack(5 * WIDTH, 5))
    yield from tail(mmagic=mmagic)


def tail(*, mmagic: bool) -> Names:
    for number in (1, 2):
        yield (
            f"upsample{number}.upsample_conv" if mmagic else f"upconv{number}",
            (256, 64, 3, 3),
        )
    yield "conv_hr", (64, 64, 3, 3)
    yield "conv_last", (3, 64, 3, 3)


def weights(names: Names, prefix: str = "") -> Weights:
    """A weight and a bias of each name, all different."""
    generator = torch.Generator().manual_seed(0)
    made: Weights = {}
    for name, shape in names:
        made[f"{prefix}{name}.weight"] = torch.rand(shape, generator=generator)
        made[f"{prefix}{name}.bias"] = torch.rand(shape[0], generator=generator)
    if "spynet" in "".join(made):
        made[f"{prefix}spynet.mean"] = made[f"{prefix}spynet.std"] = torch.ones(1, 3, 1, 1)
    return made


def empty(build: Callable[[], nn.Module]) -> nn.Module:
    """A network that costs nothing to make, all zero."""
    with torch.device("meta"):
        made = build()
    made.to_empty(device="cpu")
    for parameter in made.parameters():
        nn.init.zeros_(parameter)
    return made


CASES = [
    pytest.param(SpyNet, {"params": weights(spynet(mmagic=False))}, id="spynet-basicsr"),
    pytest.param(SpyNet, weights(spynet(mmagic=True)), id="spynet-mmagic-flat"),
    pytest.param(SpyNet, {"state_dict": weights(spynet(mmagic=True))}, id="spynet-mmagic"),
    pytest.param(
        BidirectionalPropagation,
        {"params": weights(basicvsr(mmagic=False))},
        id="basicvsr-basicsr",
    ),
    pytest.param(
        BidirectionalPropagation,
        {"meta": {}, "state_dict": weights(basicvsr(mmagic=True), "generator.")},
        id="basicvsr-mmagic",
    ),
    pytest.param(
        GridPropagation,
        {"params": weights(basicvsr_plus_plus(mmagic=False))},
        id="basicvsr++-basicsr",
    ),
    pytest.param(
        GridPropagation,
        {
            "meta": {"epoch": 1},
            "state_dict": {
                "step_counter": torch.zeros(1),
                **weights(basicvsr_plus_plus(mmagic=True), "generator."),
            },
        },
        id="basicvsr++-mmagic",
    ),
]


@pytest.mark.parametrize(("build", "content"), CASES)
def test_released_names_fill_every_weight(build: type[nn.Module], content: object) -> None:
    network = empty(build)
    load_released(network, content, name="file.pth")  # pyright: ignore[reportArgumentType]
    assert all(parameter.any() for parameter in network.parameters())


@pytest.mark.parametrize("mmagic", [False, True])
def test_the_tail_behind_propagation_is_filled_on_its_own(mmagic: bool) -> None:
    network = empty(lambda: Reconstruction(WIDTH))
    content = weights(basicvsr(mmagic=mmagic))
    load_released(network, content, name="file.pth")
    assert all(parameter.any() for parameter in network.parameters())
    assert torch.equal(network.get_parameter("conv_hr.weight"), content["conv_hr.weight"])


def test_weights_arrive_where_they_belong() -> None:
    released = weights(basicvsr_plus_plus(mmagic=True))
    network = empty(GridPropagation)
    load_released(network, released, name="file.pth")  # pyright: ignore[reportArgumentType]
    state = network.state_dict()
    for theirs, ours in {
        "spynet.basic_module.3.basic_module.2.conv.weight": "flow.levels.3.4.weight",
        "feat_extract.main.0.weight": "extraction.entry.weight",
        "feat_extract.main.2.4.conv2.bias": "extraction.blocks.4.conv2.bias",
        "deform_align.forward_1.weight": "branches.1.alignment.weight",
        "deform_align.backward_2.conv_offset.6.bias": "branches.2.alignment.offsets.6.bias",
        "backbone.forward_2.main.0.weight": "branches.3.backbone.entry.weight",
        "backbone.backward_1.main.2.6.conv1.bias": "branches.0.backbone.blocks.6.conv1.bias",
    }.items():
        assert_close(state[ours], released[theirs])


def test_the_average_is_preferred() -> None:
    plain, average = (weights(spynet(mmagic=True)) for _ in range(2))
    both = {f"generator.{key}": tensor for key, tensor in plain.items()}
    both |= {f"generator_ema.{key}": tensor + 1 for key, tensor in average.items()}
    network = SpyNet()
    load_released(network, {"state_dict": both}, name="file.pth")
    key = "basic_module.0.basic_module.0.conv.weight"
    assert_close(network.state_dict()["levels.0.0.weight"], average[key] + 1)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CASES[3].values[1], ("basicvsr", 64, 30, 1)),
        (CASES[4].values[1], ("basicvsr", 64, 30, 1)),
        (CASES[5].values[1], ("basicvsr++", 64, 7, 2)),
        (CASES[6].values[1], ("basicvsr++", 64, 7, 2)),
    ],
)
def test_released_file_tells_its_own_form(
    content: object, expected: tuple[str | int, ...]
) -> None:
    config = released_config(content, name="file.pth")
    assert (config.form, config.channels, config.blocks, config.iterations) == expected


@pytest.mark.parametrize("content", [{}, weights(spynet(mmagic=True))])
def test_other_files_have_no_form(content: object) -> None:
    with pytest.raises(CheckpointError, match=r"^file\.pth: is neither a BasicVSR nor "):
        released_config(content, name="file.pth")


def failure(content: object) -> str:
    """What is said of a file that does not fit; the network stays as it was."""
    network = SpyNet()
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    with pytest.raises(CheckpointError) as caught:
        load_released(network, content, name="file.pth")
    assert "\n" not in str(caught.value)
    assert_close(network.state_dict(), before)
    return str(caught.value)


def test_missing_weights_are_named() -> None:
    content = weights(spynet(mmagic=False))
    del content["basic_module.5.basic_module.8.bias"]
    assert re.fullmatch(
        r"file\.pth: does not fit SpyNet \(1 missing: levels\.5\.8\.bias …\)\. Give a .*",
        failure(content),
    )


def test_foreign_weights_are_named() -> None:
    content = weights(spynet(mmagic=False)) | {"head.weight": torch.ones(1)}
    assert "(1 unexpected: head.weight …)" in failure(content)


def test_other_shapes_are_named() -> None:
    content = weights(spynet(mmagic=False))
    content["basic_module.0.basic_module.0.bias"] = torch.ones(7)
    assert "(1 of another shape: levels.0.0.bias …)" in failure(content)


@pytest.mark.parametrize("content", [{}, None, torch.ones(1), {"state_dict": {"epoch": 3}}])
def test_file_without_weights_is_refused(content: object) -> None:
    assert "(60 missing: levels.0.0.weight …)" in failure(content)


def test_file_of_another_network_is_refused() -> None:
    network = empty(GridPropagation)
    with pytest.raises(
        CheckpointError, match=r"does not fit GridPropagation \(\d+ missing: .*; "
    ):
        load_released(network, CASES[3].values[1], name="file.pth")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("data_set", ["REDS4", "Vimeo90K_BIx4", "Vimeo90K_BDx4"])
def test_published_basicvsr_fits(basicvsr_weights: Path, data_set: str) -> None:
    path = basicvsr_weights / f"BasicVSR_{data_set}.pth"
    content = torch.load(path, map_location="cpu", weights_only=True)
    network = empty(BidirectionalPropagation)
    load_released(network, content, name=path.name)  # pyright: ignore[reportArgumentType]
    assert all(parameter.any() for parameter in network.parameters())
