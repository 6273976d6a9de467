"""Metrics by name, and the networks that they ask."""

from pathlib import Path

import pytest
import torch
from known_flow import KnownFlow, first_moment, moving_texture, second_moment

from videogigagan.errors import CheckpointError, ConfigError
from videogigagan.evaluate.metrics import (
    HIGHEST_PSNR,
    METRICS,
    judge_files,
    judges_for,
    metric,
)
from videogigagan.evaluate.view import Judges
from videogigagan.frozen.lpips import LPIPS

FIRST_FRAME_TOO = ("psnr_y", "psnr_rgb", "ssim_y", "ssim_rgb", "lpips")
FROM_THE_SECOND = ("e_warp", "e_ref", "e_carry", "tlpips", "tof")
PERFECT = {"psnr_y": HIGHEST_PSNR, "psnr_rgb": HIGHEST_PSNR, "ssim_y": 1, "ssim_rgb": 1}


@pytest.fixture(scope="module")
def judges() -> Judges:
    torch.manual_seed(0)
    return Judges(lpips={"alex": LPIPS("alex").eval()}, raft=KnownFlow())


@pytest.mark.parametrize("name", [*FIRST_FRAME_TOO, *FROM_THE_SECOND])
def test_truth_is_best(name: str, judges: Judges) -> None:
    truth = moving_texture(2)
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    spoiled = (truth + 0.1 * noise).clamp(0, 1)
    found = metric(name)
    best = found.score(second_moment(truth, truth, judges))
    worse = found.score(second_moment(spoiled, truth, judges))
    if name in ("e_warp", "e_ref"):
        assert best > 0
    else:
        assert best == pytest.approx(PERFECT.get(name, 0))
    if name not in ("e_ref", "tof"):  # the judge knows the flow in spite of the noise
        assert worse < best if found.better == "higher" else worse > best


@pytest.mark.parametrize("name", FROM_THE_SECOND)
def test_motion_has_no_figure_at_the_first_frame(name: str, judges: Judges) -> None:
    truth = moving_texture(1)
    assert metric(name).score(first_moment(truth[0], truth[0], judges)) is None


def test_fidelity_heeds_the_border() -> None:
    truth = moving_texture(1)[0]
    result = truth.clone()
    result[:, :8] = 0
    inner = first_moment(result, truth, border=8)
    for name in ("psnr_y", "psnr_rgb", "ssim_y", "ssim_rgb"):
        assert metric(name).score(inner) == pytest.approx(PERFECT[name])
        assert metric(name).score(first_moment(result, truth)) < PERFECT[name]


def test_every_metric_tells_its_unit_and_direction() -> None:
    assert len({found.title for found in METRICS.values()}) == len(METRICS)
    higher = {name for name, found in METRICS.items() if found.better == "higher"}
    assert higher == {"psnr_y", "psnr_rgb", "ssim_y", "ssim_rgb"}
    for found in METRICS.values():
        assert (found.unit == 1) == ("(1e-" not in found.title and "px" not in found.title)


def test_unknown_metric_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"no 'psnr'. Choose from psnr_y, psnr_rgb"):
        metric("psnr")
    with pytest.raises(ConfigError, match="no 'psnr'"):
        judges_for(["psnr"], None)


def test_figures_without_networks_need_no_folder() -> None:
    judges = judges_for(["psnr_y", "psnr_rgb", "ssim_y", "ssim_rgb"], None)
    assert judges == Judges()


def test_a_missing_folder_or_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"raft: no folder .* holds raft_small\.pth"):
        judges_for(["e_warp"], None)
    with pytest.raises(CheckpointError, match=r"no weights of lpips_vgg .*lpips_vgg\.pth"):
        judges_for(["lpips_vgg"], tmp_path)


def test_the_checkpoint_of_most_papers_is_preferred(tmp_path: Path) -> None:
    (tmp_path / "raft_small.pth").touch()
    assert judge_files(["tof"], tmp_path) == {"raft": tmp_path / "raft_small.pth"}
    (tmp_path / "raft_large.pth").touch()
    assert judge_files(["tof"], tmp_path) == {"raft": tmp_path / "raft_large.pth"}
    (tmp_path / "raft-things.pth").touch()
    assert judge_files(["e_carry"], tmp_path) == {"raft": tmp_path / "raft-things.pth"}


def test_each_metric_names_its_files(tmp_path: Path) -> None:
    names = ("lpips_alex", "lpips_squeeze", "lpips_vgg", "vgg16", "dists", "raft_small")
    for name in names:
        (tmp_path / f"{name}.pth").touch()
    found = judge_files(METRICS, tmp_path)
    assert {path.stem for path in found.values()} == set(names)
    assert judge_files(["tlpips"], tmp_path) == judge_files(["lpips"], tmp_path)


def test_only_what_is_needed_is_loaded(shared_weights: Path) -> None:
    judges = judges_for(["psnr_y", "lpips_squeeze", "e_warp"], shared_weights)
    assert set(judges.lpips) == {"squeeze"}
    assert judges.raft is not None
    assert judges.dists is None
