"""How large a result becomes."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from videogigagan.errors import ConfigError
from videogigagan.upscale.options import UpscaleOptions
from videogigagan.video.encode import needs_even_sides
from videogigagan.video.info import VideoInfo

SAME_SHAPE = Fraction(1, 200)
"""Difference of two displayed shapes that counts as none: 854x480 and 1920x1080 are alike."""

_LARGEST_ASPECT = 1000  # numbers in a tag for the shape of pixels


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultSize:
    """Size of a result, and the shape of its pixels."""

    width: int
    """Columns."""
    height: int
    """Rows."""
    pixel_aspect: Fraction
    """Width of a pixel over its height."""


def result_size(
    like: VideoInfo, options: UpscaleOptions, *, native: int, is_folder: bool
) -> ResultSize:
    """Return the size that the options ask for.

    Sides that are not given in pixels are rounded, to even numbers where the encoding needs
    them. A video is displayed in the shape of its source: `size` changes the shape of the
    pixels if it must.

    Args:
        like: The source.
        options: At most one of scale, height and size is set; none means what the weights do.
        native: How much the weights enlarge.
        is_folder: The result is a folder of images, which may have any size.

    Raises:
        ConfigError: The result would be smaller than the source.
    """
    step = 2 if not is_folder and needs_even_sides(options.encode, like) else 1
    aspect = like.pixel_aspect
    if options.size is not None:
        width, height = options.size
        aspect = _aspect(like, width, height)
    elif options.height is not None:
        width = _rounded(Fraction(like.width * options.height, like.height), step)
        height = options.height
    else:
        scale = Fraction(native if options.scale is None else options.scale)
        step = 1 if scale == native else step
        width, height = _rounded(like.width * scale, step), _rounded(like.height * scale, step)
    if width < like.width or height < like.height:
        raise ConfigError(
            f"size {width}x{height}: is smaller than the input "
            f"({like.width}x{like.height}). Choose at least that."
        )
    return ResultSize(width=width, height=height, pixel_aspect=aspect)


def size_label(options: UpscaleOptions, native: int) -> str:
    """Return what a result's name says of its size: "x4", "x2.5", "1080p", "1280x720"."""
    if options.size is not None:
        return f"{options.size[0]}x{options.size[1]}"
    if options.height is not None:
        return f"{options.height}p"
    return f"x{native if options.scale is None else options.scale:g}"


def parse_size(text: str) -> tuple[int, int]:
    """Read a size such as "1280x720".

    Raises:
        ConfigError: It is none.
    """
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ConfigError(f"size {text}: is no size. Write it like 1280x720.")
    return int(width), int(height)


def _rounded(side: Fraction, step: int) -> int:
    """Return the nearest multiple of `step` that is not 0."""
    return max(step, step * floor(side / step + Fraction(1, 2)))


def _aspect(like: VideoInfo, width: int, height: int) -> Fraction:
    """Return the shape of pixels with which a size is displayed like the source."""
    change = Fraction(like.width * height, like.height * width)
    if abs(change - 1) <= SAME_SHAPE:
        return like.pixel_aspect
    return (like.pixel_aspect * change).limit_denominator(_LARGEST_ASPECT)
