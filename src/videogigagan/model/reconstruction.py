"""How BasicVSR turns features into pixels: two pixel shuffles, four times (`residual`, E21)."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.ops.resize import bilinear_upsample

_WIDTH = 64  # of the last layers, however wide the propagation is


class Reconstruction(nn.Module):
    """Features to the difference from a bilinear enlargement (BasicVSR, BasicVSR++).

    Shapes:
        frames:    (n, 3, h, w), RGB in [0, 1]
        features:  (n, c, h, w)
        result:    (n, 3, 4h, 4w), RGB, not clamped
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.upconv1 = nn.Conv2d(channels, 4 * channels, 3, padding=1)
        self.upconv2 = nn.Conv2d(channels, 4 * _WIDTH, 3, padding=1)
        self.conv_hr = nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1)
        self.conv_last = nn.Conv2d(_WIDTH, 3, 3, padding=1)

    def forward(
        self, frames: Float[Tensor, "n 3 h w"], features: Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "n 3 H W"]:
        """Enlarge four times."""
        x = F.leaky_relu(F.pixel_shuffle(self.upconv1(features), 2), 0.1)
        x = F.leaky_relu(F.pixel_shuffle(self.upconv2(x), 2), 0.1)
        x = F.leaky_relu(self.conv_hr(x), 0.1)
        return self.conv_last(x) + bilinear_upsample(frames, 4)
