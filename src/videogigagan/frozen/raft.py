"""RAFT, the optical flow that judges steadiness (Teed and Deng 2020; Eq. 3, Eq. 4).

Our own code for the published checkpoints, `small` and `large`; inference only. Frames are
described one by one, so that flow there and back, and to the next frame, shares that work.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from videogigagan.frozen.files import fill, read_state
from videogigagan.frozen.raft_blocks import (
    LAYOUTS,
    LEVELS,
    STRIDE,
    Encoder,
    InstanceNorm,
    Size,
)
from videogigagan.frozen.raft_update import UpdateBlock
from videogigagan.shapes import Flow

_SMALLEST = STRIDE * 2**LEVELS  # the coarsest level still has two rows
_ALIGNED = 16  # floats of a cache line, on which rows of a matrix are best begun


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """All that RAFT wants to know of frames, at an eighth of their size; padded."""

    features: Float[Tensor, "n f y x"]
    """What is compared with other frames."""
    hidden: Float[Tensor, "n s y x"]
    """Where the recurrent state starts if this is the first frame."""
    context: Float[Tensor, "n c y x"]
    """What every iteration sees if this is the first frame."""
    size: tuple[int, int]
    """Height and width of the frames."""


class Correlation:
    """Inner products of all positions of one frame with all positions of another, at 4 sizes.

    Memory: 1.33·n·p² floats, where p is the number of positions, (h/8)·(w/8): 0.22 GB for
    720x576, 1.1 GB for 1280x720, 5.6 GB for 1920x1080.
    """

    def __init__(
        self, first: Float[Tensor, "n f h w"], second: Float[Tensor, "n f h w"], radius: int
    ) -> None:
        maps: list[Tensor] = []
        for _ in range(LEVELS):
            maps.append(second)
            second = F.avg_pool2d(second, 2)  # linear: as good as pooling the products
        sizes = first.new_tensor([level.shape[2:] for level in maps])
        self._heights, self._widths = sizes.T
        self._starts = sizes.prod(dim=1).cumsum(0) - sizes.prod(dim=1)
        self._nowhere = sum(level[0, 0].numel() for level in maps)
        self._steps = torch.arange(-radius, radius + 2.0, device=first.device)
        source = rearrange(first, "n f h w -> n (h w) f") * first.shape[1] ** -0.5
        places = torch.cat([level.flatten(2) for level in maps], dim=2)
        fill = _ALIGNED - self._nowhere % _ALIGNED
        self._products = source @ F.pad(places, (0, fill))  # the first of them is nowhere

    def __call__(self, flow: Flow) -> Float[Tensor, "n k h w"]:
        """Products around where each position's flow points to, bilinear, 0 outside.

        Channels: level, then x, then y of the window. All its points lie at one fraction of a
        pixel, so one more is read each way, and neighbours are mixed.
        """
        h, w = flow.shape[2:]
        across = torch.arange(w, device=flow.device) + flow[:, 0]
        down = torch.arange(h, device=flow.device)[:, None] + flow[:, 1]
        x, right = self._near(across, self._widths)
        y, below = self._near(down, self._heights)
        y = self._starts[:, None] + y * self._widths[:, None]
        index = rearrange(x, "n p l x -> n p l x 1") + rearrange(y, "n p l y -> n p l 1 y")
        index = index.clamp_max_(self._nowhere).long()
        window = self._products.gather(2, index.flatten(2))
        window = rearrange(window, "n p (l x y) -> n l x y p", l=LEVELS, x=len(self._steps))
        window = window[:, :, :-1].lerp(window[:, :, 1:], right)
        window = window[..., :-1, :].lerp(window[..., 1:, :], below)
        return rearrange(window, "n l x y (h w) -> n (l x y) h w", h=h)

    def _near(
        self, centres: Float[Tensor, "n h w"], lengths: Float[Tensor, " l"]
    ) -> tuple[Float[Tensor, "n p l k"], Float[Tensor, "n l 1 1 p"]]:
        """Points of the windows along one direction, and how far the centre is past its own."""
        scales = 2.0 ** torch.arange(LEVELS, device=centres.device)
        places = rearrange(centres, "n h w -> n (h w) 1") / scales
        corners = places.floor()
        points = corners[..., None] + self._steps
        outside = (points < 0) | (points >= lengths[:, None])
        share = rearrange(places - corners, "n p l -> n l 1 1 p")
        return points.masked_fill_(outside, self._nowhere), share


class RAFT(nn.Module):
    """Where each pixel of one frame lies on another; 990,162 or 5,257,536 parameters.

    Sizes that are no multiple of 8, or below 128, are padded with the border's pixels.
    """

    def __init__(self, size: Size = "small", iterations: int = 20) -> None:
        super().__init__()
        layout = LAYOUTS[size]
        self.layout = layout
        self.iterations = iterations
        context_norm = nn.BatchNorm2d if layout.normalised else _no_norm
        self.fnet = Encoder(layout, layout.features, InstanceNorm)
        self.cnet = Encoder(layout, layout.hidden + layout.context, context_norm)
        self.update_block = UpdateBlock(layout)
        self.requires_grad_(False)  # noqa: FBT003 - PyTorch's own signature
        convert_conv2d_weight_memory_format(self, torch.channels_last)
        self.eval()

    def in_bf16(self) -> "RAFT":
        """Let the large convolutions of all iterations multiply in bfloat16, for good.

        Features, correlation, state and flow stay in float32, so the flow moves by some
        thousandths of a pixel; a CPU that can do it takes a quarter less time.
        """
        self.update_block.precision = torch.bfloat16
        return self

    def describe(self, frames: Float[Tensor, "n 3 h w"]) -> Description:
        """Look at frames, RGB in [0, 1], one by one; each needs it only once."""
        h, w = frames.shape[2:]
        left, right, top, bottom = (*_padding(w), *_padding(h))
        padded = F.pad(2 * frames - 1, (left, right, top, bottom), mode="replicate")
        padded = padded.contiguous(memory_format=torch.channels_last)
        hidden, context = self.cnet(padded).split((self.layout.hidden, self.layout.context), 1)
        return Description(
            features=self.fnet(padded),
            hidden=hidden.tanh(),
            context=context.relu(),
            size=(h, w),
        )

    def forward(self, first: Description, second: Description) -> Flow:
        """Flow in pixels, (x, y), on the grid of `first`, pointing into `second`."""
        assert first.size == second.size, "frames of one clip have one size"
        around = Correlation(first.features, second.features, self.layout.radius)
        primed = self.update_block.primed(first.context)
        hidden = first.hidden
        flow = torch.zeros_like(hidden[:, :2])
        for _ in range(self.iterations):
            hidden, flow = self.update_block(primed, hidden, around(flow), flow)
        h, w = first.size
        top, left = _padding(h)[0], _padding(w)[0]
        return self.update_block.enlarge(flow, hidden)[..., top : top + h, left : left + w]


def load_raft(path: Path) -> RAFT:
    """Read a published checkpoint, `small` or `large`, as its tensors tell.

    Raises:
        CheckpointError: The file is missing, damaged, or holds something else.
    """
    state = {
        key.removeprefix("module."): tensor for key, tensor in read_state(path, "RAFT").items()
    }
    size: Size = "small" if "fnet.layer1.0.conv3.weight" in state else "large"
    network = RAFT(size)
    fill(network, state, path, f"RAFT {size}")
    return network


def _padding(length: int) -> tuple[int, int]:
    """Pixels before and after, as the published evaluation has it."""
    missing = max(-length % STRIDE, _SMALLEST - length)
    return missing // 2, missing - missing // 2


def _no_norm(_: int) -> nn.Module:
    return nn.Identity()
