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
from videogigagan.frozen.raft_blocks import LAYOUTS, LEVELS, STRIDE, Encoder, Size
from videogigagan.frozen.raft_update import UpdateBlock
from videogigagan.shapes import Flow

_SMALLEST = STRIDE * 2**LEVELS  # the coarsest level still has two rows


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
        self.levels: list[Tensor] = []
        source = rearrange(first, "n f h w -> n (h w) f") * first.shape[1] ** -0.5
        for _ in range(LEVELS):
            products = source @ second.flatten(2)
            height = second.shape[2]
            self.levels.append(rearrange(products, "n p (h w) -> (n p) 1 h w", h=height))
            second = F.avg_pool2d(second, 2)  # linear: as good as pooling the products
        reach = torch.arange(-radius, radius + 1.0, device=first.device)
        self.reach = torch.stack(torch.meshgrid(reach, reach, indexing="ij"), dim=-1)

    def __call__(self, flow: Flow) -> Float[Tensor, "n k h w"]:
        """Products around where each position's flow points to, bilinear, 0 outside.

        Channels: level, then x, then y of the window.
        """
        h, w = flow.shape[2:]
        across = torch.arange(w, device=flow.device) + flow[:, 0]
        down = torch.arange(h, device=flow.device)[:, None] + flow[:, 1]
        centres = rearrange([across, down], "d n h w -> (n h w) 1 1 d")
        windows = []
        for level, products in enumerate(self.levels):
            rows, columns = products.shape[2:]
            unit = 2 / centres.new_tensor([columns - 1, rows - 1])  # grids run from -1 to 1
            grid = (centres * (unit / 2**level) - 1) + self.reach * unit
            window = F.grid_sample(products, grid, align_corners=True)
            windows.append(rearrange(window, "(n h w) 1 x y -> n h w (x y)", h=h, w=w))
        return rearrange(torch.cat(windows, dim=-1), "n h w k -> n k h w")


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
        self.fnet = Encoder(layout, layout.features, nn.InstanceNorm2d)
        self.cnet = Encoder(layout, layout.hidden + layout.context, context_norm)
        self.update_block = UpdateBlock(layout)
        self.requires_grad_(False)  # noqa: FBT003 - PyTorch's own signature
        convert_conv2d_weight_memory_format(self, torch.channels_last)
        self.eval()

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
        passes = self.update_block.gru.passes(first.context)
        hidden = first.hidden
        flow = torch.zeros_like(hidden[:, :2])
        for _ in range(self.iterations):
            hidden, flow = self.update_block(passes, hidden, around(flow), flow)
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
