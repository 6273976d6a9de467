"""Where shots begin: hard cuts and fades, found while frames pass by (PySceneDetect)."""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

_SIDE = 256  # frames are looked at this large; a cut shows at any size
_SHORTEST = 3  # frames between two cuts; a single flash is no shot
_BEHIND = 3  # frames after which it is certain whether a frame began a shot


def find_cuts(
    frames: Iterable[Float[Tensor, "3 h w"]],
) -> Iterator[tuple[Float[Tensor, "3 h w"], bool]]:
    """Tell of each frame whether a shot begins with it; a few frames late.

    A change stands out from the changes around it, so that fast motion is none. A fade through
    black ends where the picture comes back.

    Args:
        frames: RGB in [0, 1], all of one size.
    """
    from scenedetect import AdaptiveDetector, FrameTimecode, ThresholdDetector  # noqa: PLC0415 - slow

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


def _small(frame: Float[Tensor, "3 h w"]) -> np.ndarray:
    """As PySceneDetect takes it: bytes, BGR, (h, w, 3)."""
    step = max(1, max(frame.shape[1:]) // _SIDE)
    small = F.avg_pool2d(frame, step, ceil_mode=True) if step > 1 else frame
    return (
        (255 * small.clamp(0, 1)).round().byte().flip(0).permute(1, 2, 0).contiguous().numpy()
    )
