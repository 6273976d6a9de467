"""What others have published, kept as data to stand beside our own figures, never among them.

None of it was measured here. The paper does not say which LPIPS trunk it uses. It is not
AlexNet: BasicVSR++ has 0.179 on REDS4 there, and 0.135 where later papers name AlexNet. So its
figures are filed under `lpips_vgg`, the other usual trunk.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a figure stands."""

    title: str
    """Paper and table."""
    second_hand: bool = False
    """We have it from somebody who quotes that table, and have not seen the table itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One published number."""

    value: float
    """In the metric's own unit: 0.002 where the table prints 2 under 1e-3."""
    source: Source
    """Where it stands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """Size and speed of a system (Table 4); its GPU is not named."""

    parameters: float
    """Millions."""
    milliseconds: float
    """For one frame, 320x180 to 1280x720."""
    source: Source
    """Where it stands."""


Row: TypeAlias = Mapping[str, Figure]
"""Figures of one system, by the names of `metrics.METRICS`."""

SUPPLEMENT = Source(title="VideoGigaGAN, supplement, Table 1")
TABLE_1 = Source(title="VideoGigaGAN, Table 1")
TABLE_2 = Source(title="VideoGigaGAN, Table 2")
TABLE_4 = Source(title="VideoGigaGAN, Table 4")
RVRT_TABLE_5 = Source(title="RVRT, Table 5", second_hand=True)
AVSR_DIFF = Source(title="AVSR-Diff, Table 1", second_hand=True)
DGAF_VSR = Source(title="DGAF-VSR", second_hand=True)

_Column: TypeAlias = tuple[str, str]
_Score: TypeAlias = tuple[float | None, float, float] | None
_COLUMNS = (
    ("reds4", "bi"),
    ("vimeo", "bi"),
    ("vid4", "bi"),
    ("udm10", "bd"),
    ("vimeo", "bd"),
    ("vid4", "bd"),
)
_REDS4 = _COLUMNS[0]

# fmt: off
# LPIPS, PSNR and SSIM: three BI columns, then three BD columns.
_QUALITY: dict[str, tuple[_Score, ...]] = {
    "bicubic": (
        (None, 26.14, 0.7292), (None, 31.32, 0.8684), (None, 23.78, 0.6347),
        (None, 28.47, 0.8253), (None, 31.30, 0.8687), (None, 21.80, 0.5246),
    ),
    "TOFlow": (
        (None, 27.98, 0.7990), (None, 33.08, 0.9054), (None, 25.89, 0.7651),
        (None, 36.26, 0.9438), (None, 34.62, 0.9212), None,
    ),
    "RBPN": (
        (None, 30.09, 0.8590), (None, 37.07, 0.9435), (None, 27.12, 0.8180),
        (None, 38.66, 0.9596), (None, 37.20, 0.9458), None,
    ),
    "PFNL": (
        (None, 29.63, 0.8502), (None, 36.14, 0.9363), (None, 26.73, 0.8029),
        (None, 38.74, 0.9627), None, (None, 27.16, 0.8355),
    ),
    "EDVR": (
        (0.2097, 31.05, 0.8793), (None, 37.61, 0.9489), (None, 27.35, 0.8264),
        (None, 39.89, 0.9686), (None, 37.81, 0.9523), (None, 27.85, 0.8503),
    ),
    "MuCAN": (
        (0.2162, 30.88, 0.8750), (0.1523, 37.32, 0.9465), None,
        None, None, None,
    ),
    "BasicVSR": (
        (0.2023, 31.42, 0.8909), (0.1616, 37.18, 0.9450), (0.2812, 27.24, 0.8251),
        (0.1148, 39.96, 0.9694), (0.1551, 37.53, 0.9498), (0.2555, 27.96, 0.8553),
    ),
    "IconVSR": (
        (0.1939, 31.67, 0.8948), (0.1587, 37.47, 0.9476), (0.2739, 27.39, 0.8279),
        (0.1152, 40.03, 0.9694), (0.1531, 37.84, 0.9524), (0.2462, 28.04, 0.8570),
    ),
    "TTVSR": (
        (0.1836, 32.12, 0.9021), None, None,
        (0.1112, 40.41, 0.9712), (0.1507, 37.92, 0.9526), (0.2381, 28.40, 0.8643),
    ),
    "BasicVSR++": (
        (0.1786, 32.39, 0.9069), (0.1506, 37.79, 0.9500), (0.2627, 27.79, 0.8400),
        (0.1131, 40.72, 0.9722), (0.1440, 38.21, 0.9550), (0.2390, 29.04, 0.8753),
    ),
    "RVRT": (
        (0.1727, 32.74, 0.9113), (0.1502, 38.15, 0.9527), (0.2500, 27.99, 0.8464),
        (0.1100, 40.90, 0.9729), (0.1465, 38.59, 0.9576), (0.2219, 29.54, 0.8811),
    ),
    "VideoGigaGAN": (
        (0.1582, 30.46, 0.8718), (0.1120, 35.97, 0.9238), (0.1925, 26.78, 0.8029),
        (0.1060, 36.57, 0.9521), (0.1129, 35.30, 0.9317), (0.1832, 27.04, 0.8365),
    ),
}

# LPIPS, and E_ref in 1e-3, on REDS4; every row adds a part to the one before.
_ABLATION: dict[str, tuple[float, float]] = {
    "GigaGAN (image)": (0.2031, 2.497),
    "+ temporal attention": (0.2029, 2.462),
    "+ flow-guided propagation": (0.1551, 2.187),
    "+ BlurPool": (0.1621, 2.152),
    "+ HF shuttle": (0.1582, 2.177),
}

# LPIPS, and E_warp and E_ref in 1e-3, on REDS4.
_STEADINESS: dict[str, tuple[float | None, float, float]] = {
    "bicubic": (0.3396, 1.161, 2.4232),
    "EDVR": (0.2097, 1.521, 2.1429),
    "MuCAN": (0.2162, 1.562, 2.1574),
    "BasicVSR": (0.2023, 1.371, 2.1220),
    "IconVSR": (0.1939, 1.379, 2.2119),
    "TTVSR": (0.1836, 1.390, 2.1178),
    "BasicVSR++": (0.1786, 1.401, 2.1206),
    "VideoGigaGAN": (0.1582, 2.313, 2.1773),
    "ground truth": (None, 2.127, 2.1272),
}

# LPIPS with AlexNet, DISTS, PSNR and tLPIPS in 1e-3, BI; where a table above has a figure, that
# stays. PSNR on Vid4 is left out: whether it is of luma is not known.
_NEWER: tuple[
    tuple[str, str, Source, float, float, float | None, float | None], ...
] = (
    ("reds4", "BasicVSR++", AVSR_DIFF, 0.1349, 0.0699, None, 9.19),
    ("reds4", "RVRT", AVSR_DIFF, 0.1332, 0.0691, None, 8.98),
    ("reds4", "StableVSR", AVSR_DIFF, 0.0974, 0.0451, 27.97, 5.40),
    ("reds4", "MGLD-VSR", AVSR_DIFF, 0.1453, 0.0623, 26.25, 16.36),
    ("reds4", "STAR", AVSR_DIFF, 0.2948, 0.1217, 23.08, 32.98),
    ("reds4", "VEnhancer", AVSR_DIFF, 0.3469, 0.1491, 22.90, 24.95),
    ("reds4", "AVSR-Diff", AVSR_DIFF, 0.0954, 0.0442, 28.75, 4.20),
    ("reds4", "DGAF-VSR", DGAF_VSR, 0.0950, 0.0430, 28.17, 3.92),
    ("vid4", "StableVSR", DGAF_VSR, 0.1820, 0.1160, None, None),
    ("vid4", "DGAF-VSR", DGAF_VSR, 0.1750, 0.1130, None, None),
)
# fmt: on

# Millions of parameters, and milliseconds for one frame.
_COSTS: dict[str, tuple[float, float]] = {
    "RBPN": (12.2, 1507.0),
    "EDVR": (20.6, 378.0),
    "BasicVSR": (6.3, 63.0),
    "IconVSR": (8.7, 70.0),
    "BasicVSR++": (7.3, 77.0),
    "VideoGigaGAN": (369.0, 295.0),
}


def published(data_set: str, degradation: str, system: str) -> Row:
    """Look up what is published of a system; empty if nothing is.

    Args:
        data_set: `reds4`, `vimeo`, `vid4` or `udm10`.
        degradation: `bi` or `bd`.
        system: Its title, such as `BasicVSR++`, in any case.
    """
    rows = _ROWS.get((data_set, degradation), {})
    return next((row for name, row in rows.items() if name.lower() == system.lower()), {})


def published_systems(data_set: str, degradation: str) -> tuple[str, ...]:
    """Name the systems of which something is published, in the order of the tables."""
    return tuple(_ROWS.get((data_set, degradation), {}))


def published_cost(system: str) -> Cost | None:
    """Look up size and speed (Table 4); `system` in any case, None if it is not there."""
    for name, (parameters, milliseconds) in _COSTS.items():
        if name.lower() == system.lower():
            return Cost(parameters=parameters, milliseconds=milliseconds, source=TABLE_4)
    return None


def _quality(column: _Column, score: _Score) -> dict[str, float | None]:
    """Name the figures of a column; REDS4 is judged in RGB, the others by luma."""
    if score is None:
        return {}
    colour = "rgb" if column == _REDS4 else "y"
    lpips, psnr, ssim = score
    return {"lpips_vgg": lpips, f"psnr_{colour}": psnr, f"ssim_{colour}": ssim}


def _entries() -> Iterator[tuple[_Column, str, Source, dict[str, float | None]]]:
    """Every line of every table."""
    for system, scores in _QUALITY.items():
        source = RVRT_TABLE_5 if system == "bicubic" else SUPPLEMENT
        for column, score in zip(_COLUMNS, scores, strict=True):
            yield column, system, source, _quality(column, score)
    for system, (lpips, warp, ref) in _STEADINESS.items():
        figures = {"lpips_vgg": lpips, "e_warp": warp * 1e-3, "e_ref": ref * 1e-3}
        yield _REDS4, system, TABLE_2, figures
    for system, (lpips, ref) in _ABLATION.items():
        yield _REDS4, system, TABLE_1, {"lpips_vgg": lpips, "e_ref": ref * 1e-3}
    for data_set, system, source, lpips, dists, psnr, motion in _NEWER:
        tlpips = None if motion is None else motion * 1e-3
        figures = {"lpips": lpips, "dists": dists, "psnr_rgb": psnr, "tlpips": tlpips}
        yield (data_set, "bi"), system, source, figures


def _all_rows() -> dict[_Column, dict[str, dict[str, Figure]]]:
    rows: dict[_Column, dict[str, dict[str, Figure]]] = {column: {} for column in _COLUMNS}
    for column, system, source, figures in _entries():
        for metric, value in figures.items():
            if value is not None:
                row = rows[column].setdefault(system, {})
                row.setdefault(metric, Figure(value=value, source=source))
    return rows


_ROWS = _all_rows()
