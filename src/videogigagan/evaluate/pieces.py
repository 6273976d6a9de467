"""The parts of results that figures show, gathered while the frames pass by.

Fig. 4 needs a crop of one frame. Fig. 5 needs one row and one column of every frame: laid side
by side they show how steady a result is.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw
from torch import Tensor

from videogigagan.errors import DataError

SIDE = 128
"""Side of a crop, in pixels of the large clip."""

_STEP = 8
_OVERVIEW = 448
_MARK = (255, 80, 0)


class Box(NamedTuple):
    """A square in a frame."""

    top: int
    """First row."""
    left: int
    """First column."""
    side: int
    """Rows and columns."""


class Pieces:
    """What figures show of one result, or of the original."""

    def __init__(self) -> None:
        self._rows: list[np.ndarray] = []
        self._columns: list[np.ndarray] = []
        self._pictures: dict[str, Image.Image] = {}

    def add(self, frame: Float[Tensor, "3 h w"]) -> None:
        """Keep the middle row and the middle column of the next frame."""
        _, height, width = frame.shape
        self._rows.append(levels(frame[:, height // 2, None])[0])
        self._columns.append(levels(frame[:, :, width // 2, None])[:, 0])

    def keep(self, name: str, picture: Image.Image) -> None:
        """Keep a picture under a name."""
        self._pictures[name] = picture

    def save(self, folder: Path) -> None:
        """Write the pictures, `xt.png` (time downwards) and `yt.png` (time to the right)."""
        folder.mkdir(parents=True, exist_ok=True)
        self.keep("xt", Image.fromarray(np.stack(self._rows)))
        self.keep("yt", Image.fromarray(np.stack(self._columns, axis=1)))
        for name, picture in self._pictures.items():
            picture.save(folder / f"{name}.png")


class Gallery:
    """The pieces of a clip: of the original and of every result.

    Args:
        middle: Index of the frame that is cropped, where the original has most texture.
    """

    def __init__(self, middle: int) -> None:
        self._middle = middle
        self._index = 0
        self._truth = Pieces()
        self._results: dict[str, Pieces] = {}

    def add(
        self, truth: Float[Tensor, "3 h w"], results: Mapping[str, Float[Tensor, "3 h w"]]
    ) -> None:
        """Take what is needed of the next frame; results by system."""
        for name in results:
            self._results.setdefault(name, Pieces())
        pairs = [(self._truth, truth)]
        pairs += [(self._results[name], frame) for name, frame in results.items()]
        for pieces, frame in pairs:
            pieces.add(frame)
        if self._index == self._middle:
            box = busiest(truth)
            for pieces, frame in pairs:
                pieces.keep("crop", _cut(frame, box))
            self._truth.keep("overview", _marked(truth, box))
        self._index += 1

    def save(self, truth: Path, results: Mapping[str, Path]) -> None:
        """Write the pieces into a folder for the original, and one for each system.

        Raises:
            DataError: They cannot be written.
        """
        try:
            self._truth.save(truth)
            for name, folder in results.items():
                if folder != truth:
                    self._results[name].save(folder)
        except OSError as error:
            raise DataError(
                f"{truth.parent}: cannot be written ({error.strerror}). "
                "Free the disk or choose another folder with --out."
            ) from error


def busiest(frame: Float[Tensor, "3 h w"], side: int = SIDE) -> Box:
    """The square with the strongest gradients, on a grid of 8 pixels: there is most to see."""
    grey = frame.mean(dim=0)
    side = min(side, *grey.shape)
    edges = F.pad(grey.diff(dim=0).abs(), (0, 0, 0, 1))
    edges = edges + F.pad(grey.diff(dim=1).abs(), (0, 1))
    strength = F.avg_pool2d(edges[None, None], side, stride=_STEP)[0, 0]
    row, column = divmod(int(strength.argmax()), strength.shape[1])
    return Box(top=row * _STEP, left=column * _STEP, side=side)


def levels(frame: Float[Tensor, "3 h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """RGB in [0, 1] as bytes."""
    whole = (frame.clamp(0, 1) * 255).round().to(torch.uint8)
    return np.ascontiguousarray(rearrange(whole, "c h w -> h w c").cpu().numpy())


def _cut(frame: Tensor, box: Box) -> Image.Image:
    rows = slice(box.top, box.top + box.side)
    return Image.fromarray(levels(frame[:, rows, box.left : box.left + box.side]))


def _marked(frame: Tensor, box: Box) -> Image.Image:
    """The frame, small, with the crop's place in it."""
    image = Image.fromarray(levels(frame))
    scale = min(1.0, _OVERVIEW / image.width)
    image = image.resize((round(image.width * scale), round(image.height * scale)))
    corners = (box.left, box.top, box.left + box.side, box.top + box.side)
    ImageDraw.Draw(image).rectangle(
        [round(corner * scale) for corner in corners], outline=_MARK, width=2
    )
    return image
