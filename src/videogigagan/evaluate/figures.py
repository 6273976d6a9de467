"""The figures of the paper: crops (Fig. 4), slices through time (Fig. 5), scatter (Fig. 6)."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from videogigagan.errors import DataError
from videogigagan.evaluate.benchmark import Benchmark
from videogigagan.evaluate.plan import TRUTH, Outcome, Plan, ground_truth
from videogigagan.evaluate.scatter import Point, scatter
from videogigagan.evaluate.sheets import Panel, enlarged, in_a_column, in_a_row
from videogigagan.evaluate.table import QUALITY, shown

CONSISTENCY = ("e_warp", "e_ref", "tlpips", "tof", "e_carry")
"""Metrics of steadiness; each has a scatter plot of its own."""

_CROP = 256
_SLICE = 120
_SCORES = 4


def draw_figures(plan: Plan, outcomes: Sequence[Outcome]) -> list[Path]:
    """Draw all figures that the pieces in `plan.out` and the scores allow.

    Returns:
        Their files, in `crops`, `slices` and `scatter`.

    Raises:
        DataError: A file cannot be read or written.
    """
    written: list[Path] = []
    try:
        for benchmark in plan.benchmarks:
            there = [outcome for outcome in outcomes if outcome.benchmark is benchmark]
            for index in range(len(benchmark.clips)):
                written += _draw_clip(plan, there, index)
            written += _draw_scatter(plan, there)
    except OSError as error:
        raise DataError(
            f"{plan.out}: a figure cannot be drawn ({error}). Remove its pieces to have them "
            "made again, or free the disk."
        ) from error
    return written


def _draw_clip(plan: Plan, outcomes: Sequence[Outcome], index: int) -> list[Path]:
    """Crops and slices of one clip, all systems and then the original."""
    benchmark = outcomes[0].benchmark
    clip = benchmark.clips[index]
    name = f"{benchmark.name}-{benchmark.degradation}-{clip.name}"
    original = plan.pieces(plan.task(benchmark, clip, ground_truth()))
    compared = [outcome for outcome in outcomes if outcome.system.name != TRUTH]
    rows = [
        (
            outcome.system.title,
            plan.pieces(outcome.records[index].task),
            _scores(outcome, index),
        )
        for outcome in compared
    ]
    rows.append(("ground truth", original, ()))
    whole = _picture(original / "overview.png")
    crops = [] if whole is None else [Panel(picture=_fitted(whole), caption=(clip.name,))]
    crops += _panels(rows, "crop", lambda picture: enlarged(picture, *_both(picture)))
    written = _save(plan.out / "crops" / f"{name}.png", crops, in_a_row)
    for kind, lay in (("xt", in_a_column), ("yt", in_a_row)):
        slices = _panels([(title, place, ()) for title, place, _ in rows], kind, _STRETCH[kind])
        written += _save(plan.out / "slices" / f"{name}-{kind}.png", slices, lay)
    return written


def _draw_scatter(plan: Plan, outcomes: Sequence[Outcome]) -> list[Path]:
    """Quality against each measure of steadiness."""
    benchmark = outcomes[0].benchmark
    quality = next((name for name in QUALITY if name in benchmark.metrics), None)
    if quality is None:
        return []
    written = []
    for name in filter(benchmark.metrics.__contains__, CONSISTENCY):
        points = _points(outcomes, name, quality)
        if not points:
            continue
        title = f"{benchmark.title}: quality and consistency"
        axes = [_axis(benchmark, metric) for metric in (name, quality)]
        path = plan.out / "scatter" / f"{benchmark.name}-{benchmark.degradation}-{name}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(scatter(title, points, *axes), encoding="utf-8")
        written.append(path)
    return written


def _points(outcomes: Sequence[Outcome], across: str, up: str) -> list[Point]:
    points = []
    for outcome in outcomes:
        x, y = outcome.mean(across), outcome.mean(up)
        if x is not None and y is not None:
            units = outcome.benchmark.metrics
            title = outcome.system.title
            points.append(Point(name=title, x=x / units[across].unit, y=y / units[up].unit))
    return points


def _axis(benchmark: Benchmark, name: str) -> str:
    metric = benchmark.metrics[name]
    return f"{metric.title}, {metric.better} is better"


def _scores(outcome: Outcome, index: int) -> tuple[str, ...]:
    """Figures of the frame that the crop is of."""
    record = outcome.records[index]
    middle = record.frames // 2
    metrics = outcome.benchmark.metrics
    known = {name: record.at(name, middle) for name in metrics if name not in CONSISTENCY}
    lines = [
        f"{metrics[name].title} {shown(metrics[name], figure)}"
        for name, figure in known.items()
        if figure is not None
    ]
    return tuple(lines[:_SCORES])


def _panels(
    rows: Sequence[tuple[str, Path, tuple[str, ...]]],
    kind: str,
    change: Callable[[Image.Image], Image.Image],
) -> list[Panel]:
    """Pieces of one kind; a system whose piece is gone is left out."""
    found = [(title, _picture(place / f"{kind}.png"), lines) for title, place, lines in rows]
    return [
        Panel(picture=change(picture), caption=(title, *lines))
        for title, picture, lines in found
        if picture is not None
    ]


def _save(
    path: Path, panels: Sequence[Panel], lay: Callable[[Sequence[Panel]], Image.Image]
) -> list[Path]:
    if not panels:
        return []
    path.parent.mkdir(parents=True, exist_ok=True)
    lay(panels).save(path)
    return [path]


def _picture(path: Path) -> Image.Image | None:
    if not path.is_file():
        return None
    with Image.open(path) as image:
        return image.convert("RGB")


def _fitted(picture: Image.Image) -> Image.Image:
    """As high as the crops beside it."""
    return picture.resize((round(picture.width * _CROP / picture.height), _CROP))


def _times(length: int, wanted: int) -> int:
    return max(1, round(wanted / length))


def _both(picture: Image.Image) -> tuple[int, int]:
    times = _times(picture.height, _CROP)
    return times, times


_STRETCH: dict[str, Callable[[Image.Image], Image.Image]] = {
    "xt": lambda picture: enlarged(picture, 1, _times(picture.height, _SLICE)),
    "yt": lambda picture: enlarged(picture, _times(picture.width, _SLICE), 1),
}
