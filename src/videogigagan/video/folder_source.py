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
from videogigagan.video.alpha import fill_hidden
from videogigagan.video.colour import BT709, SRGB_TRANSFER, Colour
from videogigagan.video.info import Frame, VideoInfo
from videogigagan.video.limits import Length
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

    Read at 8 bits; a camera's orientation is applied.

    Args:
        path: The folder.
        options: What to refuse, and whether transparency is wanted.
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
        self._path = path
        self._options = options
        self._warned = False
        self._files = list_images(path)
        length = Length(options, path)
        length.check_stated(frames=len(self._files), seconds=len(self._files) / rate)
        stems = {file.stem for file in self._files}
        self._names_are_unique = len(stems) == len(self._files)
        first, alpha = self._load(self._files[0])
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
            has_alpha=alpha is not None,
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
            pixels, alpha = self._load(file)
            height, width = pixels.shape[-2:]
            if (width, height) != (self.info.width, self.info.height):
                raise VideoError(
                    f"{file}: is {width}x{height}, but the first image is "
                    f"{self.info.width}x{self.info.height}. Give images of one size."
                )
            yield Frame(
                pixels=pixels,
                alpha=alpha if self._options.alpha else None,
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

    def _load(self, file: Path) -> tuple[Float[Tensor, "3 h w"], Float[Tensor, "h w"] | None]:
        """Return an image as RGB in [0, 1], and how opaque it is if it has transparency."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(file) as image:
                    most = self._options.max_pixels
                    if image.width * image.height > most:
                        raise VideoError(
                            f"{file}: is {image.width}x{image.height}, more than "
                            f"{most} pixels. Allow more with a higher pixel limit."
                        )
                    return self._values(ImageOps.exif_transpose(image))
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise VideoError(
                f"{file}: is too large to be safe ({error}). Scale it down first."
            ) from error
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
            raise VideoError(
                f"{file}: is damaged or not an image ({error}). Replace or remove it."
            ) from error

    def _values(
        self, image: Image.Image
    ) -> tuple[Float[Tensor, "3 h w"], Float[Tensor, "h w"] | None]:
        pixels = _to_rgb(image)
        if not image.has_transparency_data:
            return pixels, None
        if not self._options.alpha and not self._warned:
            logger.warning("%s: transparency is dropped.", self._path)
            self._warned = True
        alpha = _scaled(image.convert("RGBA").getchannel("A"))
        return fill_hidden(pixels, alpha) if self._options.alpha else pixels, alpha


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
    return _scaled(image.convert("RGB")).permute(2, 0, 1).contiguous()


def _scaled(image: Image.Image) -> Float[Tensor, "*shape"]:
    """Return samples of 8 bits in [0, 1]."""
    return torch.from_numpy(np.array(image)).float().div_(255)
