"""Reading a folder of images as a video."""

import logging
import re
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from videogigagan.errors import VideoError
from videogigagan.video.colour import BT709, SRGB_TRANSFER, Colour
from videogigagan.video.info import Frame, VideoInfo
from videogigagan.video.source import DEFAULT_READING, ReadOptions, VideoSource

logger = logging.getLogger(__name__)

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
"""Images that count as frames; other files in the folder are ignored."""

DEFAULT_RATE = Fraction(25)
"""Frames per second of a folder of images, which cannot say."""

SRGB = Colour(matrix=0, full_range=True, primaries=BT709, transfer=SRGB_TRANSFER, guessed=False)


@final
class ImageFolder(VideoSource):
    """A folder of images of one size, in natural order: "2.png" before "10.png".

    Read at 8 bits; transparency is dropped with a warning, a camera's orientation is applied.

    Args:
        path: The folder.
        options: How large an image may be; the rest is about files.
        rate: Frames per second to give them.

    Raises:
        VideoError: The folder holds no image, or its first one cannot be read.
    """

    def __init__(
        self,
        path: Path,
        options: ReadOptions = DEFAULT_READING,
        *,
        rate: Fraction = DEFAULT_RATE,
    ) -> None:
        self._max_pixels = options.max_pixels
        self._files = list_images(path)
        stems = {file.stem for file in self._files}
        self._names_are_unique = len(stems) == len(self._files)
        first, has_alpha = self._load(self._files[0])
        if has_alpha:
            logger.warning("%s: transparency is dropped.", path)
        self.info = VideoInfo(
            width=first.shape[-1],
            height=first.shape[-2],
            rate=rate,
            time_base=1 / rate,
            frame_count_hint=len(self._files),
            pixel_aspect=Fraction(1),
            rotation=0,
            colour=SRGB,
            bit_depth=8,
            sampling="rgb",
            has_alpha=has_alpha,
            mastering_display=None,
            light_level=None,
            interlaced=False,
            origin=Fraction(0),
            container="images",
            codec=self._files[0].suffix.lower().removeprefix("."),
        )

    def frames(self) -> Iterator[Frame]:
        """Yield every image in order, decoding as it goes."""
        for index, file in enumerate(self._files):
            pixels, _ = self._load(file)
            height, width = pixels.shape[-2:]
            if (width, height) != (self.info.width, self.info.height):
                raise VideoError(
                    f"{file}: is {width}x{height}, but the first image is "
                    f"{self.info.width}x{self.info.height}. Give images of one size."
                )
            yield Frame(
                pixels=pixels,
                index=index,
                pts=index,
                duration=1,
                time_base=self.info.time_base,
                name=file.stem if self._names_are_unique else None,
            )

    def give_up(self) -> None:
        """Do nothing: reading an image never waits for long."""

    def close(self) -> None:
        """Do nothing: no file stays open between frames."""

    def _load(self, file: Path) -> tuple[Float[Tensor, "3 h w"], bool]:
        """Return an image as RGB in [0, 1], and whether it had transparency."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(file) as image:
                    if image.width * image.height > self._max_pixels:
                        raise VideoError(
                            f"{file}: is {image.width}x{image.height}, more than "
                            f"{self._max_pixels} pixels. Allow more with a higher pixel limit."
                        )
                    has_alpha = image.has_transparency_data
                    return _to_rgb(ImageOps.exif_transpose(image)), has_alpha
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise VideoError(
                f"{file}: is too large to be safe ({error}). Scale it down first."
            ) from error
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
            raise VideoError(
                f"{file}: is damaged or not an image ({error}). Replace or remove it."
            ) from error


def list_images(folder: Path) -> list[Path]:
    """Return the images of a folder in natural order.

    Raises:
        VideoError: There are none, or the folder cannot be listed.
    """
    try:
        files = [
            entry
            for entry in folder.iterdir()
            if entry.suffix.lower() in SUFFIXES
            and entry.is_file()
            and not entry.name.startswith(".")
        ]
    except OSError as error:
        raise VideoError(
            f"{folder}: cannot be listed ({error.strerror}). Check its permissions."
        ) from error
    if not files:
        raise VideoError(
            f"{folder}: holds no images (looked for {', '.join(SUFFIXES)}). "
            "Give a folder of frames, or a video file."
        )
    return sorted(files, key=lambda file: (natural_key(file.name), file.name))


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key that compares runs of digits as numbers."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [
        (0, int(part), "") if part[0] in "0123456789" else (1, 0, part.lower())
        for part in parts
    ]


def _to_rgb(image: Image.Image) -> Float[Tensor, "3 h w"]:
    """Return RGB in [0, 1]; 16-bit grey keeps its depth."""
    if image.mode.startswith("I;16"):
        grey = torch.from_numpy(np.asarray(image).astype(np.float32)) / 65535
        return grey.expand(3, -1, -1).contiguous()
    if image.mode in ("I", "F"):
        raise ValueError(f"its samples are of mode {image.mode}, which has no fixed range")
    values = torch.from_numpy(np.array(image.convert("RGB")))
    return values.permute(2, 0, 1).float().div_(255).contiguous()
