"""The temporal module: what inflates an image model to a video model (Sec. 3.2)."""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.ops.attention import TemporalAttention
from videogigagan.ops.initialise import zeroed


class TemporalModule(nn.Module):
    """Layers of [1-D convolution, self-attention] over time, each residual, zero at first.

    Neither looks at neighbouring pixels. A fresh module is the identity, so that a fresh video
    model equals its image model.

    Shapes:
        x:       (b, t, c, h, w)
        result:  (b, t, c, h, w)
    """

    def __init__(self, channels: int, depth: int = 1, *, tied: bool = True) -> None:
        super().__init__()
        # A (3, 1) kernel over (time, pixel) is the 1-D convolution of every pixel at once.
        self.convolutions = nn.ModuleList(
            zeroed(nn.Conv2d(channels, channels, (3, 1))) for _ in range(depth)
        )
        self.attentions = nn.ModuleList(
            TemporalAttention(channels, tied=tied) for _ in range(depth)
        )

    def forward(self, x: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t c h w"]:
        """Mix frames; the size never changes."""
        b, _, _, h, w = x.shape
        x = rearrange(x, "b t c h w -> b c t (h w)")
        for convolution, attention in zip(self.convolutions, self.attentions, strict=True):
            x = x + convolution(_with_neighbours(x))
            # Laid out anew: on a view, every linear layer copies its weights for each pixel.
            pixels = attention(rearrange(x, "b c t p -> (b p) t c").contiguous())
            x = rearrange(pixels, "(b p) t c -> b c t p", b=b)
        return rearrange(x, "b c t (h w) -> b t c h w", h=h, w=w)


def _with_neighbours(x: Tensor) -> Tensor:
    """Repeat the first and the last frame, so that a clip that stands still stays still."""
    return torch.cat((x[:, :, :1], x, x[:, :, -1:]), dim=2)
