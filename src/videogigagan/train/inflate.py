"""From the image model to the video model (Sec. 3.2)."""

import re
from typing import TypeVar

from videogigagan.errors import CheckpointError
from videogigagan.model.discriminator import Discriminator
from videogigagan.model.generator import Generator

Network = TypeVar("Network", Generator, Discriminator)

_FRESH = re.compile(r"\.temporal\.|^propagation\.|^stem\.features\.")


def inflate(image: Network, video: Network) -> None:
    """Copy an image network's weights; what a video network has beyond it stays fresh.

    That is the temporal modules, propagation, and the stem's part for features. The first and
    the last are no-ops at first, so a fresh video model equals its image model (D13).

    Raises:
        CheckpointError: Anything else differs; nothing has changed then.
    """
    given, taken = image.state_dict(), video.state_dict()
    misfits = [key for key in given if key not in taken or given[key].shape != taken[key].shape]
    misfits += [key for key in taken if key not in given and not _FRESH.search(key)]
    if misfits:
        key = misfits[0]
        raise CheckpointError(
            f"image model: does not fit the video model ('{key}'). Use one config."
        )
    video.load_state_dict(given, strict=False)
