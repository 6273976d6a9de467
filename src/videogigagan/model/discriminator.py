"""The discriminator: one for images, inflated by temporal modules (Sec. 3.2; D21, D22)."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from videogigagan.model.config import DiscriminatorConfig, Level
from videogigagan.model.temporal import TemporalModule
from videogigagan.ops.attention import SpatialAttention
from videogigagan.ops.filters import LowPass, subsample
from videogigagan.ops.layout import clips_of, frames_of
from videogigagan.ops.recompute import Forgetful
from videogigagan.ops.resize import bilinear_upsample, pad_to_multiple
from videogigagan.shapes import Clip, LargeClip

_GAIN = 0.4  # of the residual branches that keep the size, as in the generator


class JudgeBlock(Forgetful):
    """Two convolutions beside an identity; the sum keeps its variance.

    Shapes:
        x:       (n, c, h, w)
        result:  (n, c, h, w)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = convolution(channels, channels)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Refine `x`."""
        y = activate(self.second(activate(self.first(x))))
        return (x + _GAIN * y) / math.sqrt(1 + _GAIN**2)


class HalvingBlock(Forgetful):
    """StyleGAN2's residual block: both ways are low-passed before they are subsampled.

    The filter is that of the encoder (Sec. 3.4): the verdict hardly depends on a pixel's shift.

    Shapes:
        x:       (n, i, h, w), h and w even
        result:  (n, o, h/2, w/2)
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.low_pass = LowPass()
        self.first = convolution(in_channels, in_channels)
        self.second = convolution(in_channels, channels, stride=2)
        self.skip = convolution(in_channels, channels, 1, padding=0)

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h/2 w/2"]:
        """Halve."""
        y = activate(self.second(self.low_pass(activate(self.first(x)))))
        return (self.skip(subsample(self.low_pass(x))) + y) / math.sqrt(2)


class JudgeLevel(nn.Module):
    """One resolution: blocks, spatial attention, temporal module.

    Shapes:
        x:       (n, c, h, w), n = b·t
        result:  (n, c, h, w)
    """

    def __init__(self, level: Level, blocks: int, *, tied: bool) -> None:
        super().__init__()
        width = level.channels
        self.blocks = nn.Sequential(*(JudgeBlock(width) for _ in range(blocks)))
        self.attention = nn.Sequential(
            *(SpatialAttention(width, tied=tied) for _ in range(level.attention))
        )
        self.temporal = (
            TemporalModule(width, level.temporal, tied=tied) if level.temporal else None
        )

    def forward(self, x: Float[Tensor, "n c h w"], *, batch: int) -> Float[Tensor, "n c h w"]:
        """Look closely; the size never changes."""
        x = self.attention(self.blocks(x))
        if self.temporal is None:
            return x
        return frames_of(self.temporal(clips_of(x, batch)))


class Discriminator(nn.Module):
    """How real each frame of a clip looks, given the others: one logit per frame.

    StyleGAN2's fully connected layer is written as a 4x4 convolution: at the nominal size it
    has one place, and on larger clips the mean over all places is the verdict, unless each
    place shall have its own. Clips of
    any other size are extended by reflection to the next multiple that the levels need.

    Shapes:
        clip:    (b, t, 3, H, W), RGB in [0, 1], any size
        small:   (b, t, 3, h, w), the low-resolution clip; for a conditional discriminator only
        seen:    (n, c, y, x) for each level below the first, n = b·t: a frozen network's
                 features; for a discriminator that is shown some, of clips that fit its levels
        logits:  (b, t), or (b, t, p) where each place has its own
    """

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        *upper, bottom = config.levels
        widths = [level.channels for level in config.levels]
        self.from_rgb = convolution(6 if config.conditional else 3, widths[0], 1, padding=0)
        self.levels = nn.ModuleList(
            JudgeLevel(level, level.blocks - 1, tied=config.tied_attention) for level in upper
        )
        self.halvings = nn.ModuleList(
            HalvingBlock(wide, narrow) for wide, narrow in pairwise(widths)
        )
        self.from_seen = nn.ModuleList(
            convolution(seen, width, 1, padding=0)
            for seen, width in zip(config.seen, widths[1:], strict=False)
        )
        self.bottom = JudgeLevel(bottom, bottom.blocks, tied=config.tied_attention)
        self.mix = convolution(widths[-1] + int(config.batch_deviation), widths[-1])
        self.gather = convolution(widths[-1], widths[-1], 4, padding=0)
        self.verdict = convolution(widths[-1], 1, 1, padding=0)

    def forward(
        self, clip: LargeClip, small: Clip | None = None, seen: Sequence[Tensor] = ()
    ) -> Float[Tensor, "b t *p"]:
        """Judge.

        Attention does without fused kernels: R1 differentiates twice, which they cannot.
        """
        assert (small is not None) == self.config.conditional
        assert len(seen) == len(self.config.seen)
        x = frames_of(clip)
        if small is not None:
            factor = x.shape[-1] // small.shape[-1]
            x = torch.cat((x, bilinear_upsample(frames_of(small), factor)), dim=1)
        x = pad_to_multiple(2 * x - 1, self.config.multiple, self.config.smallest)
        x = activate(self.from_rgb(x))
        with sdpa_kernel(SDPBackend.MATH):
            for index, level in enumerate(self.levels):
                x = self.halvings[index](level(x, batch=len(clip)))
                if seen:
                    x = (x + self.from_seen[index](seen[index])) / math.sqrt(2)
            x = self.bottom(x, batch=len(clip))
        if self.config.batch_deviation:
            x = with_batch_deviation(x)
        x = activate(self.gather(activate(self.mix(x))))
        logits = rearrange(self.verdict(x), "(b t) 1 h w -> b t (h w)", b=len(clip))
        return logits if self.config.places else logits.mean(dim=2)


def with_batch_deviation(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
    """Append a channel with the mean deviation of the features over all frames (StyleGAN)."""
    deviation = (x.var(dim=0, correction=0) + 1e-8).sqrt().mean()
    return torch.cat((x, deviation.expand_as(x[:, :1])), dim=1)


def convolution(
    in_channels: int, channels: int, size: int = 3, *, stride: int = 1, padding: int = 1
) -> nn.Conv2d:
    """A convolution that starts with the variance of its output equal to that of its input."""
    layer = nn.Conv2d(in_channels, channels, size, stride=stride, padding=padding)
    assert layer.bias is not None
    nn.init.normal_(layer.weight, std=1 / math.sqrt(in_channels * size**2))
    nn.init.zeros_(layer.bias)
    return layer


def activate(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """LeakyReLU(0.2), with StyleGAN2's gain, which keeps the variance."""
    return F.leaky_relu(x, 0.2) * math.sqrt(2)
