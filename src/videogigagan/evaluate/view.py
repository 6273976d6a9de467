"""A video as the judges see it: what several metrics ask about it is found out once.

All of it is found out when it is first asked for, and not at all if nobody asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from videogigagan.frozen.dists import DISTS
from videogigagan.frozen.lpips import LPIPS, Trunk
from videogigagan.frozen.raft import RAFT, Description
from videogigagan.ops.occlusion import occluded

CHANGE: Trunk = "alex"
"""The trunk by which change from frame to frame is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judges:
    """Published networks that metrics ask; a metric whose judge is missing is not offered."""

    lpips: Mapping[Trunk, LPIPS] = field(default_factory=dict)
    """Perceptual distance, by trunk."""
    dists: DISTS | None = None
    """Structure and texture similarity."""
    raft: RAFT | None = None
    """Optical flow."""


class Frame:
    """A picture by itself: all that is kept of it when the next one comes.

    Args:
        picture: RGB in [0, 1], on the 256 levels of 8 bits.
        judges: Networks that may be asked.
    """

    def __init__(self, picture: Float[Tensor, "3 h w"], judges: Judges) -> None:
        self.picture = picture
        self.judges = judges

    @cached_property
    def description(self) -> Description:
        """What the flow network sees in it."""
        assert self.judges.raft is not None
        with torch.inference_mode():
            return self.judges.raft.describe(self.picture[None])

    @cached_property
    def features(self) -> tuple[Tensor, ...]:
        """What LPIPS by AlexNet sees in it."""
        return self.describe(CHANGE)

    def describe(self, trunk: Trunk) -> tuple[Tensor, ...]:
        """What LPIPS by some trunk sees in it; not kept."""
        with torch.inference_mode():
            return tuple(self.judges.lpips[trunk].describe(self.picture[None]))


class View:
    """A frame of a video, and what happened since the frame before.

    Args:
        frame: The frame.
        before: The one before it; the first of a video has none.
    """

    def __init__(self, frame: Frame, before: Frame | None = None) -> None:
        self.frame = frame
        self.before = before
        self._features: dict[Trunk, tuple[Tensor, ...]] = {}

    def next(self, picture: Float[Tensor, "3 h w"]) -> "View":
        """The frame after this one; of this one, only the frame by itself is kept."""
        return View(Frame(picture, self.judges), self.frame)

    @property
    def picture(self) -> Float[Tensor, "3 h w"]:
        """RGB in [0, 1], on the 256 levels of 8 bits."""
        return self.frame.picture

    @property
    def judges(self) -> Judges:
        """Networks that may be asked."""
        return self.frame.judges

    def features(self, trunk: Trunk) -> tuple[Tensor, ...]:
        """What LPIPS by some trunk sees in the frame."""
        if trunk == CHANGE:
            return self.frame.features
        if trunk not in self._features:
            self._features[trunk] = self.frame.describe(trunk)
        return self._features[trunk]

    @cached_property
    def change(self) -> float:
        """Perceptual distance (AlexNet) from the frame before to this one."""
        network = self.judges.lpips[CHANGE]
        with torch.inference_mode():
            return network.compare(self._previous.features, self.frame.features).item()

    @cached_property
    def flow(self) -> Float[Tensor, "2 2 h w"]:
        """Flow from the frame before to this one, and back."""
        raft, before, now = self.judges.raft, self._previous.description, self.frame.description
        assert raft is not None
        with torch.inference_mode():
            return torch.cat((raft(before, now), raft(now, before)))

    @cached_property
    def occluded(self) -> Bool[Tensor, "h w"]:
        """Pixels of the frame before that its flow to this one cannot follow."""
        there, back = self.flow.split(1)
        return occluded(there, back)[0]

    @property
    def _previous(self) -> Frame:
        assert self.before is not None, "the first frame comes from nowhere"
        return self.before
