"""What compression does to a clip: encoded in memory and decoded again."""

from fractions import Fraction
from io import BytesIO
from typing import Literal

import av
import numpy as np
import torch
import torch.nn.functional as F
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from einops import rearrange
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from videogigagan.errors import ConfigError
from videogigagan.video.encode import ENCODERS

VideoCodec = Literal["h264", "h265"]

_DECODERS = {"h264": "h264", "h265": "hevc"}
_OPTIONS = {
    "h264": {"preset": "veryfast"},
    # One thread each: the result is the same everywhere, and clips are made side by side.
    "h265": {
        "preset": "veryfast",
        "x265-params": "log-level=none:pools=none:frame-threads=1:wpp=0",
    },
}
_RATE = 25
_SIDE = (
    64  # x265 4.2 writes past its buffers where frames with adaptive quantisation are smaller
)


def check_codecs() -> None:
    """Make sure that this PyAV has the encoders.

    Raises:
        ConfigError: It lacks one.
    """
    for encoder in ENCODERS.values():
        if encoder not in av.codecs_available:
            raise ConfigError(
                f"degradation real: needs the encoder {encoder}, which this PyAV lacks. "
                "Install PyAV's own wheel, or choose another degradation."
            )


def through_video(
    clip: Float[Tensor, "t 3 h w"], codec: VideoCodec, crf: int
) -> Float[Tensor, "t 3 h w"]:
    """Encode and decode as 4:2:0 video of constant quality; RGB in [0, 1] on 8-bit levels.

    Args:
        clip: Frames of any size; odd or very small ones are extended at their border meanwhile.
        codec: The standard.
        crf: 0 (best) to 51.
    """
    height, width = clip.shape[-2:]
    down, across = (_margin(side) for side in (height, width))
    padded = F.pad(clip, (0, across, 0, down), mode="replicate")
    pictures = rearrange((padded * 255).round().to(torch.uint8), "t c h w -> t h w c").numpy()
    decoded = _decode(_encode(pictures, codec, crf), codec)
    assert len(decoded) == len(clip), "a codec returns what it was given"
    frames = rearrange(torch.from_numpy(np.stack(decoded)), "t h w c -> t c h w")
    return frames[..., :height, :width].float() / 255


def through_jpeg(clip: Float[Tensor, "t 3 h w"], quality: int) -> Float[Tensor, "t 3 h w"]:
    """Store each frame as a JPEG (4:2:0) of a quality from 1 to 95, and read it again."""
    levels = rearrange((clip * 255).round().to(torch.uint8), "t c h w -> t h w c").numpy()
    frames = [torch.from_numpy(_jpeg(picture, quality)) for picture in levels]
    return rearrange(torch.stack(frames), "t h w c -> t c h w").float() / 255


def _jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    with BytesIO() as file:
        Image.fromarray(picture).save(file, "JPEG", quality=quality)
        with Image.open(file) as image:
            return np.array(image)


def _encode(pictures: np.ndarray, codec: VideoCodec, crf: int) -> list[bytes]:
    encoder = av.CodecContext.create(ENCODERS[codec], "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.height, encoder.width = pictures.shape[1:3]
    encoder.pix_fmt = "yuv420p"
    encoder.framerate, encoder.time_base = Fraction(_RATE), Fraction(1, _RATE)
    encoder.thread_count = 1
    encoder.options = {"crf": str(crf), **_OPTIONS[codec]}
    packets = []
    for index, picture in enumerate(pictures):
        frame = VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = index, encoder.time_base
        packets += encoder.encode(frame)
    return [bytes(packet) for packet in (*packets, *encoder.encode(None))]


def _decode(packets: list[bytes], codec: VideoCodec) -> list[np.ndarray]:
    decoder = av.CodecContext.create(_DECODERS[codec], "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    frames = []
    for packet in packets:
        frames += decoder.decode(av.Packet(packet))
    frames += decoder.decode(None)
    return [frame.to_ndarray(format="rgb24") for frame in frames]


def _margin(side: int) -> int:
    """Pixels that a side lacks to be even and no smaller than is safe."""
    return max(_SIDE, side + side % 2) - side
