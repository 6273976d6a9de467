"""A scatter plot with named points, as SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 640.0, 440.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 80.0, 30.0, 48.0, 64.0
_MIDDLE = (_TOP + _HEIGHT - _BOTTOM) / 2
_TICKS = 5  # about
_LABEL = 15  # height of a line of text
_LETTER = 7.5  # width of a letter, about


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A named point."""

    name: str
    """What stands beside it."""
    x: float
    """Value to the right."""
    y: float
    """Value upwards."""


def scatter(title: str, points: Sequence[Point], x: str, y: str) -> str:
    """Draw points, one at least, between axes with the titles `x` and `y`."""
    across, up = _ticks([point.x for point in points]), _ticks([point.y for point in points])
    spots = [(point.name, _column(point.x, across), _row(point.y, up)) for point in points]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH:g}" height="{_HEIGHT:g}" '
        f'viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH:g}" height="{_HEIGHT:g}" fill="white"/>',
        _text(_WIDTH / 2, 26.0, title, "middle", ' font-size="16"'),
        *_grid(across, up),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 16, x, "middle"),
        _text(20.0, _MIDDLE, y, "middle", f' transform="rotate(-90 20 {_MIDDLE:g})"'),
        *(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="5" fill="#c2410c"/>' for _, a, b in spots),
        *_labels(spots),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _ticks(values: Sequence[float]) -> list[float]:
    """Round numbers, evenly spaced, around all values; none below 0 without need."""
    low, high = min(values), max(values)
    span = high - low or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / _TICKS))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= span / _TICKS)
    first = math.floor((low - span / 20) / step)
    if low >= 0:
        first = max(first, 0)
    return [tick * step for tick in range(first, math.ceil((high + span / 20) / step) + 1)]


def _grid(across: Sequence[float], up: Sequence[float]) -> list[str]:
    """Lines at the ticks, with their numbers."""
    left, right, top, bottom = _LEFT, _WIDTH - _RIGHT, _TOP, _HEIGHT - _BOTTOM
    parts = []
    for tick in across:
        x = _column(tick, across)
        parts += [_line(x, top, x, bottom), _text(x, bottom + 18, f"{tick:.4g}", "middle")]
    for tick in up:
        y = _row(tick, up)
        parts += [_line(left, y, right, y), _text(left - 8, y + 4, f"{tick:.4g}", "end")]
    return parts


def _column(value: float, ticks: Sequence[float]) -> float:
    share = (value - ticks[0]) / (ticks[-1] - ticks[0])
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _row(value: float, ticks: Sequence[float]) -> float:
    share = (value - ticks[0]) / (ticks[-1] - ticks[0])
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _labels(spots: Sequence[tuple[str, float, float]]) -> list[str]:
    """Names beside their points, moved down where they would cover one another."""
    taken: list[tuple[float, float, float]] = []
    parts = []
    for name, x, y in sorted(spots, key=lambda spot: spot[2]):
        width = _LETTER * len(name)
        beyond = x + 10 + width > _WIDTH
        left = x - 10 - width if beyond else x + 10
        while any(
            a < left + width and left < b and abs(row - y) < _LABEL for a, b, row in taken
        ):
            y += _LABEL  # noqa: PLW2901 - the label moves, not the point
        taken.append((left, left + width, y))
        parts.append(
            _text(x - 10 if beyond else x + 10, y + 4, name, "end" if beyond else "start")
        )
    return parts


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text {place}{more}>{escape(words)}</text>"
