"""What a metric is: a function of a moment, and how its figures are to be read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from videogigagan.evaluate.moment import Moment


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One column of a table."""

    title: str
    """Heading, such as `PSNR-Y (dB)` or `E_warp (1e-3)`; tells the unit."""
    better: Literal["higher", "lower"]
    """Which way is up."""
    score: Callable[[Moment], float | None]
    """The figure of a moment; None where there is none, such as motion at the first frame."""
    digits: int = 4
    """Decimals shown."""
    unit: float = 1.0
    """What one unit of the shown figure is: 1e-3 shows 0.002 as 2."""
