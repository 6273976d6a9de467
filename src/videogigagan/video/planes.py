"""Between FFmpeg's frames and tensors: which plane holds what, at which depth."""

from typing import Literal, TypeAlias

import av
import numpy as np
import torch
from av.video.plane import VideoPlane
from jaxtyping import Float, Shaped
from torch import Tensor

from videogigagan.video.colour import (
    UNSPECIFIED,
    WEIGHTS,
    Colour,
    guess_matrix,
    luma_to_rgb,
    rgb_to_yuv,
    yuv_to_rgb,
)

Sampling: TypeAlias = Literal["420", "422", "440", "444", "rgb", "gray"]
"""How densely chroma is stored; "rgb" and "gray" have none."""

FULL_RANGE = 2
RGB_MATRIX = 0


def sampling_of(pixel_format: av.VideoFormat) -> Sampling:
    """Return the chroma sampling of a pixel format; coarser than 4:2:0 counts as 4:2:0."""
    # Of a stated size, because in the smallest pictures chroma is as large as luma.
    parts = av.VideoFormat(pixel_format.name, 16, 16).components
    colours = [part for part in parts if not part.is_alpha]
    if pixel_format.is_rgb or pixel_format.has_palette:
        return "rgb"
    if len(colours) == 1:
        return "gray"
    if colours[1].width == colours[0].width:
        return "444" if colours[1].height == colours[0].height else "440"
    return "422" if colours[1].height == colours[0].height else "420"


def bit_depth_of(pixel_format: av.VideoFormat) -> int:
    """Return the bits per sample, 8 at least and 16 at most."""
    if pixel_format.has_palette:
        return 8
    return min(max(8, *(part.bits for part in pixel_format.components)), 16)


def colour_of(frame: av.VideoFrame, context: av.VideoCodecContext) -> Colour:
    """Read the colour of a frame, completed by its stream's, then by documented guesses.

    No matrix: `guess_matrix`. No range: limited, but full for RGB, grey and FFmpeg's "yuvj"
    formats. Primaries and transfer are never guessed.
    """
    sampling = sampling_of(frame.format)
    matrix = _either(frame.colorspace, context.colorspace, unspecified=UNSPECIFIED)
    guessed = False
    if sampling == "rgb":
        matrix = RGB_MATRIX
    elif matrix in (UNSPECIFIED, RGB_MATRIX):
        guessed = True
        matrix = guess_matrix(frame.width, frame.height)
    tagged_range = _either(frame.color_range, context.color_range, unspecified=0)
    full_unless_told = sampling == "gray" or frame.format.name.startswith("yuvj")
    full_range = tagged_range == FULL_RANGE or (tagged_range == 0 and full_unless_told)
    return Colour(
        matrix=matrix,
        full_range=full_range or sampling == "rgb",
        primaries=context.color_primaries,
        transfer=context.color_trc,
        guessed=guessed,
    )


def frame_to_rgb(frame: av.VideoFrame, colour: Colour) -> Float[Tensor, "3 h w"]:
    """Return the picture as RGB in [0, 1] at full depth; transparency is dropped."""
    frame = planar(frame)
    sampling = sampling_of(frame.format)
    depth = bit_depth_of(frame.format)
    if sampling == "gray":
        return luma_to_rgb(component(frame, 0), colour=colour, bit_depth=depth)
    if sampling == "rgb":
        channels = torch.stack([component(frame, place) for place in range(3)])
        return channels / ((1 << depth) - 1)
    chroma = torch.stack((component(frame, 1), component(frame, 2)))
    return yuv_to_rgb(component(frame, 0), chroma, colour=colour, bit_depth=depth)


def rgb_to_frame(
    pixels: Float[Tensor, "3 h w"], pixel_format: str, colour: Colour
) -> av.VideoFrame:
    """Return the picture as a frame of a planar YUV format ("yuv420p", "yuv444p10le", ...)."""
    height, width = pixels.shape[-2:]
    frame = av.VideoFrame(width, height, pixel_format)
    depth = bit_depth_of(frame.format)
    luma, chroma = rgb_to_yuv(
        pixels.float().cpu(),
        colour=colour,
        bit_depth=depth,
        sampling=sampling_of(frame.format),
    )
    for plane, codes in zip(frame.planes, (luma, *chroma), strict=True):
        dtype = np.dtype("<u2" if depth > 8 else "u1")
        rows = _rows(plane, dtype)
        rows[:, : plane.width] = codes.numpy().astype(dtype)
    frame.colorspace = colour.matrix
    frame.color_range = FULL_RANGE if colour.full_range else 1
    return frame


def has_own_planes(pixel_format: av.VideoFormat) -> bool:
    """Return whether every component has a plane of its own, in 8 to 16 bits, little-endian."""
    parts = pixel_format.components
    own = len({part.plane for part in parts}) == len(parts)
    plain = own and not pixel_format.has_palette and not pixel_format.is_big_endian
    return plain and all(8 <= part.bits <= 16 for part in parts if not part.is_alpha)


def supported_matrix(colour: Colour) -> bool:
    """Return whether pictures of this colour can be turned into RGB."""
    return colour.matrix in WEIGHTS or colour.matrix == RGB_MATRIX


def _either(first: int, second: int, *, unspecified: int) -> int:
    """Return the first value that says something; 0 is reserved everywhere but in matrices."""
    return second if first == unspecified else first


def planar(frame: av.VideoFrame) -> av.VideoFrame:
    """Repack a frame so that every component has its own plane; samples keep their values."""
    stored = frame.format
    if has_own_planes(stored) and not _coarse(stored):
        return frame
    depth = bit_depth_of(stored)
    suffix = "" if depth == 8 else f"{depth}le"
    sampling = sampling_of(stored)
    if sampling == "rgb":
        target = "gbrp" if depth == 8 else "gbrp16le"
    elif sampling == "gray":
        target = "gray" if depth == 8 else "gray16le"
    else:
        target = f"yuv{sampling}p{suffix}"
    # Equal ranges on both sides, so that swscale moves samples and computes nothing.
    return frame.reformat(
        format=target, src_color_range=frame.color_range, dst_color_range=frame.color_range
    )


def _coarse(pixel_format: av.VideoFormat) -> bool:
    """Return whether chroma is coarser than 4:2:0 (4:1:1, 4:1:0)."""
    if len(pixel_format.components) < 3 or pixel_format.is_rgb:
        return False
    luma, chroma = pixel_format.components[:2]
    return chroma.width * 2 < luma.width or chroma.height * 2 < luma.height


def component(frame: av.VideoFrame, place: int) -> Float[Tensor, "h w"]:
    """Return the code values of a component that has its own plane."""
    part = frame.format.components[place]
    plane = frame.planes[part.plane]
    dtype = np.dtype("<u2" if part.bits > 8 else "u1")
    rows = _rows(plane, dtype)
    return torch.from_numpy(rows[: part.height, : part.width].astype(np.float32))


def _rows(plane: VideoPlane, dtype: np.dtype) -> Shaped[np.ndarray, "h stride"]:
    """Return a plane's memory, writable, with the padding at the end of its rows."""
    memory = np.frombuffer(plane, dtype)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return memory.reshape(-1, plane.line_size // dtype.itemsize)
