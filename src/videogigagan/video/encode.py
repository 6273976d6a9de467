"""How a video is encoded."""

from dataclasses import dataclass
from typing import Literal, get_args

import av

from videogigagan.errors import ConfigError
from videogigagan.video.info import VideoInfo
from videogigagan.video.planes import bit_depth_of, sampling_of

Codec = Literal["auto", "h264", "h265"]
Preset = Literal[
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
]
PixelFormat = Literal[
    "auto",
    "yuv420p",
    "yuv422p",
    "yuv444p",
    "yuv420p10le",
    "yuv422p10le",
    "yuv444p10le",
]
PipeFormat = Literal["y4m", "nut"]

ENCODERS = {"h264": "libx264", "h265": "libx265"}
DEFAULT_CRF = {"h264": 18, "h265": 20}
"""Visually lossless or close to it."""

PICTURES = ("images", "gif", "apng")
"""Containers of pictures rather than of video. They are RGB because they cannot be otherwise,
and what is made of them should play everywhere, which 4:4:4 does not."""

H264_SIDE = 4096
"""Longest side that hardware players of H.264 take."""

H264_LARGEST = 16384
"""Longest side that the H.264 encoder takes."""

H265_SIDE = 16
"""Shortest side that the H.265 encoder takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodeOptions:
    """How a video is encoded; folders of images ignore all of it."""

    codec: Codec = "auto"
    """"auto" is h264, but h265 for more than 8 bits or sides above 4096."""
    crf: int | None = None
    """Quality, 0 (lossless) to 51; None is 18 for h264 and 20 for h265."""
    preset: Preset = "medium"
    """Time spent on a smaller file."""
    pixel_format: PixelFormat = "auto"
    """"auto" keeps depth (10 bits at most) and chroma sampling. RGB video becomes 4:4:4;
    images, animations and grey become 4:2:0."""
    other_streams: Literal["copy", "drop"] = "copy"
    """What becomes of audio, subtitles, attachments and chapters."""
    pipe: PipeFormat = "y4m"
    """What goes to standard output: y4m has one frame rate, nut the time of every frame."""

    def __post_init__(self) -> None:
        if self.crf is not None and not 0 <= self.crf <= 51:
            raise ConfigError(f"crf must be from 0 to 51, not {self.crf}.")
        for name, choices in (
            ("codec", get_args(Codec)),
            ("preset", get_args(Preset)),
            ("pixel_format", get_args(PixelFormat)),
            ("pipe", get_args(PipeFormat)),
        ):
            if getattr(self, name) not in choices:
                raise ConfigError(
                    f"{name} is not known ({getattr(self, name)}). Use {', '.join(choices)}."
                )


@dataclass(frozen=True, kw_only=True, slots=True)
class Encoding:
    """Options with every "auto" decided for one video."""

    encoder: str
    """FFmpeg's name of the encoder."""
    pixel_format: str
    """FFmpeg's name of a planar YUV format."""
    options: dict[str, str]
    """Options of the encoder."""


def decide(options: EncodeOptions, like: VideoInfo, *, width: int, height: int) -> Encoding:
    """Decide codec and pixel format for a video that becomes `width` x `height`.

    Raises:
        ConfigError: The codec or a subsampled format cannot have the size.
    """
    pixel_format = choose_pixel_format(options.pixel_format, like, width=width, height=height)
    depth = bit_depth_of(av.VideoFormat(pixel_format))
    codec = options.codec
    if codec == "auto":
        wants_h265 = depth > 8 or max(width, height) > H264_SIDE
        codec = "h265" if wants_h265 and min(width, height) >= H265_SIDE else "h264"
    if codec == "h265" and min(width, height) < H265_SIDE:
        raise ConfigError(
            f"codec h265 needs sides of at least {H265_SIDE} ({width}x{height}). Use h264."
        )
    if codec == "h264" and max(width, height) > H264_LARGEST:
        raise ConfigError(
            f"codec h264 takes sides of at most {H264_LARGEST} ({width}x{height}). "
            "Use h265, or a smaller size."
        )
    crf = DEFAULT_CRF[codec] if options.crf is None else options.crf
    settings = {"crf": str(crf), "preset": options.preset, **_parameters(codec, like)}
    return Encoding(encoder=ENCODERS[codec], pixel_format=pixel_format, options=settings)


def needs_even_sides(options: EncodeOptions, like: VideoInfo) -> bool:
    """Return whether the pixel format for a video, odd sides aside, has subsampled chroma."""
    pixel_format = choose_pixel_format(options.pixel_format, like, width=2, height=2)
    return sampling_of(av.VideoFormat(pixel_format)) != "444"


def _parameters(codec: str, like: VideoInfo) -> dict[str, str]:
    """Return what only the encoder's own syntax can say: no chatter, and the HDR metadata."""
    names = ("master-display", "max-cll") if codec == "h265" else ("mastering-display", "cll")
    parts = ["log-level=none"] if codec == "h265" else []
    values = (like.mastering_display, like.light_level)
    parts += [f"{name}={value}" for name, value in zip(names, values, strict=True) if value]
    key = "x265-params" if codec == "h265" else "x264-params"
    return {key: ":".join(parts)} if parts else {}


def choose_pixel_format(wanted: str, like: VideoInfo, *, width: int, height: int) -> str:
    """Return the format asked for, or the nearest to the source's that the size allows.

    Raises:
        ConfigError: A subsampled format is asked for at an odd size.
    """
    odd = width % 2 == 1 or height % 2 == 1
    if wanted != "auto":
        if odd and sampling_of(av.VideoFormat(wanted)) != "444":
            raise ConfigError(
                f"pixel format {wanted} needs even sides ({width}x{height}). Use yuv444p."
            )
        return wanted
    sampling = like.sampling if like.sampling in ("420", "422") else "444"
    if like.sampling == "gray" or (like.sampling == "rgb" and like.container in PICTURES):
        sampling = "420"
    if odd:
        sampling = "444"
    return f"yuv{sampling}p" + ("10le" if like.bit_depth > 8 else "")
