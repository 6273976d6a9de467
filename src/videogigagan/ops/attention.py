"""Self-attention with L2 distances as logits (GigaGAN; Sec. 3.1), by PyTorch's fused kernel."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.ops.initialise import zeroed

_HEAD_WIDTH = 64
_GAIN = 0.3  # of the residual branch; GigaGAN keeps it small for stability


class RMSNorm(nn.Module):
    """Divide each token by its root mean square, then scale each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))

    def forward(self, x: Float[Tensor, "... c"]) -> Float[Tensor, "... c"]:
        """Normalise the last axis."""
        return x * (x.square().mean(dim=-1, keepdim=True) + 1e-8).rsqrt() * self.gain


class L2Attention(nn.Module):
    """softmax(-s |q - k|^2) v over a row's tokens, heads of up to 64 channels, s = 1/sqrt(d).

    Shapes:
        x:       (m, l, c): m independent rows of l tokens
        result:  (m, l, c)
    """

    def __init__(self, channels: int, *, tied: bool = True) -> None:
        super().__init__()
        self.heads = max(channels // _HEAD_WIDTH, 1)
        self.query = nn.Linear(channels, channels, bias=False)
        self.key = None if tied else nn.Linear(channels, channels, bias=False)
        self.value = nn.Linear(channels, channels, bias=False)
        self.output = nn.Linear(channels, channels, bias=False)

    def forward(self, x: Float[Tensor, "m l c"]) -> Float[Tensor, "m l c"]:
        """Attend; without a residual."""
        split = "m l (k d) -> m k l d"
        query = rearrange(self.query(x), split, k=self.heads)
        key = query if self.key is None else rearrange(self.key(x), split, k=self.heads)
        value = rearrange(self.value(x), split, k=self.heads)
        return self.output(rearrange(l2_attention(query, key, value), "m k l d -> m l (k d)"))


class SpatialAttention(nn.Module):
    """Self-attention over the positions of a frame, then an MLP, each residual (Sec. 3.1).

    Shapes:
        x:       (n, c, h, w)
        result:  (n, c, h, w)
    """

    def __init__(self, channels: int, *, tied: bool = True) -> None:
        super().__init__()
        self.norm = RMSNorm(channels)
        self.attention = L2Attention(channels, tied=tied)
        self.mlp_norm = RMSNorm(channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels)
        )

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Let every position of a frame look at all others."""
        h = x.shape[2]
        tokens = rearrange(x, "n c h w -> n (h w) c")
        tokens = tokens + _GAIN * self.attention(self.norm(tokens))
        tokens = tokens + _GAIN * self.mlp(self.mlp_norm(tokens))
        return rearrange(tokens, "n (h w) c -> n c h w", h=h)


class TemporalAttention(nn.Module):
    """Self-attention of each pixel over time, residual, zero at first (Sec. 3.2).

    Only the output projection starts at zero: were the values zero too, neither would ever get
    a gradient.

    Shapes:
        x:       (m, t, c): m pixels over t frames
        result:  (m, t, c)
    """

    def __init__(self, channels: int, *, tied: bool = True) -> None:
        super().__init__()
        self.norm = RMSNorm(channels)
        self.attention = L2Attention(channels, tied=tied)
        zeroed(self.attention.output)

    def forward(self, x: Float[Tensor, "m t c"]) -> Float[Tensor, "m t c"]:
        """Let every frame look at all others."""
        return x + self.attention(self.norm(x))


def l2_attention(
    query: Float[Tensor, "m k l d"],
    key: Float[Tensor, "m k j d"],
    value: Float[Tensor, "m k j d"],
) -> Float[Tensor, "m k l d"]:
    """softmax_j(-s |q - k_j|^2) v_j with s = 1/sqrt(d), in one fused call.

    |q|^2 is the same for all keys and cancels in the softmax, so -s |q - k|^2 may be replaced
    by 2s q·k - s |k|^2: one more channel, [2s q, 1]·[k, -s |k|^2]. The value is padded alike,
    because the fused kernels want equal widths.
    """
    scale = query.shape[-1] ** -0.5
    one = torch.ones_like(query[..., :1])
    minus_norm = -scale * key.square().sum(dim=-1, keepdim=True)
    mixed = F.scaled_dot_product_attention(
        torch.cat((2 * scale * query, one), dim=-1),
        torch.cat((key, minus_norm), dim=-1),
        F.pad(value, (0, 1)),
        scale=1.0,
    )
    return mixed[..., :-1]
