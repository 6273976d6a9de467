"""Where shots begin: cuts and fades found while frames pass by (PySceneDetect), or told."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch.nn.functional as F
from jaxtyping import Float
from scenedetect import AdaptiveDetector, FrameTimecode, ThresholdDetector
from torch import Tensor

from videogigagan.errors import VideoError

_SIDE = 256  # frames are looked at this large; a cut shows at any size
_SHORTEST = 3  # frames between two cuts; a single flash is no shot
_BEHIND = 3  # frames after which it is certain whether a frame began a shot


FindShots: TypeAlias = Callable[[Iterable[Tensor]], Iterator[tuple[Tensor, bool]]]
"""Hands frames on, each with whether a shot begins with it; the first always does."""


def find_cuts(
    frames: Iterable[Float[Tensor, "3 h w"]],
) -> Iterator[tuple[Float[Tensor, "3 h w"], bool]]:
    """Tell of each frame whether a shot begins with it; a few frames late.

    A change stands out from the changes around it, so that fast motion is none. A fade through
    black ends where the picture comes back.

    Args:
        frames: RGB in [0, 1], all of one size.
    """
    detectors = (
        AdaptiveDetector(min_scene_len=_SHORTEST),
        ThresholdDetector(min_scene_len=_SHORTEST, fade_bias=1.0),
    )
    waiting: deque[Tensor] = deque()
    found: set[int] = set()
    told = begun = 0

    def judged() -> tuple[Tensor, bool]:
        nonlocal told, begun
        begins = told == 0 or (told in found and told - begun >= _SHORTEST)
        found.discard(told)
        begun = told if begins else begun
        told += 1
        return waiting.popleft(), begins

    for index, frame in enumerate(frames):
        waiting.append(frame)
        picture = _small(frame)
        time = FrameTimecode(index, fps=25.0)
        for detector in detectors:
            found.update(cut.frame_num for cut in detector.process_frame(time, picture))
        if len(waiting) > _BEHIND:
            yield judged()
    while waiting:
        yield judged()


def one_shot(frames: Iterable[Tensor]) -> Iterator[tuple[Tensor, bool]]:
    """Look for no cuts."""
    return cuts_at(())(frames)


def cuts_at(starts: Collection[int]) -> FindShots:
    """Know the frames that begin shots, by their numbers from 0."""
    known = frozenset(starts)

    def told(frames: Iterable[Tensor]) -> Iterator[tuple[Tensor, bool]]:
        for index, frame in enumerate(frames):
            yield frame, index == 0 or index in known

    return told


def read_cuts(path: Path) -> tuple[int, ...]:
    """Read the numbers of frames that begin shots, one a line; `#` begins a remark.

    Raises:
        VideoError: The file cannot be read, or a line is no frame number.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise VideoError(f"{path}: cannot be read as a list of shots ({error}).") from error
    starts: list[int] = []
    for place, line in enumerate(lines, start=1):
        number = line.partition("#")[0].strip()
        if number and not number.isdecimal():
            raise VideoError(
                f"{path}: line {place} is no frame number ('{number[:40]}'). Give the number "
                f"of each shot's first frame, from 0, one a line."
            )
        starts += [int(number)] if number else []
    return tuple(starts)


def _small(frame: Float[Tensor, "3 h w"]) -> np.ndarray:
    """As PySceneDetect takes it: bytes, BGR, (h, w, 3)."""
    step = max(1, max(frame.shape[1:]) // _SIDE)
    small = F.avg_pool2d(frame, step, ceil_mode=True) if step > 1 else frame
    return (
        (255 * small.clamp(0, 1)).round().byte().flip(0).permute(1, 2, 0).contiguous().numpy()
    )
