"""Names become systems: the right network, its size, its weights, a frame for each frame."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from videogigagan.errors import CheckpointError, ConfigError
from videogigagan.evaluate.peers.basicvsr import BasicVSR
from videogigagan.evaluate.peers.basicvsrpp import BasicVSRPlusPlus
from videogigagan.evaluate.peers.bicubic import matlab_bicubic
from videogigagan.evaluate.systems import System, build_system
from videogigagan.model.checkpoint import Header, load_generator, save_weights
from videogigagan.model.config import GeneratorConfig
from videogigagan.model.generator import Generator
from videogigagan.model.presets import GENERATORS, table_1_row
from videogigagan.upscale.upscaler import VideoUpscaler

TINY = GENERATORS["tiny"]


def build(name: str, data_set: str = "vid4", degradation: str = "bi") -> System:
    return build_system(name, data_set=data_set, degradation=degradation)


def clip(frames: int = 3) -> Tensor:
    return torch.rand(frames, 3, 16, 18, generator=torch.Generator().manual_seed(1))


def upscaled(system: System, small: Tensor) -> Tensor:
    return torch.stack(list(system.upscale(small, "city")))


def stored(path: Path, config: GeneratorConfig) -> Path:
    torch.manual_seed(0)
    generator = Generator(config)
    save_weights(path, generator, Header(config=config))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def size(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Small peers whatever their file says; which files were asked for."""
    asked: list[Path] = []
    torch.manual_seed(0)
    first, second = BasicVSR(8, 1).eval(), BasicVSRPlusPlus(8, 1).eval()

    def load(path: Path) -> BasicVSR:
        asked.append(path)
        return first

    def load_plus_plus(path: Path) -> BasicVSRPlusPlus:
        asked.append(path)
        return second

    monkeypatch.setattr("videogigagan.evaluate.systems.load_basicvsr", load)
    monkeypatch.setattr("videogigagan.evaluate.systems.load_basicvsr_plus_plus", load_plus_plus)
    return asked


def test_bicubic_has_no_network() -> None:
    system = build("bicubic")
    assert (system.name, system.title) == ("bicubic", "bicubic")
    assert system.parameters is None
    assert system.weights is None
    assert_close(upscaled(system, clip()), matlab_bicubic(clip(), 4))


@pytest.mark.parametrize(
    ("data_set", "degradation", "file"),
    [
        ("reds4", "bi", "BasicVSR_REDS4.pth"),
        ("redsval4", "bi", "BasicVSR_REDS4.pth"),
        ("vid4", "bi", "BasicVSR_Vimeo90K_BIx4.pth"),
        ("vimeo-t", "bi", "BasicVSR_Vimeo90K_BIx4.pth"),
        ("udm10", "bd", "BasicVSR_Vimeo90K_BDx4.pth"),
        ("vid4", "bd", "BasicVSR_Vimeo90K_BDx4.pth"),
        ("reds4", "bd", "BasicVSR_Vimeo90K_BDx4.pth"),
        ("clips", "camera", "BasicVSR_Vimeo90K_BIx4.pth"),
    ],
)
def test_basicvsr_takes_the_weights_of_its_column(
    tmp_path: Path, peers: list[Path], data_set: str, degradation: str, file: str
) -> None:
    (tmp_path / file).write_text(file)
    system = build(f"basicvsr={tmp_path}", data_set, degradation)
    assert peers == [tmp_path / file]
    assert system.weights == sha256(tmp_path / file)
    assert system.title == "BasicVSR"


def test_basicvsr_is_looked_for_where_make_puts_it(
    tmp_path: Path, peers: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path(".cache/basicvsr/BasicVSR_Vimeo90K_BIx4.pth")
    file.parent.mkdir(parents=True)
    file.touch()
    assert build("basicvsr").name == "basicvsr"
    assert peers == [file]


def test_absent_basicvsr_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=r"no such file\..*`make basicvsr`"):
        build("basicvsr")


@pytest.mark.parametrize(
    ("kind", "title", "network"),
    [("basicvsr", "BasicVSR", BasicVSR), ("basicvsr++", "BasicVSR++", BasicVSRPlusPlus)],
)
def test_peers_yield_what_their_network_makes(
    tmp_path: Path,
    peers: list[Path],
    kind: str,
    title: str,
    network: type[BasicVSR | BasicVSRPlusPlus],
) -> None:
    path = tmp_path / "x.pth"
    path.write_text("weights")
    system = build(f"{kind}={path}")
    assert peers == [path]
    assert system.title == title
    assert system.weights == sha256(path)
    assert system.parameters == size(network(8, 1))
    large = upscaled(system, clip())
    assert large.shape == (3, 3, 64, 72)
    assert large.device.type == "cpu"
    assert_close(upscaled(system, clip()), large)


def test_own_weights_are_named_by_file(tiny_weights: Path) -> None:
    system = build(str(tiny_weights))
    assert system.title == "tiny"
    assert system.weights == sha256(tiny_weights)
    generator = load_generator(tiny_weights)
    assert system.parameters == size(generator)
    expected = VideoUpscaler(generator).upscale_tensor(clip())
    assert_close(upscaled(system, clip()), expected)


def test_weights_of_ours_compute_as_precisely_as_asked(tiny_weights: Path) -> None:
    protocol = {"data_set": "vid4", "degradation": "bi"}
    full, half = (
        build_system(str(tiny_weights), **protocol, precision=one) for one in ("fp32", "bf16")
    )
    expected = VideoUpscaler(load_generator(tiny_weights), precision="fp32")
    assert torch.equal(upscaled(full, clip()), expected.upscale_tensor(clip()))
    assert not torch.equal(upscaled(half, clip()), upscaled(full, clip()))


@pytest.mark.parametrize("detail", [0, 0.5, 1])
def test_the_detail_of_own_weights_follows_their_name(tiny_ends: Path, detail: float) -> None:
    system = build(f"{tiny_ends}@{detail}")
    assert system.name == f"{tiny_ends}@{detail}"
    assert system.title == f"ends@{detail}"
    assert system.weights == sha256(tiny_ends)
    generator = load_generator(tiny_ends, detail)
    expected = VideoUpscaler(generator).upscale_tensor(clip())
    assert torch.equal(upscaled(system, clip()), expected)


def test_a_sweep_of_detail_is_several_systems(tiny_ends: Path) -> None:
    made = [upscaled(build(f"{tiny_ends}{tail}"), clip()) for tail in ("@0", "@0.5", "")]
    assert not torch.equal(made[0], made[1])
    assert not torch.equal(made[1], made[2])
    assert torch.equal(made[2], upscaled(build(f"all:{tiny_ends}@1"), clip()))


def test_a_file_may_be_named_like_a_detail(tiny_weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "step@0.5"
    path.write_bytes(tiny_weights.read_bytes())
    assert build(str(path)).weights == sha256(tiny_weights)


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        ("@2", r"^detail must be a number from 0 to 1, not 2\.$"),
        ("@0.5", r"tiny\.safetensors: has one end, which is detail 1, not 0\.5\."),
    ],
)
def test_a_detail_that_cannot_be_had_is_one_line(
    tiny_weights: Path, tail: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        build(f"{tiny_weights}{tail}")


@pytest.mark.parametrize("name", ["base-4x@", "base-4x@much", "base-4x@.", "base-4x@-1"])
def test_a_detail_that_is_no_number_is_one_line(name: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"^system '{name}' is not known\. .* with @0\.5 for"
    ):
        build(name)


def test_image_gigagan_sees_one_frame_at_a_time(tmp_path: Path) -> None:
    path = stored(tmp_path / "image.safetensors", table_1_row(TINY, "image"))
    system = build(f"gigagan={path}")
    assert system.title == "GigaGAN (image)"
    assert system.weights == sha256(path)
    assert system.parameters == size(load_generator(path))
    apart = [upscaled(system, frame) for frame in clip().split(1)]
    assert_close(upscaled(system, clip()), torch.cat(apart))


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ("+temporal", "temporal layers"),
        ("+propagation", "temporal layers, propagation"),
        ("+blurpool", "temporal layers, propagation, BlurPool, skips of the low band"),
        ("+shuttle", "temporal layers, propagation, BlurPool, skips of the high band"),
    ],
)
def test_later_rows_of_table_1_are_no_image_gigagan(
    tmp_path: Path, row: str, parts: str
) -> None:
    path = stored(tmp_path / "x.safetensors", table_1_row(TINY, row))
    message = rf"is not the image model of Table 1 \(has {parts}\)\. Give it without gigagan="
    with pytest.raises(CheckpointError, match=message):
        build(f"gigagan={path}")


def test_models_of_another_scale_are_refused(tmp_path: Path) -> None:
    config = replace(TINY, scale=2, decoder=TINY.decoder[:4])
    path = stored(tmp_path / "x.safetensors", config)
    with pytest.raises(ConfigError, match=r"x\.safetensors: enlarges 2 times, the protocol 4"):
        build(str(path))


@pytest.mark.parametrize("name", ["bicubik", "", "bicubic=3", "external", "basicvsr++"])
def test_unknown_names_are_one_line(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(name)
    assert str(caught.value).startswith(f"system '{name}' is not known. Name bicubic, basicvsr")
    assert "base-4x" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "kind", ["bicubic", "basicvsr", "basicvsr++", "gigagan", "external", "external-command"]
)
def test_nothing_after_the_equals_sign_is_one_line(kind: str) -> None:
    with pytest.raises(ConfigError, match=r"has nothing after its equals sign\. Name bicubic"):
        build(f"{kind}=")


def test_missing_weights_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.safetensors: no such weights"):
        build(str(tmp_path / "none.safetensors"))
