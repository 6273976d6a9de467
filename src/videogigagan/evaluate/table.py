"""What was measured as Markdown, in the form of the paper's Tables 2, 3 and 4.

Published figures stand in tables of their own, never in one with what was measured here.
"""

from collections.abc import Sequence

from videogigagan.evaluate.benchmark import Benchmark
from videogigagan.evaluate.metric import Metric
from videogigagan.evaluate.metrics import METRICS
from videogigagan.evaluate.plan import TRUTH, Outcome
from videogigagan.evaluate.published import published, published_cost, published_systems

WHOLE = {"reds4": 4, "vimeo-t": 7824, "vid4": 4, "udm10": 10}
"""Clips of sets with published figures."""

_NOTHING = "-"
QUALITY = ("lpips_vgg", "lpips", "lpips_squeeze", "dists")
"""Metrics that may stand for perceptual quality, the papers' choice first."""

_ARROWS = {"higher": "↑", "lower": "↓"}
_PUBLISHED_AS = {"vimeo-t": "vimeo"}


def tables(outcomes: Sequence[Outcome]) -> str:
    """All tables: each benchmark with its clips and what is published, then size and speed."""
    parts = [_overview(outcomes)]
    for group in by_benchmark(outcomes):
        parts += [_heading(group), _means(group), _published(group), _clips(group)]
    parts += [_costs(outcomes), _published_costs()]
    return "\n\n".join(part for part in parts if part) + "\n"


def by_benchmark(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    """Outcomes of one benchmark together, in order."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.benchmark.title, []).append(outcome)
    return list(groups.values())


def shown(metric: Metric, figure: float | None) -> str:
    """A figure as tables show it, in the metric's unit."""
    if figure is None:
        return _NOTHING
    return f"{figure / metric.unit:.{metric.digits}f}"


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column holds words, the others figures."""
    rule = ["---", *("---:" for _ in header[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rule, *rows))


def _overview(outcomes: Sequence[Outcome]) -> str:
    """Systems by benchmarks (Table 3); empty for one benchmark, which says it itself."""
    groups = by_benchmark(outcomes)
    if len(groups) < 2:
        return ""
    chosen = [_chosen(group[0].benchmark) for group in groups]
    if not all(chosen):
        return ""
    header = ["measured here"]
    for group, names in zip(groups, chosen, strict=True):
        metrics = group[0].benchmark.metrics
        titles = " / ".join(_title(metrics[name]) for name in names)
        header.append(f"{group[0].benchmark.title}: {titles}")
    rows = []
    for across in zip(*groups, strict=True):
        cells = [
            " / ".join(shown(one.benchmark.metrics[name], one.mean(name)) for name in names)
            for one, names in zip(across, chosen, strict=True)
        ]
        rows.append([across[0].system.title, *cells])
    return f"## All benchmarks\n\n{markdown(header, rows)}"


def _chosen(benchmark: Benchmark) -> list[str]:
    """The metrics of Table 3 that were measured: LPIPS, PSNR and SSIM."""
    first = next((name for name in QUALITY if name in benchmark.metrics), None)
    names = [] if first is None else [first]
    return names + [name for name in benchmark.metrics if name.startswith(("psnr_", "ssim_"))]


def _heading(group: Sequence[Outcome]) -> str:
    benchmark, records = group[0].benchmark, group[0].records
    protocol = benchmark.protocol
    frames = sum(len(record.indices) for record in records)
    said = [
        f"{len(records)} clip{'s' if len(records) > 1 else ''}",
        f"{frames} frames scored" + (" (centres)" if protocol.scored == "centre" else ""),
        f"border of {protocol.border} pixels left out" if protocol.border else "whole frames",
    ]
    text = f"## {benchmark.title}\n\n{', '.join(said)}."
    if is_part(group):
        text += " This is a part of the set: published figures are of all of it."
    return text


def is_part(group: Sequence[Outcome]) -> bool:
    """Whether clips or frames of a known set were left out."""
    benchmark, records = group[0].benchmark, group[0].records
    whole = WHOLE.get(benchmark.name)
    if whole is None:
        return False
    limited = any(record.task.limit is not None for record in records)
    return limited or len(records) != whole


def _means(group: Sequence[Outcome]) -> str:
    metrics = group[0].benchmark.metrics
    rows = [
        [
            outcome.system.title,
            *(shown(metric, outcome.mean(name)) for name, metric in metrics.items()),
            _seconds(outcome.seconds),
        ]
        for outcome in group
    ]
    return markdown(["measured here", *map(_title, metrics.values()), "s/frame"], rows)


def _published(group: Sequence[Outcome]) -> str:
    """What papers say about the same benchmark, with where it stands."""
    benchmark = group[0].benchmark
    place = (_PUBLISHED_AS.get(benchmark.name, benchmark.name), benchmark.degradation)
    found = {system: published(*place, system) for system in published_systems(*place)}
    names = [name for name in METRICS if any(name in row for row in found.values())]
    if not names:
        return ""
    rows = []
    for system, row in found.items():
        figures = [row.get(name) for name in names]
        sources = dict.fromkeys(figure.source for figure in figures if figure)
        where = [
            f"{source.title}{' (second-hand)' if source.second_hand else ''}"
            for source in sources
        ]
        cells = [
            shown(METRICS[name], figure.value if figure else None)
            for name, figure in zip(names, figures, strict=True)
        ]
        rows.append([system, *cells, "; ".join(where)])
    header = ["published, not measured here", *(_title(METRICS[name]) for name in names)]
    return markdown([*header, "source"], rows)


def _clips(group: Sequence[Outcome]) -> str:
    metrics = group[0].benchmark.metrics
    rows = [
        [
            f"{record.task.clip}: {outcome.system.title}",
            *(shown(metric, record.mean(name)) for name, metric in metrics.items()),
            _seconds(record.seconds),
        ]
        for record_of_clip in zip(*(outcome.records for outcome in group), strict=True)
        for outcome, record in zip(group, record_of_clip, strict=True)
    ]
    return markdown(["clip by clip", *map(_title, metrics.values()), "s/frame"], rows)


def _costs(outcomes: Sequence[Outcome]) -> str:
    """Parameters, and time per frame on each benchmark (Table 4)."""
    groups = by_benchmark(outcomes)
    names = dict.fromkeys(
        outcome.system.name for outcome in outcomes if outcome.system.name != TRUTH
    )
    rows = []
    for name in names:
        own = [
            [outcome for outcome in group if outcome.system.name == name] for group in groups
        ]
        system = next(outcome.system for found in own for outcome in found)
        millions = _NOTHING
        if system.parameters is not None:
            millions = f"{system.parameters / 1e6:.2f}"
        times = [_seconds(found[0].seconds if found else None) for found in own]
        rows.append([system.title, millions, *times])
    if not rows:
        return ""
    machines = sorted({record.machine for outcome in outcomes for record in outcome.records})
    header = ["measured here", "parameters (M)"]
    header += [f"s/frame, {group[0].benchmark.title}, {_sizes(group)}" for group in groups]
    text = f"## Size and speed\n\nTimed on {' and on '.join(machines)}"
    text += ", reading, reducing and scoring left out.\n\n"
    return text + markdown(header, rows)


def _published_costs() -> str:
    costs = {system: published_cost(system) for system in published_systems("reds4", "bi")}
    rows = [
        [system, f"{cost.parameters:g}", f"{cost.milliseconds / 1000:.3f}", cost.source.title]
        for system, cost in costs.items()
        if cost is not None
    ]
    header = ["published, not measured here", "parameters (M)", "s/frame, 1280x720, a GPU"]
    return markdown([*header, "source"], rows)


def _sizes(group: Sequence[Outcome]) -> str:
    """Sizes of the large frames."""
    sizes = dict.fromkeys(record.size for outcome in group for record in outcome.records)
    return ", ".join(f"{width}x{height}" for width, height in sizes)


def _title(metric: Metric) -> str:
    return f"{metric.title} {_ARROWS[metric.better]}"


def _seconds(seconds: float | None) -> str:
    return _NOTHING if seconds is None else f"{seconds:.3g}"
