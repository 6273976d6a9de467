"""E_carry: the truth is best, blur and flicker are worse, steady change is better than both."""

import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch
from known_flow import KnownFlow, first_moment, moving_texture, second_moment

from videogigagan.errors import ConfigError, DataError
from videogigagan.evaluate.carried import carried_detail, carried_detail_error
from videogigagan.evaluate.fidelity import eight_bit
from videogigagan.evaluate.view import Judges
from videogigagan.frozen.raft import load_raft

E_WARP, E_REF, E_CARRY = "E_warp (1e-3)", "E_ref (1e-3)", "E_carry (1e-2)"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The sweep, as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).resolve().parents[2] / "benchmarks")
        return importlib.import_module("temporal_sweep")


@pytest.fixture(scope="module")
def truth() -> torch.Tensor:
    return moving_texture(2)


@pytest.fixture(scope="module")
def rows(script: ModuleType, truth: torch.Tensor) -> list:
    return script.sweep(truth, Judges(raft=KnownFlow()))


def score(rows: list, metric: str, family: str, strength: float) -> float:
    (row,) = (row for row in rows if (row.family, row.strength) == (family, strength))
    return row.scores[metric]


def test_every_ranking_of_the_sweep_is_right(script: ModuleType, rows: list) -> None:
    assert set(script.verdicts(rows, E_CARRY).values()) == {True}


def test_the_warping_error_prefers_blur_to_the_truth(script: ModuleType, rows: list) -> None:
    assert script.verdicts(rows, E_WARP)["truth before all"] is False
    blurred = [score(rows, E_WARP, "blur", sigma) for sigma in script.BLURS]
    assert max(blurred) < score(rows, E_WARP, "truth", 0)
    assert blurred == sorted(blurred, reverse=True)


def test_the_referenced_error_sees_neither_blur_nor_flicker(rows: list) -> None:
    """As long as the flow stays the same, which here it does."""
    assert len({row.scores[E_REF] for row in rows}) == 1


def test_steady_detail_is_better_than_blur(script: ModuleType, rows: list) -> None:
    blurred = min(score(rows, E_CARRY, "blur", sigma) for sigma in script.BLURS)
    for level in (1, 2, 4):
        assert score(rows, E_CARRY, "carried noise", level) < blurred


def test_truth_is_perfect(truth: torch.Tensor) -> None:
    assert carried_detail_error(second_moment(truth, truth)) == 0


def test_blur_loses_and_noise_flickers(script: ModuleType, truth: torch.Tensor) -> None:
    blurred = carried_detail(second_moment(eight_bit(script.blur(truth, 2.0)), truth))
    assert blurred.lost > 0.2 > 10 * blurred.flicker
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    noisy = carried_detail(second_moment(eight_bit(truth + 0.05 * noise), truth))
    assert noisy.flicker > 0.1 > 10 * noisy.lost


def test_blur_cannot_be_repaired_by_flicker(script: ModuleType, truth: torch.Tensor) -> None:
    """Noise as strong as the detail that it stands in for is no carried detail."""
    blurred = script.blur(truth, 2.0)
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    filled = eight_bit(blurred + 0.04 * noise)
    error = carried_detail_error(second_moment(eight_bit(blurred), truth))
    assert carried_detail_error(second_moment(filled, truth)) > error


def test_detail_that_stands_while_the_truth_moves_is_flicker(truth: torch.Tensor) -> None:
    frozen = carried_detail(second_moment(truth[:1].expand(2, -1, -1, -1), truth))
    assert frozen.flicker > 0.2


def test_a_pulse_of_brightness_is_flicker(truth: torch.Tensor) -> None:
    brighter = torch.stack((truth[0], truth[1] + 0.03))
    faults = carried_detail(second_moment(eight_bit(brighter), truth))
    assert faults.flicker > 0.02
    steady = carried_detail(second_moment(eight_bit(truth + 0.03), truth))
    assert steady.flicker < 0.002
    assert steady.lost < 0.002


def test_other_detail_is_free_if_it_is_carried(truth: torch.Tensor) -> None:
    """A texture with the truth's statistics and motion, but another one: the truth mirrored."""
    generator = torch.Generator().manual_seed(3)
    shuffled = eight_bit(1 - truth[:, torch.randperm(3, generator=generator)])
    assert carried_detail_error(second_moment(shuffled, truth)) < 0.08


def test_black_video_loses_everything(truth: torch.Tensor) -> None:
    faults = carried_detail(second_moment(torch.zeros_like(truth), truth))
    assert faults.lost > 0.5
    assert faults.flicker == 0


def test_no_figure_without_a_moment_before_or_a_motion(truth: torch.Tensor) -> None:
    assert carried_detail_error(first_moment(truth[0], truth[0])) is None
    moment = second_moment(truth, truth)
    moment.truth.occluded = torch.ones(truth.shape[-2:], dtype=torch.bool)
    assert carried_detail_error(moment) is None


def test_frames_smaller_than_a_window_are_refused(truth: torch.Tensor) -> None:
    small = truth[..., :15, :]
    with pytest.raises(DataError, match=r"too small for E_carry \(64x15\)"):
        carried_detail_error(second_moment(small, small))


def test_sweep_reads_the_middle_of_a_clip(script: ModuleType, clips: Path) -> None:
    clip = script.read(clips / "carphone_pristine.mp4", 2, 64)
    assert clip.shape == (2, 3, 64, 64)
    with pytest.raises(DataError, match=r"too short \(1 frames\)"):
        script.read(clips / "carphone_pristine.mp4", 1, 64)


def test_sweep_writes_tables_and_a_plot(
    script: ModuleType, rows: list, monkeypatch, tmp_path: Path, clips, capsys
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(script, "sweep", lambda *_: rows)
    monkeypatch.setattr(script, "load_raft", lambda _: KnownFlow())
    arguments = [str(clips / "carphone_pristine.mp4"), "--raft", "x", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["temporal_sweep", *arguments, "--frames", "2"])
    script.main()
    assert "| truth before all | **no** | yes | yes |" in capsys.readouterr().out
    assert "| blur | 3 |" in (tmp_path / "sweep.md").read_text()
    assert json.loads((tmp_path / "sweep.json").read_text())[0]["family"] == "truth"
    assert (tmp_path / "sweep.png").stat().st_size > 10_000


def test_sweep_says_what_it_lacks(script: ModuleType, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match="needs matplotlib"):
        script.plotting()
    monkeypatch.setattr(sys, "argv", ["temporal_sweep", "clip.mp4", "--raft", "x"])
    with pytest.raises(SystemExit, match="temporal_sweep: plot: needs matplotlib"):
        script.main()


def test_a_real_clip_with_real_flow(script: ModuleType, shared_weights: Path, clips) -> None:
    truth = script.read(clips / "carphone_pristine.mp4", 2, 128)
    judges = Judges(raft=load_raft(shared_weights / "raft_small.pth"))
    original = second_moment(truth, truth, judges)
    generator = torch.Generator().manual_seed(0)
    noise = 8 / 255 * script.noise(truth.shape, generator)
    carried = script.carry(noise[:1], [original.truth.flow[1:]])

    def error(result: torch.Tensor) -> float:
        moment = second_moment(eight_bit(result), truth, judges)
        return carried_detail_error(replace(moment, truth=original.truth))

    assert error(truth) == 0
    assert 0 < error(truth + carried) < error(truth + noise)
    assert 0 < error(script.blur(truth, 1.0)) < error(script.blur(truth, 2.0))
    assert error(truth + carried) < error(script.blur(truth, 2.0))
