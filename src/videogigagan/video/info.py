"""What is known about a video before its frames are read, and the frames themselves."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from videogigagan.video.colour import Colour


@dataclass(frozen=True, kw_only=True, slots=True)
class VideoInfo:
    """A video as its frames are delivered: upright, RGB, in display order."""

    width: int
    """Columns of a delivered frame, after any rotation."""
    height: int
    """Rows of a delivered frame, after any rotation."""
    rate: Fraction
    """Average frames per second; only a description, timestamps are the truth."""
    time_base: Fraction
    """Seconds per tick of every `Frame.pts` and `Frame.duration`."""
    frame_count_hint: int | None
    """Frames that the header promises, for progress only; None where it promises nothing."""
    pixel_aspect: Fraction
    """Width of a pixel over its height, after any rotation."""
    rotation: int
    """Degrees clockwise that the reader turned the stored pictures to make them upright."""
    colour: Colour
    """How the stored samples become RGB."""
    bit_depth: int
    """Bits per sample as stored."""
    sampling: Literal["420", "422", "440", "444", "rgb", "gray"]
    """Chroma sampling as stored."""
    has_alpha: bool
    """Whether the stored pictures have transparency."""
    mastering_display: str | None
    """The HDR mastering display as encoders take it, or None."""
    light_level: str | None
    """The HDR light levels as encoders take them, or None."""
    interlaced: bool
    """Whether the first stored frame is flagged as interlaced; what is delivered is not, unless
    the reader was told to keep it."""
    origin: Fraction
    """Seconds to subtract from every timestamp on writing; not 0 only for streams without a
    natural start, such as MPEG-TS."""
    container: str
    """FFmpeg's name of the container, or "images"."""
    codec: str
    """FFmpeg's name of the video codec, or the suffix of the first image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One picture and its place in time."""

    pixels: Float[Tensor, "3 h w"]
    """RGB in [0, 1], float32, upright; straight, not multiplied by `alpha`."""
    index: int
    """Position in the video, from 0."""
    pts: int
    """When to show it, in ticks of `time_base`; strictly increasing, may be negative."""
    duration: int
    """How long to show it, in ticks of `time_base`; at least 1."""
    time_base: Fraction
    """Seconds per tick."""
    name: str | None = None
    """File name without suffix, if it came from a folder of images."""
    alpha: Float[Tensor, "h w"] | None = None
    """How opaque each pixel is, in [0, 1]; None if all are, or transparency is not wanted."""
