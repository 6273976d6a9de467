"""One frame of a result beside the truth, and what the metrics of that moment share.

A metric is a function of a `Moment`. What several of them need, such as optical flow, is a
cached property here, so it is computed once, and not at all if nobody asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from videogigagan.evaluate.fidelity import check_alike
from videogigagan.frozen.dists import DISTS
from videogigagan.frozen.lpips import LPIPS, Trunk
from videogigagan.frozen.raft import RAFT, Description
from videogigagan.ops.occlusion import occluded


@dataclass(frozen=True, kw_only=True, slots=True)
class Judges:
    """Published networks that metrics ask; a metric whose judge is missing is not offered."""

    lpips: Mapping[Trunk, LPIPS] = field(default_factory=dict)
    """Perceptual distance, by trunk."""
    dists: DISTS | None = None
    """Structure and texture similarity."""
    raft: RAFT | None = None
    """Optical flow."""


class Moment:
    """Frame t of a clip, with the moment before it; that one has no predecessor any more.

    Shapes:
        result, truth:  (3, h, w), RGB in [0, 1] on the 256 levels of 8 bits

    Args:
        result: Frame of a system.
        truth: The frame that it should be.
        judges: Networks that metrics may ask.
        border: Pixels at each side that PSNR and SSIM leave out, as some protocols do.
        previous: The moment before.

    Raises:
        DataError: The frames differ in size.
    """

    def __init__(
        self,
        result: Float[Tensor, "3 h w"],
        truth: Float[Tensor, "3 H W"],
        *,
        judges: Judges,
        border: int = 0,
        previous: "Moment | None" = None,
    ) -> None:
        check_alike(result, truth)
        self.result = result
        self.truth = truth
        self.judges = judges
        self.border = border
        self.previous = previous

    def next(self, result: Float[Tensor, "3 h w"], truth: Float[Tensor, "3 H W"]) -> "Moment":
        """The moment after this one; what lies before this one is let go."""
        self.previous = None
        return Moment(result, truth, judges=self.judges, border=self.border, previous=self)

    def lpips(self, trunk: Trunk) -> float:
        """Perceptual distance between result and truth."""
        return self._distance(trunk, self.result, self.truth)

    @cached_property
    def result_change(self) -> float:
        """Perceptual distance (AlexNet) from the result before to this one."""
        return self._distance("alex", self._before.result, self.result)

    @cached_property
    def truth_change(self) -> float:
        """Perceptual distance (AlexNet) from the true frame before to this one."""
        return self._distance("alex", self._before.truth, self.truth)

    @cached_property
    def result_flow(self) -> Float[Tensor, "2 2 h w"]:
        """Flow between the results: from the frame before to this one, and back."""
        return self._flow(self._before.result_description, self.result_description)

    @cached_property
    def truth_flow(self) -> Float[Tensor, "2 2 h w"]:
        """Flow between the true frames: from the frame before to this one, and back."""
        return self._flow(self._before.truth_description, self.truth_description)

    @cached_property
    def result_occluded(self) -> Bool[Tensor, "h w"]:
        """Pixels of the result before that its flow to this one cannot follow."""
        there, back = self.result_flow.split(1)
        return occluded(there, back)[0]

    @cached_property
    def truth_occluded(self) -> Bool[Tensor, "h w"]:
        """Pixels of the true frame before that its flow to this one cannot follow."""
        there, back = self.truth_flow.split(1)
        return occluded(there, back)[0]

    @cached_property
    def result_description(self) -> Description:
        """What the flow network sees in the result."""
        return self._describe(self.result)

    @cached_property
    def truth_description(self) -> Description:
        """What the flow network sees in the truth."""
        return self._describe(self.truth)

    @property
    def _before(self) -> "Moment":
        assert self.previous is not None, "the first moment has no flow"
        return self.previous

    def _distance(self, trunk: Trunk, first: Tensor, second: Tensor) -> float:
        with torch.inference_mode():
            return self.judges.lpips[trunk](first[None], second[None]).item()

    def _describe(self, frame: Tensor) -> Description:
        assert self.judges.raft is not None
        with torch.inference_mode():
            return self.judges.raft.describe(frame[None])

    def _flow(self, before: Description, now: Description) -> Tensor:
        assert self.judges.raft is not None
        with torch.inference_mode():
            return torch.cat((self.judges.raft(before, now), self.judges.raft(now, before)))
