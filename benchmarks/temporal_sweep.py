"""Which temporal metric ranks right: `python benchmarks/temporal_sweep.py CLIP --raft FILE`.

Spoils the frames of a clip in ways whose order is known, measures E_warp, E_ref and E_carry of
each, and says which of them rank the truth first, blur below it, and flicker below steady
change of the same strength. Writes a table (Markdown), the figures (JSON) and a plot, which
needs matplotlib. RAFT runs twice per frame and variant, so keep `--frames` and `--width` low.
"""

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Annotated

import torch
import torch.nn.functional as F
import tyro
from jaxtyping import Float
from torch import Tensor

from plots import plotting
from videogigagan.errors import DataError, VideoGigaGANError
from videogigagan.evaluate.carried import carried_detail_error
from videogigagan.evaluate.consistency import referenced_warping_error, warping_error
from videogigagan.evaluate.fidelity import eight_bit
from videogigagan.evaluate.moment import Moment
from videogigagan.evaluate.view import Frame, Judges, View
from videogigagan.frozen.raft import load_raft
from videogigagan.ops.filters import LowPass
from videogigagan.ops.warp import backward_warp
from videogigagan.video.reader import open_source

METRICS = {
    "E_warp (1e-3)": (warping_error, 1e-3),
    "E_ref (1e-3)": (referenced_warping_error, 1e-3),
    "E_carry (1e-2)": (carried_detail_error, 1e-2),
}
BLURS = (0.5, 1.0, 2.0, 3.0)  # sigma in pixels
NOISES = (1.0, 2.0, 4.0, 8.0)  # standard deviation in levels of 255
GAINS = (0.125, 0.25, 0.5, 1.0)  # of the finest band
STEADY = {"fresh noise": "carried noise", "jittering gain": "steady gain"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """Measure synthetic blur and flicker by E_warp, E_ref and E_carry."""

    source: Annotated[Path, tyro.conf.Positional]
    """Clip: a video file or a folder of images."""
    raft: Path
    """Published RAFT weights."""
    out: Path = Path("temporal_sweep")
    """Folder for `sweep.md`, `sweep.json` and `sweep.png`."""
    frames: int = 6
    """Frames to use, from the first on."""
    width: int = 320
    """Side of the square that is cut from the middle, at most."""
    seed: int = 0
    """Where the noise comes from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One spoiled clip."""

    family: str
    """How it is spoiled; `truth` for the clip itself."""
    strength: float
    """How much."""
    scores: dict[str, float]
    """Mean over the frames, by metric, in the metric's unit."""


def main() -> None:
    """Measure, print and write."""
    options = tyro.cli(Sweep, description=__doc__)
    try:
        pyplot = plotting()
        truth = read(options.source, options.frames, options.width)
        rows = sweep(truth, Judges(raft=load_raft(options.raft)), options.seed)
    except VideoGigaGANError as error:
        sys.exit(f"temporal_sweep: {error}")
    options.out.mkdir(parents=True, exist_ok=True)
    page = f"{table(rows)}\n\n{verdict_table(rows)}\n"
    (options.out / "sweep.md").write_text(page)
    (options.out / "sweep.json").write_text(json.dumps([asdict(row) for row in rows], indent=1))
    plot(rows, options.out / "sweep.png", pyplot)
    print(page)


def read(path: Path, frames: int, width: int) -> Float[Tensor, "t 3 h w"]:
    """Read the first frames of a clip, and cut their middle out."""
    with open_source(path) as source:
        clip = torch.stack([frame.pixels for frame in islice(source.frames(), frames)])
    if len(clip) < 2:
        raise DataError(f"{path}: too short ({len(clip)} frames). Give 2 frames or more.")
    h, w = clip.shape[-2:]
    top, left = max(h - width, 0) // 2, max(w - width, 0) // 2
    return eight_bit(clip[..., top : top + width, left : left + width])


def sweep(truth: Float[Tensor, "t 3 h w"], judges: Judges, seed: int = 0) -> list[Row]:
    """Measure the truth and everything that it is spoiled to."""
    originals = views(truth, judges)
    flows_back = [view.flow[1:] for view in originals]
    rows = []
    for family, strength, clip in variants(truth, flows_back, seed):
        totals = dict.fromkeys(METRICS, 0.0)
        for pair in zip(views(eight_bit(clip), judges), originals, strict=True):
            moment = Moment(result=pair[0], truth=pair[1])
            for name, (score, unit) in METRICS.items():
                totals[name] += (score(moment) or 0.0) / unit / len(originals)
        rows.append(Row(family=family, strength=strength, scores=totals))
        print(f"{family} {strength:g}: {figures(rows[-1])}", file=sys.stderr)
    return rows


def views(clip: Float[Tensor, "t 3 h w"], judges: Judges) -> list[View]:
    """The frames of a clip from the second on, as the judges see them."""
    frames = [Frame(picture, judges) for picture in clip]
    return [View(now, before) for before, now in pairwise(frames)]


def variants(
    truth: Float[Tensor, "t 3 h w"], flows_back: list[Tensor], seed: int
) -> Iterator[tuple[str, float, Tensor]]:
    """Yield family, strength and frames: the truth, then one family after the other."""
    generator = torch.Generator().manual_seed(seed)
    fresh = noise(truth.shape, generator)
    carried = carry(noise(truth[:1].shape, generator), flows_back)
    fine = LowPass().split(truth).high
    sign = torch.tensor([1.0, -1.0]).repeat(len(truth))[: len(truth), None, None, None]
    yield "truth", 0.0, truth
    for sigma in BLURS:
        yield "blur", sigma, blur(truth, sigma)
    for level in NOISES:
        yield "fresh noise", level, truth + level / 255 * fresh
    for level in NOISES:
        yield "carried noise", level, truth + level / 255 * carried
    for gain in GAINS:
        yield "jittering gain", gain, truth + gain * sign * fine
    for gain in GAINS:
        yield "steady gain", gain, truth + gain * fine


def blur(frames: Float[Tensor, "t 3 h w"], sigma: float) -> Float[Tensor, "t 3 h w"]:
    """Gaussian blur."""
    reach = math.ceil(3 * sigma)
    taps = torch.exp(-torch.arange(-reach, reach + 1).square() / (2 * sigma**2))
    taps = (taps / taps.sum()).expand(3, 1, 1, -1)
    padded = F.pad(frames, (reach,) * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, taps, groups=3), taps.transpose(2, 3), groups=3)


def noise(shape: torch.Size, generator: torch.Generator) -> Float[Tensor, "t 3 h w"]:
    """Noise of unit variance, smooth enough to be moved by parts of a pixel."""
    pattern = LowPass()(torch.randn(shape, generator=generator))
    return pattern / pattern.std()


def carry(pattern: Float[Tensor, "1 3 h w"], flows_back: list[Tensor]) -> Tensor:
    """Move a pattern along a clip; each frame is sampled from the first, so it stays sharp."""
    way = torch.zeros_like(flows_back[0])
    frames = [pattern]
    for flow in flows_back:
        way = flow + backward_warp(way, flow, padding="border")
        frames.append(backward_warp(pattern, way, padding="border"))
    return torch.cat(frames)


def verdicts(rows: list[Row], metric: str) -> dict[str, bool]:
    """Whether a metric ranks as it should."""
    found = {(row.family, row.strength): row.scores[metric] for row in rows}
    truth = found["truth", 0.0]
    blurred = [truth, *(found["blur", sigma] for sigma in BLURS)]
    return {
        "truth before all": all(truth <= score for score in found.values()),
        "truth before every blur": all(truth < score for score in blurred[1:]),
        "less blur before more": all(less < more for less, more in pairwise(blurred)),
        "steady before flickering": all(
            found[STEADY[family], strength] < score
            for (family, strength), score in found.items()
            if family in STEADY
        ),
    }


def figures(row: Row) -> str:
    """The scores of a row, for people."""
    return ", ".join(f"{name} {score:.3f}" for name, score in row.scores.items())


def table(rows: list[Row]) -> str:
    """Scores as a Markdown table."""
    lines = [
        f"| variant | strength | {' | '.join(METRICS)} |",
        "|---|---|" + "---|" * len(METRICS),
    ]
    for row in rows:
        cells = " | ".join(f"{row.scores[name]:.3f}" for name in METRICS)
        lines.append(f"| {row.family} | {row.strength:g} | {cells} |")
    return "\n".join(lines)


def verdict_table(rows: list[Row]) -> str:
    """Which metric ranks right, as a Markdown table."""
    by_metric = {name: verdicts(rows, name) for name in METRICS}
    lines = [f"| ranks | {' | '.join(METRICS)} |", "|---|" + "---|" * len(METRICS)]
    for rule in next(iter(by_metric.values())):
        cells = " | ".join("yes" if by_metric[name][rule] else "**no**" for name in METRICS)
        lines.append(f"| {rule} | {cells} |")
    return "\n".join(lines)


def plot(rows: list[Row], path: Path, pyplot) -> None:  # noqa: ANN001
    """One panel per metric, one line per family, the truth as a level."""
    figure, panels = pyplot.subplots(1, len(METRICS), figsize=(12, 4), layout="constrained")
    families = [*dict.fromkeys(row.family for row in rows if row.family != "truth")]
    styles = dict(zip(families, ("k-", "C3-", "C3--", "C0-", "C0--"), strict=True))
    for panel, name in zip(panels, METRICS, strict=True):
        truth = rows[0].scores[name]
        panel.axhline(truth, color="C2", label="truth")
        for family, style in styles.items():
            scores = [truth, *(row.scores[name] for row in rows if row.family == family)]
            panel.plot(scores, style, marker=".", label=family)
        panel.set_ylim(bottom=0)
        panel.set_title(f"{name}, lower is better")
        panel.set_xticks(range(5), ["truth", "weak", "", "", "strong"])
    panels[0].legend()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


if __name__ == "__main__":
    main()
