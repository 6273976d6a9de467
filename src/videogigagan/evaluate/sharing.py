"""Moments of several systems at one time: what concerns the truth is found out once."""

from functools import cached_property

from jaxtyping import Bool, Float
from torch import Tensor

from videogigagan.evaluate.moment import Moment
from videogigagan.frozen.raft import Description


class Original(Moment):
    """A moment of the truth, which is its own result."""

    @cached_property
    def result_change(self) -> float:
        """The truth's."""
        return self.truth_change

    @cached_property
    def result_flow(self) -> Float[Tensor, "2 2 h w"]:
        """The truth's."""
        return self.truth_flow

    @cached_property
    def result_description(self) -> Description:
        """The truth's."""
        return self.truth_description

    def next(self, result: Float[Tensor, "3 h w"], truth: Float[Tensor, "3 H W"]) -> "Original":
        """The moment after this one; what lies before this one is let go."""
        self.previous = None
        return Original(result, truth, judges=self.judges, border=self.border, previous=self)


class Beside(Moment):
    """A moment of a system; what concerns the truth alone is asked of the truth's moment."""

    def __init__(
        self, result: Float[Tensor, "3 h w"], original: Original, previous: Moment | None
    ) -> None:
        super().__init__(
            result,
            original.truth,
            judges=original.judges,
            border=original.border,
            previous=previous,
        )
        self._original = original

    @cached_property
    def truth_change(self) -> float:
        """As the truth's moment has it."""
        return self._original.truth_change

    @cached_property
    def truth_flow(self) -> Float[Tensor, "2 2 h w"]:
        """As the truth's moment has it."""
        return self._original.truth_flow

    @cached_property
    def truth_occluded(self) -> Bool[Tensor, "h w"]:
        """As the truth's moment has it."""
        return self._original.truth_occluded

    @cached_property
    def truth_description(self) -> Description:
        """As the truth's moment has it."""
        return self._original.truth_description
