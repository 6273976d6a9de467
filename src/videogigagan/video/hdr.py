"""What HDR displays are told beside the pictures: mastering display and light levels."""

import av
import numpy as np
from av.sidedata.sidedata import Type as SideDataType

from videogigagan.video.rotation import side_data_of

CHROMATICITY, LUMINANCE = 50_000, 10_000
"""Steps per unit in which both encoders take chromaticities and candelas per square metre."""


def mastering_display_of(frame: av.VideoFrame) -> str | None:
    """Return the mastering display as encoders take it, "G(x,y)B(x,y)...L(max,min)"."""
    content = side_data_of(frame, SideDataType.MASTERING_DISPLAY_METADATA)
    if content is None:
        return None
    # AVMasteringDisplayMetadata: ten fractions (R, G, B, white as x and y; darkest, brightest),
    # two flags.
    numbers = np.frombuffer(content[:88], "<i4")
    if not numbers[20:22].all():
        return None
    values = numbers[:20:2] / np.maximum(numbers[1:20:2], 1)
    red, green, blue, white = (values[:8] * CHROMATICITY).round().astype(int).reshape(4, 2)
    darkest, brightest = (values[8:] * LUMINANCE).round().astype(int)
    points = zip(("G", "B", "R", "WP"), (green, blue, red, white), strict=True)
    text = "".join(f"{name}({x},{y})" for name, (x, y) in points)
    return f"{text}L({brightest},{darkest})"


def light_level_of(frame: av.VideoFrame) -> str | None:
    """Return the brightest pixel and brightest frame average in cd/m2, as "1000,400"."""
    content = side_data_of(frame, SideDataType.CONTENT_LIGHT_LEVEL)
    if content is None:
        return None
    pixel, average = np.frombuffer(content[:8], "<u4")
    return f"{pixel},{average}"
