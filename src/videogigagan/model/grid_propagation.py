"""Flow-guided propagation, second order: the grid of BasicVSR++ (supplement B.2; Sec. 3.3).

Branches run backward and forward by turns. Each reads what all branches before it found out
about a frame, and carries a state on from the two frames before.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from videogigagan.model.alignment import DeformableAlignment, Neighbour, WarpAlignment
from videogigagan.model.flow import SpyNet
from videogigagan.model.propagation import Gathered, Past, Way, way, ways
from videogigagan.ops.residual import ResidualStack
from videogigagan.ops.warp import backward_warp
from videogigagan.shapes import Clip, Features

Alignment = Literal["dcn", "flow"]


class Span(NamedTuple):
    """Which frames of a clip a window is about."""

    keep: int
    """How many are its own."""
    onward: int
    """With which of them the next window begins."""


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

    def __init__(
        self,
        channels: int = 64,
        blocks: int = 7,
        *,
        extraction_blocks: int = 5,
        iterations: int = 2,
        alignment: Alignment = "dcn",
        groups: int = 16,
        gated: bool = False,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.gated = gated
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
        *,
        past: Past | None = None,
        keep: int | None = None,
        onward: int | None = None,
        storage: torch.dtype | None = None,
    ) -> Gathered:
        """Gather features of a window of a shot, so that a shot may be of any length.

        Args:
            clip: The window, and frames behind it to look ahead.
            past: From the window before; None at the start of a shot.
            keep: Frames of the window; all of the clip when None.
            onward: Frame of the window with which the next one begins; that behind the window
                when None.
            storage: As in `forward`.
        """
        span = Span(keep or clip.shape[1], onward or keep or clip.shape[1])
        known, past = self._gather(
            clip, storage or clip.dtype, past=past, span=span, every=False
        )
        features = torch.stack([found[-1] for found in known[: span.keep]], dim=1)
        return Gathered(features=features, past=past)

    def states(self, clip: Clip, *, storage: torch.dtype | None = None) -> list[list[Tensor]]:
        """Gather the same, and keep all that the tail of BasicVSR++ reads.

        Returns:
            For every frame its own features, then the states of all branches, in their order;
            each is (b, channels, h, w).
        """
        span = Span(clip.shape[1], clip.shape[1])
        known, _ = self._gather(clip, storage or clip.dtype, past=None, span=span, every=True)
        return known

    def _gather(
        self, clip: Tensor, storage: torch.dtype, *, past: Past | None, span: Span, every: bool
    ) -> tuple[list[list[Tensor]], Past]:
        """Run all branches; of each frame, what they found, or the last one's state alone."""
        to_next, to_previous = ways(self.flow, clip, gated=self.gated)
        if past is not None:
            older = [] if past.flow is None else [Way(flow=past.flow)]
            latest = way(self.flow, clip[:, 0], past.frame, gated=self.gated)
            to_previous = [*older, latest, *to_previous]
        known = [[self.extraction(frame).to(storage)] for frame in clip.unbind(1)]
        brought: list[Tensor] = []
        for number, branch in enumerate(self.branches):
            last = branch is self.branches[-1]
            behind = clip.shape[1] - span.keep if last else 0  # what only others look ahead to
            if number % 2 == 0:
                frames, states = known[::-1], branch(known[::-1], to_next[::-1])
            else:
                frames = known[: len(known) - behind]
                recent = () if past is None else past.states[number - 1 : number + 1]
                states = branch(frames, to_previous[: len(to_previous) - behind], recent)
                states = _noted(states, span.onward, recent, brought)
            for found, state in zip(frames, states, strict=True):
                if last and not every:
                    found.clear()  # nobody reads these any more
                found.append(state.to(storage))
        flows = to_previous[: len(to_previous) - (clip.shape[1] - span.onward)]
        flow = flows[-1].flow if flows else None
        return known, Past(frame=clip[:, span.onward - 1], states=tuple(brought), flow=flow)


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
