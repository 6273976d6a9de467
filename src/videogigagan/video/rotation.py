"""Display matrices: how a stored picture is turned or mirrored before it is shown.

The reader applies them to the pixels, because not every PyAV version can write them (16
cannot).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
import numpy as np
import torch
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import VideoError


@dataclass(frozen=True, kw_only=True, slots=True)
class Orientation:
    """One of the eight ways to lay a picture on its rectangle."""

    transpose: bool = False
    """Whether rows become columns, before the flips."""
    flip_x: bool = False
    """Whether left and right change places."""
    flip_y: bool = False
    """Whether top and bottom change places."""
    degrees: int = 0
    """The turn, clockwise, that the display matrix asks for; only a description."""

    def apply(self, pixels: Float[Tensor, "c h w"]) -> Float[Tensor, "c a b"]:
        """Return the upright picture."""
        if self.transpose:
            pixels = pixels.transpose(-1, -2)
        axes = [axis for axis, flip in ((-1, self.flip_x), (-2, self.flip_y)) if flip]
        return torch.flip(pixels, axes) if axes else pixels.contiguous()


def orientation_of(frame: av.VideoFrame, path: Path) -> Orientation:
    """Return how to make a frame that was decoded from `path` upright.

    Raises:
        VideoError: The frame is to be shown at an angle that is not a multiple of 90 degrees.
    """
    content = side_data_of(frame, SideDataType.DISPLAYMATRIX)
    if content is None:
        return Orientation()
    # Column x, row y of the stored picture goes to (a x + c y, b x + d y), in 16.16 fixed
    # point.
    a, b, _, c, d = np.frombuffer(content, "<i4")[:5] / 65536
    straight, turned = max(abs(a), abs(d)), max(abs(b), abs(c))
    if min(straight, turned) > 0.01 * max(straight, turned):
        raise VideoError(
            f"{path}: is to be shown at a slant "
            f"({math.degrees(math.atan2(b, a)):.0f} degrees). Straighten it first."
        )
    degrees = round(math.degrees(math.atan2(b, a))) % 360
    if turned > straight:
        return Orientation(
            transpose=True, flip_x=bool(c < 0), flip_y=bool(b < 0), degrees=degrees
        )
    return Orientation(flip_x=bool(a < 0), flip_y=bool(d < 0), degrees=degrees)


def side_data_of(frame: av.VideoFrame, kind: SideDataType) -> bytes | None:
    """Return one kind of a frame's side data, as FFmpeg lays it out in memory."""
    # PyAV's stubs call this a mapping from strings; it is one from types, and iterates over
    # values.
    for side_data in cast(Iterable[SideData], frame.side_data):
        if side_data.type == kind:
            return bytes(side_data)
    return None
