"""The benchmark sets: what they consist of, how they are scored, and their frames."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from videogigagan.data.layouts import ClipFiles, Frames, flat, named, reds, septuplets
from videogigagan.errors import ConfigError, DataError
from videogigagan.video.reader import open_source

SCALE = 4
"""Reduction that every protocol here is made for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Protocol:
    """How results on a set are scored, so that figures compare with published ones."""

    colour: Literal["y", "rgb"] = "y"
    """PSNR and SSIM on luma, or on all three channels."""
    border: int = 0
    """Pixels cut off at every side before scoring."""
    scored: Literal["all", "centre"] = "all"
    """Frames that count."""
    mirrored: bool = False
    """Whether a system is handed the clip and then its reverse (`mirrored`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataSet:
    """A benchmark set."""

    name: str
    """What the command line calls it."""
    title: str
    """What papers call it."""
    protocol: Protocol
    """How it is scored."""
    content: str
    """What belongs into its folder."""
    listing: Callable[[Path], list[ClipFiles]]
    """The clips it consists of, given its folder, whether their files are there or not."""


_VID4 = {
    "calendar": (41, 720, 576),
    "city": (34, 704, 576),
    "foliage": (49, 720, 480),
    "walk": (47, 720, 480),
}
_REDS4 = (0, 11, 15, 20)
_REDSVAL4 = (240, 241, 246, 257)
_REDS_TRAIN = tuple(sorted(set(range(270)) - {*_REDS4, *_REDSVAL4}))
_REDS_CONTENT = "the folders train_sharp/000, 001, ... and train_sharp_bicubic/X4/000, ..."
_VIMEO_CONTENT = "sequences/00001/0001 and so on with {} beside it, or clips of 7 frames"
_LUMA, _COLOUR = Protocol(), Protocol(colour="rgb")
_CENTRE = Protocol(scored="centre", mirrored=True)

DATA_SETS: dict[str, DataSet] = {
    data_set.name: data_set
    for data_set in (
        DataSet(
            name="reds4",
            title="REDS4",
            protocol=_COLOUR,
            content=_REDS_CONTENT,
            listing=partial(reds, numbers=_REDS4),
        ),
        DataSet(
            name="redsval4",
            title="REDSval4",
            protocol=_COLOUR,
            content=f"{_REDS_CONTENT}, or val_sharp/000, ...",
            listing=partial(reds, numbers=_REDSVAL4),
        ),
        DataSet(
            name="reds-train",
            title="REDS (training)",
            protocol=_COLOUR,
            content=f"{_REDS_CONTENT}, and val_sharp/000, ...",
            listing=partial(reds, numbers=_REDS_TRAIN),
        ),
        DataSet(
            name="vimeo-t",
            title="Vimeo-90K-T",
            protocol=_CENTRE,
            content=_VIMEO_CONTENT.format("sep_testlist.txt"),
            listing=partial(septuplets, listed_in="sep_testlist.txt"),
        ),
        DataSet(
            name="vimeo-train",
            title="Vimeo-90K (training)",
            protocol=_CENTRE,
            content=_VIMEO_CONTENT.format("sep_trainlist.txt"),
            listing=partial(septuplets, listed_in="sep_trainlist.txt"),
        ),
        DataSet(
            name="vid4",
            title="Vid4",
            protocol=_LUMA,
            content="GT/calendar, city, foliage and walk, or one lossless video for each",
            listing=partial(named, extents=_VID4),
        ),
        DataSet(
            name="udm10",
            title="UDM10",
            protocol=_LUMA,
            content="GT with its ten clips of 32 frames",
            listing=partial(flat, length=32, count=10),
        ),
        DataSet(
            name="clips",
            title="clips",
            protocol=_LUMA,
            content="folders of images, or lossless videos",
            listing=flat,
        ),
    )
}
"""The sets, by the names that the command line uses."""


def data_set(text: str) -> tuple[DataSet, Path]:
    """Understand `NAME=FOLDER`, such as `vid4=data/vid4`.

    Raises:
        ConfigError: It has another form, or no set has this name.
        DataError: The folder is not there.
    """
    name, equals, folder = text.partition("=")
    known = DATA_SETS.get(name)
    if not equals or not folder:
        raise ConfigError(
            f"data {text!r}: names no folder. Write a set and its folder, as in vid4=FOLDER."
        )
    if known is None:
        raise ConfigError(
            f"data set {name!r}: is not known. Name one of {', '.join(DATA_SETS)}; clips takes "
            "any folder of clips."
        )
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise DataError(
            f"{root}: no such folder. Put {known.title} there: {known.content} "
            "(docs/data-sets.md says where to get it)."
        )
    return known, root


def find_clips(data_set: DataSet, root: Path) -> list[ClipFiles]:
    """Return all clips of a set.

    Raises:
        DataError: There are none, or some are missing: figures over a part of a set are not
            figures of the set.
    """
    clips = data_set.listing(root)
    missing = [clip for clip in clips if not clip.exists]
    if missing:
        raise DataError(
            f"{root}: lacks {len(missing)} of {len(clips)} clips of {data_set.title} "
            f"({missing[0].place} is the first). Complete it, or score what is there as "
            "clips=FOLDER."
        )
    return clips


def read_frames(clip: ClipFiles) -> Iterator[Float[Tensor, "3 h w"]]:
    """Yield the true frames in order, decoding as it goes; RGB in [0, 1] on 8-bit levels.

    Raises:
        VideoError: They cannot be decoded.
        DataError: An image cannot be read, or number or size are not what the set has.
    """
    return _checked(_decoded(clip.frames), clip.place, clip.length, clip.size)


def read_small(clip: ClipFiles) -> Iterator[Float[Tensor, "3 h w"]]:
    """Yield the set's own reduced frames, as `read_frames` does; `clip.small` must be there."""
    assert clip.small is not None
    place = clip.small if isinstance(clip.small, Path) else clip.small[0].parent
    size = None if clip.size is None else (clip.size[0] // SCALE, clip.size[1] // SCALE)
    return _checked(_decoded(clip.small), place, clip.length, size)


def mirrored(clip: Float[Tensor, "t c h w"]) -> Float[Tensor, "2*t c h w"]:
    """Follow a clip by its reverse, as Vimeo-90K's protocol does: 7 frames become 14."""
    return torch.cat((clip, clip.flip(0)))


def _decoded(frames: Frames) -> Iterator[Float[Tensor, "3 h w"]]:
    if isinstance(frames, tuple):
        yield from (_picture(path) for path in frames)
        return
    with open_source(frames) as source:
        for frame in source.frames():
            yield (frame.pixels * 255).round() / 255


def _picture(path: Path) -> Float[Tensor, "3 h w"]:
    try:
        with Image.open(path) as image:
            levels = np.array(image.convert("RGB"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file. Fetch the clip again.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read as an image ({type(error).__name__}). Fetch it again."
        ) from error
    return rearrange(torch.from_numpy(levels), "h w c -> c h w").float() / 255


def _checked(
    frames: Iterator[Tensor], place: Path, length: int | None, size: tuple[int, int] | None
) -> Iterator[Float[Tensor, "3 h w"]]:
    count = 0
    for frame in frames:
        height, width = frame.shape[-2:]
        size = size or (width, height)
        if (width, height) != size:
            raise DataError(
                f"{place}: frame {count} is {width}x{height} ({size[0]}x{size[1]} expected). "
                "Fetch the clip again."
            )
        count += 1
        yield frame
    if length is not None and count != length:
        raise DataError(
            f"{place}: has {count} frames ({length} expected). Fetch the clip again."
        )
