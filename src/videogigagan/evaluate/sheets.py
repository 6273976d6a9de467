"""Pictures with captions, laid out on a white sheet."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

_GAP = 12
_LINE = 20
_TEXT = 15
_INK = (20, 20, 20)


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """A picture with text."""

    picture: Image.Image
    """The picture."""
    caption: tuple[str, ...]
    """Lines of text; the first is the name."""


def in_a_row(panels: Sequence[Panel]) -> Image.Image:
    """Pictures from left to right, each with its caption beneath; tops are level."""
    font = ImageFont.load_default(size=_TEXT)
    widths = [max(panel.picture.width, _text_width(panel, font)) for panel in panels]
    tallest = max(panel.picture.height for panel in panels)
    lines = max(len(panel.caption) for panel in panels)
    size = (sum(widths) + _GAP * (len(panels) + 1), tallest + lines * _LINE + 2 * _GAP)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    left = _GAP
    for panel, width in zip(panels, widths, strict=True):
        sheet.paste(panel.picture, (left, _GAP))
        for number, line in enumerate(panel.caption):
            place = (left, _GAP + tallest + 4 + number * _LINE)
            draw.text(place, line, fill=_INK, font=font)
        left += width + _GAP
    return sheet


def in_a_column(panels: Sequence[Panel]) -> Image.Image:
    """Pictures from top to bottom, each with its caption to the left."""
    font = ImageFont.load_default(size=_TEXT)
    margin = max(_text_width(panel, font) for panel in panels) + _GAP
    widest = max(panel.picture.width for panel in panels)
    heights = [max(panel.picture.height, _LINE * len(panel.caption)) for panel in panels]
    size = (margin + widest + 2 * _GAP, sum(heights) + _GAP * (len(panels) + 1))
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    top = _GAP
    for panel, height in zip(panels, heights, strict=True):
        sheet.paste(panel.picture, (_GAP + margin, top))
        for number, line in enumerate(panel.caption):
            draw.text((_GAP, top + number * _LINE), line, fill=_INK, font=font)
        top += height + _GAP
    return sheet


def enlarged(picture: Image.Image, across: int, down: int) -> Image.Image:
    """Every pixel repeated, so that nothing is smoothed."""
    size = (picture.width * across, picture.height * down)
    return picture.resize(size, Image.Resampling.NEAREST)


def _text_width(panel: Panel, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> int:
    return max((round(font.getlength(line)) for line in panel.caption), default=0)
