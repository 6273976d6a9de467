"""How benchmarks make clips small, by the names that tables and the command line use."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.data.codec import through_video
from videogigagan.data.degrade import Degradation, bicubic_degradation, blur_degradation
from videogigagan.data.real import Blur, Noise, RealDegradation, degrade

Reduction: TypeAlias = Callable[
    [Iterable[Float[Tensor, "3 H W"]]], Iterator[Float[Tensor, "3 h w"]]
]
"""A clip's large frames to its small ones, a quarter as high and wide, on 8-bit levels."""

CAMERA = RealDegradation(
    blur=Blur(along=0.4, across=0.4, angle=0.0),
    middle=1.0,
    kernels=("bicubic", "bicubic"),
    noise=Noise(strength=5 / 255, kind="gaussian", grey=False),
    jpeg=None,
    video=("h264", 28),
)
"""A cheap camera: blur of 1.6 large pixels, noise of 5 levels, H.264 at CRF 28."""


def _each(degradation: Degradation) -> Reduction:
    """Reduce frame by frame."""
    return lambda frames: (degradation(frame) for frame in frames)


def camera_reduction(frames: Iterable[Float[Tensor, "3 H W"]]) -> Iterator[Tensor]:
    """Blur and reduce each frame, add noise, then encode and decode all of them (`CAMERA`).

    The noise is the same on every call. Only small frames are held.
    """
    assert CAMERA.video is not None
    rng = np.random.default_rng(0)
    uncoded = replace(CAMERA, video=None)
    small = [degrade(frame[None], uncoded, rng)[0] for frame in frames]
    if small:
        yield from through_video(torch.stack(small), *CAMERA.video)


REDUCTIONS: dict[str, Reduction] = {
    "bi": _each(bicubic_degradation),
    "bd": _each(blur_degradation),
    "camera": camera_reduction,
}
"""BI and BD are the protocols'; `camera` is ours, for video that is not clean."""
