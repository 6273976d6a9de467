"""Flow-guided propagation, first order: every frame learns from all others (Sec. 3.3).

This is the `basicvsr` form: two recurrences, one from the end and one from the start, whose
state is carried from frame to frame by backward warping alone. `grid_propagation` holds the
supplement's form.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from videogigagan.model.flow import SpyNet
from videogigagan.ops.layout import clips_of, frames_of
from videogigagan.ops.residual import ResidualStack
from videogigagan.ops.warp import backward_warp
from videogigagan.shapes import Clip, Features

_PAIRS_AT_ONCE = 8


class BidirectionalPropagation(nn.Module):
    """First-order bidirectional recurrence with backward warping (BasicVSR; Sec. 3.3).

    Shapes:
        clip:      (b, t, 3, h, w), RGB in [0, 1]
        features:  (b, t, channels, h, w)
    """

    def __init__(self, channels: int = 64, blocks: int = 30) -> None:
        super().__init__()
        self.channels = channels
        self.flow = SpyNet()
        self.backward_branch = ResidualStack(channels + 3, channels, blocks)
        self.forward_branch = ResidualStack(channels + 3, channels, blocks)
        self.fusion = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, clip: Clip, *, storage: torch.dtype | None = None) -> Features:
        """Gather for every frame what the whole clip knows about it.

        Args:
            clip: One shot; nothing in it should be a scene cut.
            storage: Type in which features rest while other frames are worked on; half
                precision halves the memory of a long shot. The clip's own type when None.
        """
        storage = storage or clip.dtype
        frames = list(clip.unbind(1))
        to_next, to_previous = neighbour_flows(self.flow, clip)
        held = [
            state.to(storage)
            for state in self._recur(self.backward_branch, frames[::-1], to_next[::-1])
        ][::-1]
        states = self._recur(self.forward_branch, frames, to_previous)
        for index, state in enumerate(states):
            both = torch.cat((held[index].to(state.dtype), state), dim=1)
            held[index] = F.leaky_relu(self.fusion(both), 0.1).to(storage)
        return torch.stack(held, dim=1)

    def _recur(
        self, branch: ResidualStack, frames: list[Tensor], flows: list[Tensor]
    ) -> Iterator[Tensor]:
        """Yield one direction's states; `flows` lead from each frame to the one before it."""
        b, _, h, w = frames[0].shape
        state = frames[0].new_zeros(b, self.channels, h, w)
        for index, frame in enumerate(frames):
            if index > 0:
                state = backward_warp(state, flows[index - 1])
            state = branch(torch.cat((frame, state), dim=1))
            yield state


def neighbour_flows(network: SpyNet, clip: Clip) -> tuple[list[Tensor], list[Tensor]]:
    """Flow between neighbours, both ways, a list of t-1 tensors (b, 2, h, w) each.

    Returns:
        `to_next[i]`, on frame i's grid into frame i+1, and `to_previous[i]`, on frame i+1's
        grid into frame i. Pairs are taken a few at a time, so that memory does not grow with
        the clip.
    """
    earlier, later = clip[:, :-1], clip[:, 1:]
    return _flows(network, earlier, later), _flows(network, later, earlier)


def _flows(network: SpyNet, frames: Tensor, others: Tensor) -> list[Tensor]:
    flows: list[Tensor] = []
    batch = len(frames)
    for start in range(0, frames.shape[1], _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        flow = network(frames_of(frames[:, part]), frames_of(others[:, part]))
        flows += clips_of(flow, batch).unbind(1)
    return flows
