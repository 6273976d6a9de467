"""Plain residual blocks, as the propagation network uses them (BasicVSR; no normalisation)."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

_EXACT = 3  # blocks of a stack that are never rounded


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(x))), channels unchanged.

    The convolutions compute in the type of their weights, the sum is of the type of `x`: what
    is carried from frame to frame keeps its precision where the blocks are in bfloat16.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Refine `x`; the size never changes."""
        y = self.conv2(F.relu(self.conv1(x.to(self.conv1.weight.dtype))))
        return x + y.to(x.dtype)


class ResidualStack(nn.Module):
    """A convolution that sets the width, LeakyReLU(0.1), then residual blocks.

    Shapes:
        x:       (n, c_in, h, w)
        result:  (n, c_out, h, w)
    """

    def __init__(self, in_channels: int, channels: int, blocks: int) -> None:
        super().__init__()
        self.entry = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(channels) for _ in range(blocks)))

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h w"]:
        """Run entry and blocks; what the blocks add to is of the type of `x`."""
        return self.blocks(F.leaky_relu(self.entry(x), 0.1).to(x.dtype))


def blocks_in_bf16(network: nn.Module) -> None:
    """Let residual blocks compute in bfloat16, all but the first ones of a stack.

    Those turn what enters into a state: in BasicVSR's weights the second adds six times as much
    as any behind it. Of the squared error that rounding all 30 blocks makes, three quarters
    come from the first three, and a picture that stands still moves by that.
    """
    for module in network.modules():
        if isinstance(module, ResidualStack):
            module.blocks[_EXACT:].to(torch.bfloat16)
