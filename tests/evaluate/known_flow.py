"""A clip whose motion is known to a fraction of a pixel, and a judge that knows it."""

import torch
from torch import Tensor, nn

from videogigagan.evaluate.moment import Moment
from videogigagan.evaluate.view import Frame, Judges, View
from videogigagan.frozen.raft import RAFT, Description
from videogigagan.ops.warp import backward_warp

MOTION = (1.3, -0.6)


def moving_texture(frames: int = 3, size: tuple[int, int] = (48, 64)) -> Tensor:
    """Waves of many directions and lengths that move by MOTION with each frame."""
    generator = torch.Generator().manual_seed(0)
    waves = 0.8 * (torch.rand(60, 3, generator=generator) - 0.5)  # cycles per pixel
    colours = torch.randn(60, 3, generator=generator) / 40
    rows, columns = (torch.arange(side, dtype=torch.float32) for side in size)
    clip = []
    for time in range(frames):
        x, y = columns - time * MOTION[0], rows[:, None] - time * MOTION[1]
        phases = waves[:, :1, None] * x + waves[:, 1:2, None] * y + waves[:, 2:, None]
        clip.append(0.5 + torch.einsum("kc,khw->chw", colours, (2 * torch.pi * phases).sin()))
    return (torch.stack(clip).clamp(0, 1) * 255).round() / 255


class KnownFlow(RAFT):
    """Knows that everything moves by MOTION, there or back, or stands still."""

    def __init__(self, motion: tuple[float, float] = MOTION) -> None:
        nn.Module.__init__(self)
        self.motion = torch.tensor(motion)[None, :, None, None]
        self.asked = 0

    def describe(self, frames: Tensor) -> Description:
        nothing = torch.zeros_like(frames)
        size = (frames.shape[-2], frames.shape[-1])
        return Description(features=frames, hidden=nothing, context=nothing, size=size)

    def forward(self, first: Description, second: Description) -> Tensor:
        self.asked += 1
        ways = [(sign * self.motion).expand(1, 2, *first.size) for sign in (0, 1, -1)]
        errors = [
            (backward_warp(second.features, way, padding="border") - first.features)
            .abs()
            .mean()
            for way in ways
        ]
        return ways[min(range(3), key=lambda k: float(errors[k]))]


def first_moment(
    result: Tensor, truth: Tensor, judges: Judges | None = None, border: int = 0
) -> Moment:
    """A moment with none before it."""
    judges = judges or Judges(raft=KnownFlow())
    views = View(Frame(result, judges)), View(Frame(truth, judges))
    return Moment(result=views[0], truth=views[1], border=border)


def second_moment(result: Tensor, truth: Tensor, judges: Judges | None = None) -> Moment:
    """The moment of frame 1, after that of frame 0."""
    first = first_moment(result[0], truth[0], judges)
    return Moment(result=first.result.next(result[1]), truth=first.truth.next(truth[1]))
