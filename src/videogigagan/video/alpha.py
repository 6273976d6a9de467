"""Transparency: how opaque each pixel is, and what colour lies under those that are not seen.

Colours are straight, not multiplied by opacity. Under full transparency most programs store
black or white; enlarged, that would be a rim around everything visible.
"""

import av
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from videogigagan.video.planes import bit_depth_of, component, has_own_planes

DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders that see the transparency of codecs whose usual decoder does not."""


def has_alpha(pixel_format: av.VideoFormat) -> bool:
    """Return whether a pixel format has a transparency channel; a palette counts as none."""
    return any(part.is_alpha for part in pixel_format.components)


def has_hidden_alpha(stream: av.VideoStream) -> bool:
    """Return whether a stream has transparency that its usual decoder does not see."""
    return (
        stream.codec_context.codec.canonical_name in DECODERS
        and stream.metadata.get("alpha_mode") == "1"
    )


def alpha_context(stream: av.VideoStream) -> av.VideoCodecContext:
    """Return a decoder of a stream that sees its transparency."""
    context = stream.codec_context
    if not has_hidden_alpha(stream):
        return context
    seeing = av.CodecContext.create(DECODERS[context.codec.canonical_name], "r")
    assert isinstance(seeing, av.VideoCodecContext)
    return seeing


def frame_to_alpha(frame: av.VideoFrame) -> Float[Tensor, "h w"] | None:
    """Return how opaque each pixel is, in [0, 1]; None for a format without transparency."""
    if not has_alpha(frame.format):
        return None
    if not has_own_planes(frame.format):
        deep = bit_depth_of(frame.format) > 8
        frame = frame.reformat(format="gbrap16le" if deep else "gbrap")
    parts = frame.format.components
    place = next(index for index, part in enumerate(parts) if part.is_alpha)
    return component(frame, place) / ((1 << parts[place].bits) - 1)


def fill_hidden(
    pixels: Float[Tensor, "3 h w"], alpha: Float[Tensor, "h w"]
) -> Float[Tensor, "3 h w"]:
    """Return the picture with the colours of what is visible around in all that is not.

    What is seen at all keeps its colour, and so does a picture of which nothing is.
    """
    if not alpha.any() or alpha.all():
        return pixels
    spread = _spread(pixels * alpha, alpha[None])
    return torch.where(alpha > 0, pixels, spread)


def _spread(
    colour: Float[Tensor, "3 h w"], weight: Float[Tensor, "1 h w"]
) -> Float[Tensor, "3 h w"]:
    """Divide colours by their weights; where there is none, they are those around."""
    known = colour / torch.where(weight > 0, weight, 1)
    if weight.all():
        return known
    coarse = (
        F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False) for x in (colour, weight)
    )
    size = (weight.shape[-2], weight.shape[-1])
    rough = F.interpolate(_spread(*coarse)[None], size=size, mode="bilinear")[0]
    return torch.where(weight > 0, known, rough)
