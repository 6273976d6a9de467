"""Every metric by its name, and the published networks that it asks."""

from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import Tensor

from videogigagan.errors import CheckpointError, ConfigError
from videogigagan.evaluate.carried import carried_detail_error
from videogigagan.evaluate.consistency import (
    flow_error,
    perceptual_change_error,
    referenced_warping_error,
    warping_error,
)
from videogigagan.evaluate.fidelity import psnr_luma, psnr_rgb, ssim_luma, ssim_rgb
from videogigagan.evaluate.metric import Metric
from videogigagan.evaluate.moment import Moment
from videogigagan.evaluate.view import Judges
from videogigagan.frozen.dists import load_dists
from videogigagan.frozen.lpips import Trunk, load_lpips
from videogigagan.frozen.raft import RAFT, load_raft
from videogigagan.upscale.device import wants_bf16

HIGHEST_PSNR = 100.0
"""dB that equal frames score, whose PSNR is infinite: so means and files stay finite."""


def _frames(moment: Moment) -> tuple[Tensor, Tensor]:
    return moment.result.picture[None], moment.truth.picture[None]


def _psnr_y(moment: Moment) -> float:
    score = psnr_luma(*_frames(moment), border=moment.border)
    return min(score.item(), HIGHEST_PSNR)


def _psnr_rgb(moment: Moment) -> float:
    score = psnr_rgb(*_frames(moment), border=moment.border)
    return min(score.item(), HIGHEST_PSNR)


def _ssim_y(moment: Moment) -> float:
    return ssim_luma(*_frames(moment), border=moment.border).item()


def _ssim_rgb(moment: Moment) -> float:
    return ssim_rgb(*_frames(moment), border=moment.border).item()


def _lpips(trunk: Trunk) -> Callable[[Moment], float]:
    def score(moment: Moment) -> float:
        return moment.lpips(trunk)

    return score


def _dists(moment: Moment) -> float:
    dists = moment.truth.judges.dists
    assert dists is not None
    with torch.inference_mode():
        return dists(*_frames(moment)).item()


METRICS: dict[str, Metric] = {
    "psnr_y": Metric(title="PSNR-Y (dB)", better="higher", score=_psnr_y, digits=2),
    "psnr_rgb": Metric(title="PSNR-RGB (dB)", better="higher", score=_psnr_rgb, digits=2),
    "ssim_y": Metric(title="SSIM-Y", better="higher", score=_ssim_y),
    "ssim_rgb": Metric(title="SSIM-RGB", better="higher", score=_ssim_rgb),
    "lpips": Metric(title="LPIPS (Alex)", better="lower", score=_lpips("alex")),
    "lpips_squeeze": Metric(title="LPIPS (Squeeze)", better="lower", score=_lpips("squeeze")),
    "lpips_vgg": Metric(title="LPIPS (VGG)", better="lower", score=_lpips("vgg")),
    "dists": Metric(title="DISTS", better="lower", score=_dists),
    "e_warp": Metric(
        title="E_warp (1e-3)", better="lower", score=warping_error, digits=3, unit=1e-3
    ),
    "e_ref": Metric(
        title="E_ref (1e-3)",
        better="lower",
        score=referenced_warping_error,
        digits=3,
        unit=1e-3,
    ),
    "e_carry": Metric(
        title="E_carry (1e-2)",
        better="lower",
        score=carried_detail_error,
        digits=2,
        unit=1e-2,
    ),
    "tlpips": Metric(
        title="tLPIPS (1e-3)",
        better="lower",
        score=perceptual_change_error,
        digits=2,
        unit=1e-3,
    ),
    "tof": Metric(title="tOF (0.1 px)", better="lower", score=flow_error, digits=2, unit=0.1),
}
"""Name to metric, in the order of tables."""

_TRUNKS: dict[str, Trunk] = {
    "lpips": "alex",
    "lpips_squeeze": "squeeze",
    "lpips_vgg": "vgg",
    "tlpips": "alex",
}
_BY_FLOW = {"e_warp", "e_ref", "e_carry", "tof"}
_RAFT = ("raft-things.pth", "raft_large.pth", "raft-small.pth", "raft_small.pth")


def metric(name: str) -> Metric:
    """Look a metric up.

    Raises:
        ConfigError: There is none of that name.
    """
    if name not in METRICS:
        raise ConfigError(f"metrics: there is no '{name}'. Choose from {', '.join(METRICS)}.")
    return METRICS[name]


def judge_files(names: Iterable[str], folder: Path | None) -> dict[str, Path]:
    """Find the weights that metrics need, by what they are: `lpips_alex`, `raft`, `vgg16`, ...

    Of RAFT's checkpoints the one that papers use most is taken if it is there, `raft-things`;
    else `raft_large`, else the small ones.

    Raises:
        CheckpointError: The folder or a file is missing.
        ConfigError: There is no metric of such a name.
    """
    wanted: dict[str, tuple[str, ...]] = {}
    for name in names:
        metric(name)
        if name in _TRUNKS:
            wanted[f"lpips_{_TRUNKS[name]}"] = (f"lpips_{_TRUNKS[name]}.pth",)
        if name in _BY_FLOW:
            wanted["raft"] = _RAFT
        if name == "dists":
            wanted |= {"vgg16": ("vgg16.pth",), "dists": ("dists.pth",)}
    return {judge: _first(judge, files, folder) for judge, files in wanted.items()}


def judges_for(names: Iterable[str], folder: Path | None) -> Judges:
    """Load the networks that metrics ask, and no others.

    Args:
        names: Names in `METRICS`.
        folder: Where published weights lie; may be None if no metric needs any.

    Raises:
        CheckpointError: The folder or a file is missing, or a file holds something else.
        ConfigError: There is no metric of such a name.
    """
    files = judge_files(names, folder)
    trunks: tuple[Trunk, ...] = ("alex", "squeeze", "vgg")
    return Judges(
        lpips={
            trunk: load_lpips(files[f"lpips_{trunk}"], trunk)
            for trunk in trunks
            if f"lpips_{trunk}" in files
        },
        dists=load_dists(files["vgg16"], files["dists"]) if "dists" in files else None,
        raft=_flow_network(files["raft"]) if "raft" in files else None,
    )


def _first(judge: str, names: tuple[str, ...], folder: Path | None) -> Path:
    if folder is None:
        raise CheckpointError(
            f"{judge}: no folder of published weights is given. "
            f"Give one that holds {names[-1]}."
        )
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise CheckpointError(
        f"{folder}: holds no weights of {judge} (looked for {', '.join(names)}). "
        f"Put them there, or leave the metric out."
    )


def _flow_network(path: Path) -> RAFT:
    network = load_raft(path)
    gains = wants_bf16("auto", torch.device("cpu"))
    return network.in_bf16() if gains else network
