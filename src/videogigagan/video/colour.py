"""Between stored samples and RGB: matrix, range and chroma sampling, in exact float arithmetic.

swscale is not used for this: its unscaled paths are 8-bit tables with nearest chroma. Chroma is
taken to lie level with the left luma sample and halfway between two rows (H.264's default), on
the way in and out.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

BT709, UNSPECIFIED, BT601, BT2020 = 1, 2, 6, 9
SRGB_TRANSFER = 13

WEIGHTS: dict[int, tuple[float, float]] = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}
"""Red and blue share of luma, by matrix code point of ITU-T H.273."""

NAMES: dict[int, str] = {
    0: "rgb",
    1: "bt709",
    2: "unspecified",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
    14: "ictcp",
}
"""FFmpeg's names of the matrices of ITU-T H.273."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Colour:
    """Colour description as code points of ITU-T H.273, which are FFmpeg's numbers too."""

    matrix: int
    """Luma and chroma to RGB; a key of `WEIGHTS`, or 0 for RGB samples."""
    full_range: bool
    """Whether samples use every code value, rather than 16 to 235 (of 8 bits)."""
    primaries: int
    """What red, green and blue are; 2 if the video does not say."""
    transfer: int
    """The transfer curve; 2 if the video does not say."""
    guessed: bool
    """Whether the matrix was missing and chosen by size."""

    @property
    def matrix_name(self) -> str:
        """FFmpeg's name of the matrix."""
        return NAMES.get(self.matrix, str(self.matrix))


def guess_matrix(width: int, height: int) -> int:
    """Return the matrix of an untagged video: BT.709 from 1280x577 on, else BT.601.

    BT.709 is chosen from 1280 columns or 577 rows.

    Players decide by size too (mpv uses this rule); so the choice is written into the output,
    whose size would otherwise lead them to another matrix.
    """
    return BT709 if width >= 1280 or height > 576 else BT601


def colour_for_writing(colour: Colour) -> Colour:
    """Return the colour to encode with, given the source's: the same, unless that is RGB."""
    if colour.matrix in WEIGHTS:
        return colour
    return Colour(
        matrix=BT709,
        full_range=False,
        primaries=BT709 if colour.primaries == UNSPECIFIED else colour.primaries,
        transfer=SRGB_TRANSFER if colour.transfer == UNSPECIFIED else colour.transfer,
        guessed=False,
    )


def yuv_to_rgb(
    luma: Float[Tensor, "h w"],
    chroma: Float[Tensor, "2 hc wc"],
    *,
    colour: Colour,
    bit_depth: int,
) -> Float[Tensor, "3 h w"]:
    """Turn code values into RGB in [0, 1]; values outside the range are clipped.

    `hc` is h or (h + 1) // 2, and `wc` is w or (w + 1) // 2.
    """
    height, width = luma.shape
    if chroma.shape[-1] != width:
        chroma = _double_columns(chroma)[..., :width]
    if chroma.shape[-2] != height:
        chroma = _double_rows(chroma)[..., :height, :]
    matrix, zero = _code_matrix(colour, bit_depth)
    codes = torch.cat((luma[None], chroma)).flatten(1)
    rgb = torch.addmm(-matrix @ zero, matrix, codes)
    return rgb.clamp_(0, 1).unflatten(1, (height, width))


def luma_to_rgb(
    luma: Float[Tensor, "h w"], *, colour: Colour, bit_depth: int
) -> Float[Tensor, "3 h w"]:
    """Turn the code values of a grey picture into RGB in [0, 1]."""
    offset, span, _ = _code_values(bit_depth, full_range=colour.full_range)
    return ((luma - offset) / span).clamp_(0, 1).expand(3, -1, -1).contiguous()


def rgb_to_yuv(
    rgb: Float[Tensor, "3 h w"], *, colour: Colour, bit_depth: int, sampling: str
) -> tuple[Float[Tensor, "h w"], Float[Tensor, "2 hc wc"]]:
    """Turn RGB into whole code values; `sampling` is "420", "422" or "444".

    Width must be even for "420" and "422", height for "420". Values outside [0, 1] are clipped.
    """
    height, width = rgb.shape[-2:]
    matrix, zero = _code_matrix(colour, bit_depth)
    inverse = torch.linalg.inv(matrix)
    codes = torch.addmm(zero, inverse, rgb.clamp(0, 1).flatten(1)).unflatten(1, (height, width))
    luma, chroma = codes[0], codes[1:]
    if sampling in ("420", "422"):
        chroma = _halve_columns(chroma)
    if sampling == "420":
        chroma = (chroma[..., ::2, :] + chroma[..., 1::2, :]) / 2
    top = (1 << bit_depth) - 1
    return luma.round().clamp_(0, top), chroma.round().clamp_(0, top)


def _code_matrix(
    colour: Colour, bit_depth: int
) -> tuple[Float[Tensor, "3 3"], Float[Tensor, "3 1"]]:
    """Return the matrix and the zero point in RGB = matrix (codes - zero)."""
    offset, luma_span, chroma_span = _code_values(bit_depth, full_range=colour.full_range)
    red, blue = WEIGHTS[colour.matrix]
    green = 1 - red - blue
    matrix = torch.tensor(
        [
            [1, 0, 2 * (1 - red)],
            [1, -2 * blue * (1 - blue) / green, -2 * red * (1 - red) / green],
            [1, 2 * (1 - blue), 0],
        ]
    )
    middle = 1 << (bit_depth - 1)
    spans = torch.tensor([luma_span, chroma_span, chroma_span])
    return matrix / spans, torch.tensor([[offset], [middle], [middle]], dtype=torch.float32)


def _code_values(bit_depth: int, *, full_range: bool) -> tuple[int, int, int]:
    """Return the code value of black, the span of luma, and the span of chroma."""
    if full_range:
        return 0, (1 << bit_depth) - 1, (1 << bit_depth) - 1
    step = 1 << (bit_depth - 8)
    return 16 * step, 219 * step, 224 * step


def _double_columns(x: Float[Tensor, "2 h w"]) -> Float[Tensor, "2 h 2*w"]:
    """Interpolate between samples that lie on the even columns."""
    after = torch.cat((x[..., 1:], x[..., -1:]), dim=-1)
    return torch.stack((x, (x + after) / 2), dim=-1).flatten(-2)


def _double_rows(x: Float[Tensor, "2 h w"]) -> Float[Tensor, "2 2*h w"]:
    """Interpolate between samples that lie halfway between two rows."""
    before = torch.cat((x[:, :1], x[:, :-1]), dim=1)
    after = torch.cat((x[:, 1:], x[:, -1:]), dim=1)
    return torch.stack(((before + 3 * x) / 4, (3 * x + after) / 4), dim=2).flatten(1, 2)


def _halve_columns(x: Float[Tensor, "2 h w"]) -> Float[Tensor, "2 h w/2"]:
    """Average around the even columns with weights 1, 2, 1."""
    mirrored = 2 * x[..., :1] - x[..., 1:2]  # continues a gradient over the left edge
    before = torch.cat((mirrored, x[..., 1:-1:2]), dim=-1)
    return (before + 2 * x[..., ::2] + x[..., 1::2]) / 4
