"""Flow-guided propagation, second order: the grid of BasicVSR++ (supplement B.2; Sec. 3.3).

Branches run backward and forward by turns. Each reads what all branches before it found out
about a frame, and carries a state on from the two frames before.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from videogigagan.model.alignment import DeformableAlignment, Neighbour, WarpAlignment
from videogigagan.model.course import Span, course, learning
from videogigagan.model.flow import SpyNet
from videogigagan.model.propagation import Gathered, Past, Way, way, ways
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

    def forward(
        self,
        frames: list[list[Tensor]],
        flows: list[Way],
        past: tuple[Tensor, ...] = (),
    ) -> Iterator[Tensor]:
        """Yield the state of each frame.

        Args:
            frames: For each frame its own features, then the states of the finished branches.
                An entry is read once, just before its state is yielded.
            flows: From each frame to the one before it, from the first frame that has one; with
                a past, also that of the frame before the first, where it has one.
            past: State of the frame before the first, and of the one before that.
        """
        zeros = torch.zeros_like(frames[0][0], dtype=self.backbone.entry.weight.dtype)
        state, before = past or (zeros, zeros)
        known_flows = len(flows) - len(frames) + 1
        for index, known in enumerate(frames, start=known_flows):
            known = [tensor.to(zeros.dtype) for tensor in known]  # noqa: PLW2901 - out of storage
            aligned = zeros
            if index > 0:
                first = Neighbour(state=state, flow=flows[index - 1].flow)
                second = Neighbour(state=before, flow=_two_back(flows[:index]))
                aligned = self.alignment(known[0], first, second)
                aligned = flows[index - 1].let_through(aligned)
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

    def __init__(  # noqa: PLR0913 - all that its shape is, each by its name
        self,
        channels: int = 64,
        blocks: int = 7,
        *,
        extraction_blocks: int = 5,
        iterations: int = 2,
        alignment: Alignment = "dcn",
        groups: int = 16,
        gated: bool = False,
        run_up: int = 0,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.gated = gated
        self.run_up = run_up
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
        return self.window(clip, storage=storage).features

    def window(
        self,
        clip: Clip,
        span: Span | None = None,
        *,
        past: Past | None = None,
        storage: torch.dtype | None = None,
    ) -> Gathered:
        """Gather features of a window of a shot, so that a shot may be of any length.

        Args:
            clip: The window, and frames behind it to look ahead to; where there is no past,
                frames before it, too. Where they are fewer than the run-up, mirrored frames
                follow.
            span: Which frames are the window; the whole clip when None.
            past: From the window before; None at the start of a shot.
            storage: As in `forward`.
        """
        path, span = course(
            clip.shape[1],
            span or Span(end=clip.shape[1]),
            run_up=self.run_up,
            begins=past is None,
        )
        known, past = self._gather(
            clip, storage or clip.dtype, path=path, past=past, span=span, every=False
        )
        own = known[span.begin : span.end]
        return Gathered(features=torch.stack([found[-1] for found in own], dim=1), past=past)

    def states(self, clip: Clip, *, storage: torch.dtype | None = None) -> list[list[Tensor]]:
        """Gather the same, and keep all that the tail of BasicVSR++ reads; no run-up.

        Returns:
            For every frame its own features, then the states of all branches, in their order;
            each is (b, channels, h, w).
        """
        count = clip.shape[1]
        known, _ = self._gather(
            clip,
            storage or clip.dtype,
            path=range(count),
            past=None,
            span=Span(end=count),
            every=True,
        )
        return known

    def _gather(
        self,
        clip: Tensor,
        storage: torch.dtype,
        *,
        path: Sequence[int],
        past: Past | None,
        span: Span,
        every: bool,
    ) -> tuple[list[list[Tensor]], Past]:
        """Run all branches; of each frame, what they found, or the last one's state alone."""
        to_next, to_previous = ways(self.flow, clip, path, gated=self.gated)
        if past is not None:
            older = [] if past.flow is None else [Way(flow=past.flow)]
            latest = way(self.flow, clip[:, 0], past.frame, gated=self.gated)
            to_previous = [*older, latest, *to_previous]
        own = [self.extraction(frame).to(storage) for frame in clip.unbind(1)]
        known = [[own[number]] for number in path]
        brought: list[Tensor] = []
        for number, branch in enumerate(self.branches):
            last = branch is self.branches[-1]
            behind = len(known) - span.end if last else 0  # what only others look ahead to
            order = range(len(known) - behind)
            if number % 2 == 0:
                order = order[::-1]
                states = branch(known[::-1], to_next[::-1])
            else:
                recent = () if past is None else past.states[number - 1 : number + 1]
                flows = to_previous[: len(to_previous) - behind]
                states = branch([known[place] for place in order], flows, recent)
                states = _noted(states, span.next_window, recent, brought)
            for place, state in zip(
                order, learning(states, map(span.learns, order)), strict=True
            ):
                found = known[place]
                if last and not every:
                    found.clear()  # nobody reads these any more
                found.append(state.to(storage))
        flows = to_previous[: len(to_previous) - (len(path) - span.next_window)]
        flow = flows[-1].flow if flows else None
        frame = clip[:, path[span.next_window - 1]]
        return known, Past(frame=frame, states=tuple(brought), flow=flow)


def _noted(
    states: Iterator[Tensor], onward: int, recent: tuple[Tensor, ...], brought: list[Tensor]
) -> Iterator[Tensor]:
    """The same states; those of the last two frames before `onward` are added to `brought`."""
    for index, state in enumerate(states):
        recent = (state, *recent[:1])
        if index == onward - 1:
            brought += recent if len(recent) == 2 else (state, torch.zeros_like(state))
        yield state


def _two_back(flows: list[Way]) -> Tensor:
    """Chain the last two flows; zero where there is but one, as the state there is zero too."""
    *_, last = flows
    if len(flows) < 2:
        return torch.zeros_like(last.flow)
    return last.flow + backward_warp(flows[-2].flow, last.flow)
