"""Flow-guided propagation, first order: every frame learns from all others (Sec. 3.3).

This is the `basicvsr` form: two recurrences, one from the end and one from the start, whose
state is carried from frame to frame by backward warping alone. `grid_propagation` holds the
supplement's form.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.model.course import Span, along, course, learning
from videogigagan.model.flow import SpyNet
from videogigagan.ops.layout import clips_of, frames_of
from videogigagan.ops.occlusion import ways_open
from videogigagan.ops.residual import ResidualStack
from videogigagan.ops.warp import backward_warp
from videogigagan.shapes import Clip, Features, Flow

_PAIRS_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What the forward recurrences bring along from the frames before a window."""

    frame: Float[Tensor, "b 3 h w"]
    """The frame just before the window."""
    states: tuple[Float[Tensor, "b c h w"], ...]
    """States there, of each forward branch the last, and where a branch reads two, the one
    before it."""
    flow: Float[Tensor, "b 2 h w"] | None = None
    """From that frame to the one before it, where a branch reads two."""

    def tensors(self) -> list[Tensor]:
        """All of it, in a fixed order."""
        return [self.frame, *self.states, *([] if self.flow is None else [self.flow])]

    def each(self, change: Callable[[Tensor], Tensor]) -> "Past":
        """The same with every tensor changed alike."""
        return Past(
            frame=change(self.frame),
            states=tuple(change(state) for state in self.states),
            flow=None if self.flow is None else change(self.flow),
        )

    def to(self, device: torch.device) -> "Past":
        """The same on another device."""
        return self.each(lambda tensor: tensor.to(device))


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """Along which states are carried from a frame to its neighbour."""

    flow: Flow
    """From the neighbour's grid into that frame."""
    closed: Float[Tensor, "b 1 h w"] | None = None
    """1 where the flow back returns to where it came from, else 0; None where nobody looks."""

    @classmethod
    def of(cls, flow: Flow, back: Flow, *, gated: bool) -> "Way":
        """A way that the flow back confirms, if it is `gated`."""
        if not gated:
            return cls(flow=flow)
        closed = ~ways_open(flow.detach(), back.detach())
        return cls(flow=flow, closed=closed[:, None].to(flow.dtype))

    def carry(self, state: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """A state on the neighbour's grid, 0 where the way cannot be trusted."""
        return self.let_through(backward_warp(state, self.flow))

    def let_through(self, state: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """What was carried, 0 where the way cannot be trusted."""
        return state if self.closed is None else state * self.closed


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """What propagation found out about a window of a shot."""

    features: Features
    """Of the frames that were asked for."""
    past: Past
    """To go on with behind them."""


class BidirectionalPropagation(nn.Module):
    """First-order bidirectional recurrence with backward warping (BasicVSR; Sec. 3.3).

    Shapes:
        clip:      (b, t, 3, h, w), RGB in [0, 1]
        features:  (b, t, channels, h, w)
    """

    def __init__(
        self, channels: int = 64, blocks: int = 30, *, gated: bool = False, run_up: int = 0
    ) -> None:
        super().__init__()
        self.channels = channels
        self.gated = gated
        self.run_up = run_up
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

        What comes before is known through `past`, exactly as if the shot had been one clip, or
        from the clip itself. What comes after is known as far as the clip goes on behind the
        window. Where that is less than the run-up, mirrored frames follow.

        Args:
            clip: The window, and frames behind it to look ahead to; where there is no past,
                frames before it, too.
            span: Which frames are the window; the whole clip when None.
            past: From the window before; None at the start of a shot.
            storage: As in `forward`.
        """
        storage = storage or clip.dtype
        path, span = course(
            clip.shape[1],
            span or Span(end=clip.shape[1]),
            run_up=self.run_up,
            begins=past is None,
        )
        to_next, to_previous = ways(self.flow, clip, path, gated=self.gated)
        if past is not None:
            to_previous.insert(0, way(self.flow, clip[:, 0], past.frame, gated=self.gated))
        frames = [clip[:, number] for number in path]
        ahead = learning(
            self._recur(self.backward_branch, frames[::-1], to_next[::-1]),
            map(span.learns, reversed(range(span.begin, len(frames)))),
        )
        looked_at = len(frames) - span.end
        held = [state.to(storage) for number, state in enumerate(ahead) if number >= looked_at]
        held = held[::-1]
        before = None if past is None else past.states[0]
        states = learning(
            self._recur(self.forward_branch, frames, to_previous, before),
            map(span.learns, range(span.end)),
        )
        for number, state in enumerate(states):
            if number >= span.begin:
                other = held[number - span.begin].to(state.dtype)
                gathered = F.leaky_relu(self.fusion(torch.cat((other, state), dim=1)), 0.1)
                held[number - span.begin] = gathered.to(storage)
            if number == span.next_window - 1:
                past = Past(frame=frames[number], states=(state,))
        assert past is not None, "the next window begins within this one, or behind it"
        return Gathered(features=torch.stack(held, dim=1), past=past)

    def _recur(
        self,
        branch: ResidualStack,
        frames: list[Tensor],
        flows: list[Way],
        state: Tensor | None = None,
    ) -> Iterator[Tensor]:
        """Yield one direction's states; `flows` lead from each frame to the one before it.

        Without a state to go on from the first frame has no flow.
        """
        flows = flows[::-1]
        for frame in frames:
            b, _, h, w = frame.shape
            if state is None:
                carried = frame.new_zeros(b, self.channels, h, w)
            else:
                carried = flows.pop().carry(state)
            made: Tensor = branch(torch.cat((frame, carried), dim=1))
            yield made
            state = made


def ways(
    network: SpyNet, clip: Clip, path: Sequence[int], *, gated: bool
) -> tuple[list[Way], list[Way]]:
    """Ways between neighbours on a path through a clip, in the order of `neighbour_flows`."""
    to_next, to_previous = neighbour_flows(network, clip)
    there = [Way.of(*pair, gated=gated) for pair in zip(to_next, to_previous, strict=True)]
    back = [Way.of(*pair, gated=gated) for pair in zip(to_previous, to_next, strict=True)]
    return along(path, there, back), along(path[::-1], there, back)[::-1]


def way(network: SpyNet, frame: Tensor, other: Tensor, *, gated: bool) -> Way:
    """The way from one frame to another, both (b, 3, h, w)."""
    flow = network(frame, other)
    return Way.of(flow, network(other, frame) if gated else flow, gated=gated)


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
