"""BasicVSR as a baseline, with BasicSR's and MMagic's names."""

import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from released_files import released, saved
from torch.testing import assert_close

from videogigagan.errors import CheckpointError
from videogigagan.evaluate.peers.basicvsr import BasicVSR, load_basicvsr


def small(seed: int) -> BasicVSR:
    torch.manual_seed(seed)
    return BasicVSR(channels=8, blocks=2)


def test_size_is_the_published_one() -> None:
    with torch.device("meta"):
        network = BasicVSR()
    assert sum(p.numel() for p in network.parameters()) == 6_291_311


def test_basicsr_files_are_read(tmp_path: Path) -> None:
    origin = small(0)
    loaded = load_basicvsr(saved(tmp_path / "x.pth", {"params": released(origin)}))
    assert_close(loaded.state_dict(), origin.state_dict())
    assert not loaded.training


def test_mmagic_files_are_read(tmp_path: Path) -> None:
    origin = small(0)
    weights = {
        f"generator.{key}": value for key, value in released(origin, mmagic=True).items()
    }
    content = {"meta": {"epoch": 1}, "state_dict": weights | {"step_counter": torch.zeros(1)}}
    loaded = load_basicvsr(saved(tmp_path / "x.pth", content))
    assert_close(loaded.state_dict(), origin.state_dict())


def test_incomplete_weights_are_one_line(tmp_path: Path) -> None:
    weights = released(small(0))
    del weights["conv_last.bias"]
    with pytest.raises(
        CheckpointError, match=r"x\.pth: .* \(1 missing: tail\.conv_last\.bias …\)"
    ):
        load_basicvsr(saved(tmp_path / "x.pth", weights))


@pytest.mark.parametrize(
    ("foreign", "named"),
    [("head.bias", "propagation.head.bias"), ("upconv3.bias", "tail.upconv3.bias")],
)
def test_foreign_weights_are_one_line(tmp_path: Path, foreign: str, named: str) -> None:
    weights = released(small(0)) | {foreign: torch.ones(1)}
    with pytest.raises(CheckpointError, match=rf"\(1 unexpected: {re.escape(named)} …\)"):
        load_basicvsr(saved(tmp_path / "x.pth", weights))


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    message = (
        r"x\.pth: no such file\. Give a released checkpoint \(.*`make basicvsr`\), or its "
    )
    with pytest.raises(CheckpointError, match=message):
        load_basicvsr(tmp_path / "x.pth")


class Trap:
    """Would do something if it were unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return print, ("unpickled",)


def test_files_with_code_in_them_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = r"is not a checkpoint that can be read safely \(UnpicklingError\)\. Give a "
    with pytest.raises(CheckpointError, match=message):
        load_basicvsr(saved(tmp_path / "x.pth", {"params": Trap()}))
    assert "unpickled" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut short"])
def test_damaged_files_are_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pth"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="is not a checkpoint that can be read") as caught:
        load_basicvsr(path)
    assert "\n" not in str(caught.value)


@torch.no_grad()
def test_network_that_adds_nothing_is_the_bilinear_enlargement() -> None:
    network, clip = small(0), torch.rand(3, 3, 8, 10)
    torch.nn.init.zeros_(network.tail.conv_last.weight)
    torch.nn.init.zeros_(network.tail.conv_last.bias)
    enlarged = F.interpolate(clip, scale_factor=4, mode="bilinear", align_corners=False)
    assert_close(torch.stack(list(network.stream(clip))), enlarged)


def test_every_frame_hears_of_every_other_and_nothing_is_recorded() -> None:
    network, clip = small(0), torch.rand(3, 3, 8, 10)
    changed = clip.clone()
    changed[2] = 1 - changed[2]
    first, other = next(network.stream(clip)), next(network.stream(changed))
    assert not torch.equal(first, other)
    assert not first.requires_grad


def test_published_weights_beat_the_bilinear_enlargement(basicvsr_weights: Path) -> None:
    """A slanted grating: interpolation loses it, a network that knows edges gets it back."""
    network = load_basicvsr(basicvsr_weights / "BasicVSR_Vimeo90K_BIx4.pth")
    axis = torch.arange(64.0)
    grating = ((axis[:, None] + 2 * axis) % 20 < 10).float().expand(2, 3, 64, 64)
    reduced = F.interpolate(grating, scale_factor=0.25, mode="bicubic", antialias=True)
    enlarged = F.interpolate(reduced, scale_factor=4, mode="bilinear", align_corners=False)
    result = torch.stack(list(network.stream(reduced)))
    assert (result - grating).square().mean() < (enlarged - grating).square().mean() / 2
