"""What can be chosen when a video is upscaled."""

from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Literal

from videogigagan.errors import ConfigError
from videogigagan.model.detail import check_detail
from videogigagan.upscale.tiles import SMALLEST
from videogigagan.video.encode import EncodeOptions
from videogigagan.video.source import DEFAULT_MAX_PIXELS, Damaged, Interlaced, ReadOptions

Precision = Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True, kw_only=True, slots=True)
class UpscaleOptions:
    """Options of one run; the command line has the same names."""

    scale: int | float | None = None
    """Enlargement, 1 or more; None takes what the weights do."""
    height: int | None = None
    """Rows of the result, instead of `scale`; the columns follow."""
    size: tuple[int, int] | None = None
    """Columns and rows of the result, instead of `scale`."""
    seed: int = 0
    """Chooses among the renderings the generator can make of a video (z and noise)."""
    detail: int | float = 1
    """Between fidelity (0) and detail (1), for weights that have both ends; see
    `model.checkpoint.load_generator`."""
    chunk: int = 10
    """Frames rendered together; fewer need less memory."""
    overlap: int = 2
    """Frames over which chunks fade into each other, at most half a chunk."""
    tile: int | None = None
    """Most pixels of the source to a side of what is worked on at once, 0 for whole frames; by
    the memory that is free when None."""
    frames: int | None = None
    """Stop after this many frames; None takes all."""
    shots: Literal["auto", "off"] | tuple[int, ...] = "auto"
    """Where nothing is carried on from frame to frame: at cuts that are found (`auto`), nowhere
    (`off`), or at the frames of these numbers, from 0."""
    compare: Literal["none", "side"] = "none"
    """`side`: also write a video with the enlarged input to the left of the result."""
    overwrite: bool = False
    """Replace an output that exists."""
    resume: Literal["auto", "fresh", "off"] = "off"
    """`auto`: if the run ends early, its whole segments stay in a hidden folder beside the
    output, and the same run goes on from them; `fresh`: the same, but what an earlier run has
    left is thrown away; `off`: nothing is kept."""
    max_pixels: int = DEFAULT_MAX_PIXELS
    """Refuse inputs with more pixels per frame than this."""
    max_frames: int | None = None
    """Refuse inputs of more frames than this, however few of them are asked for."""
    max_seconds: float | None = None
    """Refuse inputs that are longer than this."""
    interlaced: Interlaced = "deinterlace"
    """Interlaced frames: one whole picture is made of each, the input is refused, or they stay
    as they are."""
    damaged: Damaged = "refuse"
    """An input that is damaged or cut short: it is refused, or upscaled up to there."""
    encode: EncodeOptions = field(default_factory=EncodeOptions)
    """How the result is encoded."""

    def __post_init__(self) -> None:
        self._check_size()
        self.reading(alpha=False)  # which checks itself
        if self.chunk < 1:
            raise ConfigError(f"chunk must be at least 1, not {self.chunk}.")
        if self.overlap < 0:
            raise ConfigError(f"overlap must be at least 0, not {self.overlap}.")
        if self.tile is not None and self.tile != 0 and self.tile < SMALLEST:
            raise ConfigError(f"tile must be 0 or at least {SMALLEST} pixels, not {self.tile}.")
        if self.frames is not None and self.frames < 1:
            raise ConfigError(f"frames must be at least 1, not {self.frames}.")
        if not 0 <= self.seed < 2**31:
            raise ConfigError(f"seed must be from 0 to {2**31 - 1}, not {self.seed}.")
        check_detail(self.detail)

    def reading(self, *, alpha: bool) -> ReadOptions:
        """How the input is read; `alpha` if the result can hold transparency."""
        return ReadOptions(
            max_pixels=self.max_pixels,
            max_frames=self.max_frames,
            max_seconds=self.max_seconds,
            interlaced=self.interlaced,
            damaged=self.damaged,
            alpha=alpha,
        )

    def _check_size(self) -> None:
        wanted = {"scale": self.scale, "height": self.height, "size": self.size}
        given = [name for name, value in wanted.items() if value is not None]
        if len(given) > 1:
            raise ConfigError(
                f"{' and '.join(given)}: each of them says how large the result becomes. "
                "Give one of them."
            )
        if self.scale is not None and not 1 <= self.scale < inf:
            raise ConfigError(f"scale must be a number from 1 on, not {self.scale:g}.")
        for side in (self.height, *(self.size or ())):
            if side is not None and side < 1:
                raise ConfigError(f"{given[0]} must be made of whole pixels, not {side}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a run is."""

    done: int
    """Frames written."""
    total: int | None
    """Frames there will be, as far as the header tells; None where it does not."""
    seconds: float
    """Time since the run began."""
    resumed: int = 0
    """Frames of them that an earlier run has made."""

    @property
    def pace(self) -> float:
        """Frames a second that this run has made."""
        return (self.done - self.resumed) / self.seconds if self.seconds else 0.0

    @property
    def remaining(self) -> float | None:
        """Seconds to go, judged by the speed so far."""
        if not self.pace or self.total is None:
            return None
        return max(self.total - self.done, 0) / self.pace


@dataclass(frozen=True, kw_only=True, slots=True)
class UpscaleResult:
    """What a run has made."""

    output: Path
    """The larger video."""
    comparison: Path | None
    """The side-by-side video, if one was asked for."""
    frames: int
    """Frames read, which is also frames written."""
    is_cut: bool = False
    """Whether damage of the input ended them; only where that was accepted."""
    resumed: int = 0
    """Those of them that an earlier run has made."""
    seconds: float
    """Time taken, from opening the input to closing the output."""
    size: tuple[int, int]
    """Width and height of the result."""
