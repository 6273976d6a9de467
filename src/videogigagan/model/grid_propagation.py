"""Flow-guided propagation, second order: the grid of BasicVSR++ (supplement B.2; Sec. 3.3).

Branches run backward and forward by turns. Each reads what all branches before it found out
about a frame, and carries a state on from the two frames before.
"""

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn

from videogigagan.model.alignment import DeformableAlignment, Neighbour, WarpAlignment
from videogigagan.model.flow import SpyNet
from videogigagan.model.propagation import neighbour_flows
from videogigagan.ops.residual import ResidualStack
from videogigagan.ops.warp import backward_warp
from videogigagan.shapes import Clip, Features

Alignment = Literal["dcn", "flow"]


class Branch(nn.Module):
    """One recurrence over the frames of a clip, in whichever order it is given them."""

    def __init__(
        self, channels: int, blocks: int, *, sources: int, alignment: Alignment, groups: int
    ) -> None:
        super().__init__()
        self.alignment = (
            DeformableAlignment(channels, groups)
            if alignment == "dcn"
            else WarpAlignment(channels)
        )
        self.backbone = ResidualStack((sources + 1) * channels, channels, blocks)

    def forward(self, frames: list[list[Tensor]], flows: list[Tensor]) -> Iterator[Tensor]:
        """Yield the state of each frame.

        Args:
            frames: For each frame its own features, then the states of the finished branches.
                An entry is read once, just before its state is yielded.
            flows: From each frame but the first to the one before it.
        """
        zeros = torch.zeros_like(frames[0][0], dtype=self.backbone.entry.weight.dtype)
        state, before = zeros, zeros
        for index, known in enumerate(frames):
            known = [tensor.to(zeros.dtype) for tensor in known]  # noqa: PLW2901 - out of storage
            aligned = zeros
            if index > 0:
                first = Neighbour(state=state, flow=flows[index - 1])
                second = Neighbour(state=before, flow=_two_back(flows[:index]))
                aligned = self.alignment(known[0], first, second)
            before = state
            state = aligned + self.backbone(torch.cat((*known, aligned), dim=1))
            yield state


class GridPropagation(nn.Module):
    """Second-order grid propagation with deformable alignment (BasicVSR++; supplement B.2).

    With 64 channels, 7 blocks and 2 iterations it is BasicVSR++ without its tail: 6,435,180
    parameters.

    Shapes:
        clip:      (b, t, 3, h, w), RGB in [0, 1]
        features:  (b, t, channels, h, w), states of the last branch, which has read all others
    """

    def __init__(
        self,
        channels: int = 64,
        blocks: int = 7,
        *,
        extraction_blocks: int = 5,
        iterations: int = 2,
        alignment: Alignment = "dcn",
        groups: int = 16,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.flow = SpyNet()
        self.extraction = ResidualStack(3, channels, extraction_blocks)
        self.branches = nn.ModuleList(
            Branch(channels, blocks, sources=1 + finished, alignment=alignment, groups=groups)
            for finished in range(2 * iterations)
        )

    def forward(self, clip: Clip, *, storage: torch.dtype | None = None) -> Features:
        """Gather for every frame what the whole clip knows about it.

        Args:
            clip: One shot; nothing in it should be a scene cut.
            storage: Type in which features rest while other frames are worked on; half
                precision halves the memory of a long shot. The clip's own type when None.
        """
        known = self._gather(clip, storage or clip.dtype, every=False)
        return torch.stack([found[-1] for found in known], dim=1)

    def states(self, clip: Clip, *, storage: torch.dtype | None = None) -> list[list[Tensor]]:
        """Gather the same, and keep all that the tail of BasicVSR++ reads.

        Returns:
            For every frame its own features, then the states of all branches, in their order;
            each is (b, channels, h, w).
        """
        return self._gather(clip, storage or clip.dtype, every=True)

    def _gather(self, clip: Tensor, storage: torch.dtype, *, every: bool) -> list[list[Tensor]]:
        """Run all branches; of each frame, what they found, or the last one's state alone."""
        to_next, to_previous = neighbour_flows(self.flow, clip)
        known = [[self.extraction(frame).to(storage)] for frame in clip.unbind(1)]
        for number, branch in enumerate(self.branches):
            if number % 2 == 0:
                frames, flows = known[::-1], to_next[::-1]
            else:
                frames, flows = known, to_previous
            for found, state in zip(frames, branch(frames, flows), strict=True):
                if branch is self.branches[-1] and not every:
                    found.clear()  # nobody reads these any more
                found.append(state.to(storage))
        return known


def _two_back(flows: list[Tensor]) -> Tensor:
    """Chain the last two flows; zero where there is but one, as the state there is zero too."""
    if len(flows) < 2:
        return torch.zeros_like(flows[-1])
    return flows[-1] + backward_warp(flows[-2], flows[-1])
