"""BasicVSR (Chan et al., CVPR 2021): our propagation with BasicVSR's reconstruction tail."""

import torch
import torch.nn.functional as F
from torch import nn

from videogigagan.model.propagation import BidirectionalPropagation
from videogigagan.model.warm_start import load_strictly, propagation_from_basicvsr, unwrapped
from videogigagan.ops.layout import clips_of, frames_of
from videogigagan.ops.resize import bilinear_upsample
from videogigagan.shapes import Clip, LargeClip

_TAIL = ("upconv1", "upconv2", "conv_hr", "conv_last")


class BasicVSR(nn.Module):
    """The 4x regression baseline; 6,291,311 parameters with 64 channels and 30 blocks.

    Shapes:
        clip:    (b, t, 3, h, w), RGB in [0, 1]
        result:  (b, t, 3, 4h, 4w), RGB, not clamped
    """

    def __init__(self, channels: int = 64, blocks: int = 30) -> None:
        super().__init__()
        self.propagation = BidirectionalPropagation(channels, blocks)
        self.upconv1 = nn.Conv2d(channels, 4 * channels, 3, padding=1)
        self.upconv2 = nn.Conv2d(channels, 4 * 64, 3, padding=1)
        self.conv_hr = nn.Conv2d(64, 64, 3, padding=1)
        self.conv_last = nn.Conv2d(64, 3, 3, padding=1)

    def forward(self, clip: Clip) -> LargeClip:
        """Upscale one shot four times."""
        features = self.propagation(clip)
        frames = [
            self._reconstruct(*pair)
            for pair in zip(frames_of(clip), frames_of(features), strict=True)
        ]
        return clips_of(torch.stack(frames), len(clip))

    def _reconstruct(self, frame: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        x = F.leaky_relu(F.pixel_shuffle(self.upconv1(features[None]), 2), 0.1)
        x = F.leaky_relu(F.pixel_shuffle(self.upconv2(x), 2), 0.1)
        x = F.leaky_relu(self.conv_hr(x), 0.1)
        return (self.conv_last(x) + bilinear_upsample(frame[None], 4))[0]

    def load_released(self, content: object, *, name: str = "BasicVSR weights") -> None:
        """Load a BasicSR checkpoint, every key of it, strictly; `name` is for messages."""
        weights = unwrapped(content)
        state = {
            f"propagation.{key}": value
            for key, value in propagation_from_basicvsr(weights).items()
        }
        state |= {key: value for key, value in weights.items() if key.startswith(_TAIL)}
        load_strictly(self, state, name=name)
