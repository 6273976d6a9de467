"""The flow that judges (Eq. 3, Eq. 4): what it finds in pictures whose motion is known."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from videogigagan.frozen.raft import RAFT, Correlation, load_raft
from videogigagan.frozen.raft_blocks import Size
from videogigagan.ops.warp import backward_warp


def texture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    """Noise of several sizes, (1, 3, height, width): every place is unlike all others."""
    generator = torch.Generator().manual_seed(seed)
    picture = torch.zeros(1, 3, height, width)
    for cell in (3, 6, 12, 24):
        coarse = torch.rand(1, 3, height // cell + 2, width // cell + 2, generator=generator)
        picture += F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)
    return ((picture - picture.min()) / (picture.max() - picture.min())).clamp(0, 1)


def error(found: torch.Tensor, true: torch.Tensor, *, border: int = 16) -> float:
    """Mean end-point error in pixels, away from borders."""
    inside = slice(border, -border)
    return (found - true)[..., inside, inside].norm(dim=1).mean().item()


@pytest.fixture(scope="module")
def judge(shared_weights: Path) -> RAFT:
    return load_raft(shared_weights / "raft_small.pth")


def flow_between(judge: RAFT, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return judge(judge.describe(first), judge.describe(second))


def test_bf16_hardly_moves_the_flow(judge: RAFT, shared_weights: Path) -> None:
    """State and flow stay precise, and what is added to them gets ever smaller."""
    rounded = load_raft(shared_weights / "raft_small.pth").in_bf16()
    canvas = texture(192, 208)
    first, second = canvas[..., 24:-24, 24:-24], canvas[..., 20:-28, 31:-17]
    precise = flow_between(judge, first, second)
    assert 0 < error(flow_between(rounded, first, second), precise) < 0.02


def test_nothing_moves_in_a_still(judge: RAFT) -> None:
    still = texture(128, 144)
    assert flow_between(judge, still, still).norm(dim=1).mean() < 0.1


@pytest.mark.parametrize(("right", "down"), [(5, -3), (-12, 9), (1, 1)])
def test_a_shift_is_found(judge: RAFT, right: int, down: int) -> None:
    canvas = texture(192, 208)
    first = canvas[..., 24:-24, 24:-24]
    second = canvas.roll((down, right), (2, 3))[..., 24:-24, 24:-24]
    true = torch.tensor([right, down], dtype=torch.float32)[:, None, None]
    assert error(flow_between(judge, first, second), true) < 0.5


@pytest.mark.parametrize(
    "matrix",
    [((1.04, 0.0), (0.0, 1.04)), ((0.998, -0.06), (0.06, 0.998)), ((1.0, 0.05), (-0.02, 0.97))],
    ids=["zoom", "turn", "shear"],
)
def test_smooth_motion_is_found(
    judge: RAFT, matrix: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    """Pixel p of the first frame lies at M p of the second, seen from the centre."""
    canvas = texture(192, 208)
    y, x = torch.meshgrid(torch.arange(192.0) - 96, torch.arange(208.0) - 104, indexing="ij")
    places, there = torch.stack((x, y)), torch.tensor(matrix)
    forth = torch.einsum("ij,jhw->ihw", there - torch.eye(2), places)[None]
    back = torch.einsum("ij,jhw->ihw", torch.inverse(there) - torch.eye(2), places)[None]
    inner = (..., slice(24, -24), slice(24, -24))
    found = flow_between(judge, canvas[inner], backward_warp(canvas, back)[inner])
    assert error(found, forth[inner]) < 0.5


def test_frames_of_a_batch_do_not_mix(judge: RAFT, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "iterations", 3)
    canvas = texture(136, 144)
    first = torch.cat((canvas[..., :-8, :-8], canvas[..., 8:, 8:]))
    second = torch.cat((canvas[..., 4:-4, 2:-6], canvas[..., 8:, :-8]))
    both = flow_between(judge, first, second)
    assert_close(both[1:], flow_between(judge, first[1:], second[1:]), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("size", "height", "width"),
    [("small", 131, 150), ("small", 128, 136), ("small", 20, 129), ("large", 131, 129)],
)
def test_any_size_is_kept(size: Size, height: int, width: int) -> None:
    torch.manual_seed(0)
    judge = RAFT(size, iterations=1)
    flow = flow_between(judge, texture(height, width), texture(height, width, seed=1))
    assert flow.shape == (1, 2, height, width)
    assert flow.isfinite().all()


def test_padding_moves_nothing(judge: RAFT) -> None:
    """Flow of a size that must be padded lies where that of the larger frame lies."""
    canvas = texture(152, 168)
    first, second = canvas[..., 8:-8, 8:-8], canvas[..., 8:-8, 5:-11]
    whole = flow_between(judge, first, second)
    odd = flow_between(judge, first[..., 3:-2, 1:-5], second[..., 3:-2, 1:-5])
    assert error(odd, whole[..., 3:-2, 1:-5]) < 0.1


def looked_up(first: torch.Tensor, second: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    """Windows of radius 2 without all pairs: products with features that are sampled."""
    h, w = first.shape[2:]
    y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    centre = (torch.stack((x, y)) + flow).permute(0, 2, 3, 1)
    results = []
    for exponent in range(4):
        size = torch.tensor([second.shape[3], second.shape[2]])
        for right in range(-2, 3):
            for down in range(-2, 3):
                place = centre / 2**exponent + torch.tensor([right, down])
                found = F.grid_sample(second, 2 * place / (size - 1) - 1, align_corners=True)
                results.append((first * found).sum(dim=1) / first.shape[1] ** 0.5)
        second = F.avg_pool2d(second, 2)
    return torch.stack(results, dim=1)


def test_correlation_is_looked_up_where_the_flow_points_to() -> None:
    """Also beyond the frame, where it is 0, and where sides are odd."""
    torch.manual_seed(0)
    first, second = torch.randn(2, 2, 6, 17, 22)
    flow = 6 * torch.randn(2, 2, 17, 22)
    flow[0, 0, 8] = 1e6
    found = Correlation(first, second, radius=2)(flow)
    assert_close(found, looked_up(first, second, flow), atol=1e-4, rtol=1e-4)
    assert not found[0, :, 8].any()
