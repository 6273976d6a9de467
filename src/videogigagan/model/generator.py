"""VideoGigaGAN's generator: `propagate` a shot, then `render` it chunk by chunk (Sec. 3.3)."""

import copy

import torch
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.model.cleaning import Cleaning
from videogigagan.model.config import GeneratorConfig, PropagationConfig
from videogigagan.model.course import Span
from videogigagan.model.decoder import Decoder
from videogigagan.model.encoder import Encoder
from videogigagan.model.grid_propagation import GridPropagation
from videogigagan.model.mapping import MappingNetwork
from videogigagan.model.propagation import BidirectionalPropagation, Past
from videogigagan.model.reconstruction import Reconstruction
from videogigagan.ops.convolution import AdaptiveConv2d, ToRGB
from videogigagan.ops.initialise import zeroed
from videogigagan.ops.layout import clips_of, frames_of
from videogigagan.ops.resize import bicubic_upsample, pad_to_multiple, rounded_up
from videogigagan.ops.style import Region, Style
from videogigagan.shapes import Clip, Features, LargeClip

_SMALLEST_SIDE = 16  # the low-pass filter reflects its border, at the coarsest level too


class Stem(nn.Module):
    """First layer of the U-Net: from pixels, features, or both, to the encoder's width.

    Shapes:
        x:       (n, 3 + f, h, w), pixels first
        result:  (n, c, h, w)
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        width, propagation = config.encoder[0].channels, config.propagation
        self.pixels = self.features = None
        if propagation is None or config.stem == "add":
            self.pixels = nn.Conv2d(3, width, 3, padding=1)
        if propagation is not None:
            self.features = nn.Conv2d(propagation.channels, width, 3, padding=1)
            if config.stem == "add":
                zeroed(self.features)

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n c h w"]:
        """Combine what there is; pixels enter in [-1, 1]."""
        parts: list[Tensor] = []
        if self.pixels is not None:
            parts.append(self.pixels(2 * x[:, :3] - 1))
        if self.features is not None:
            parts.append(self.features(x[:, 3:]))
        return sum(parts[1:], parts[0])


class Generator(nn.Module):
    """X = G(x, z) for a clip x and one random vector z (Eq. 1).

    Shapes:
        clip:      (b, t, 3, h, w), RGB in [0, 1], any size
        features:  (b, t, 3 + f, h, w): each frame's pixels, cleaned where there is cleaning,
            then what propagation gathered
        result:    (b, t, 3, H, W), RGB, nominally in [0, 1], not clamped
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.mapping = MappingNetwork(
            config.latent_dim, config.style_dim, config.mapping_layers
        )
        self.cleaning = None if config.cleaning is None else Cleaning(config.cleaning)
        self.propagation = (
            None if config.propagation is None else build_propagation(config.propagation)
        )
        self.reconstruction = (
            Reconstruction(config.propagation.channels)
            if config.residual == "reconstruction" and config.propagation is not None
            else None
        )
        self.stem = Stem(config)
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        for number, layer in enumerate(
            m for m in self.modules() if isinstance(m, AdaptiveConv2d)
        ):
            layer.layer = number  # each layer has a noise map of its own

    def forward(self, clip: Clip, style: Style | None = None) -> LargeClip:
        """Upscale one short clip in one go; seed 0 decides the style unless one is given."""
        return self.render(self.propagate(clip), style or self.style())

    def style(self, seed: int = 0) -> Style:
        """The style that a seed stands for; the same on every device."""
        z = torch.randn(
            1, self.config.latent_dim, generator=torch.Generator().manual_seed(seed)
        )
        vector = self.mapping(z.to(next(self.parameters())))
        return Style(vector=vector, seed=seed, noise=self.config.noise)

    def region(self, top: int, left: int, rows: int, whole: tuple[int, int]) -> Region:
        """Where a part of a frame lies, for `Style`; all in pixels of the small frame.

        Args:
            top: Rows above it, a multiple of the coarsest pixels, as is `left`.
            left: Columns to the left of it.
            rows: Its height.
            whole: Height and width of the frame.
        """
        multiple = self.config.multiple
        assert top % multiple == 0
        assert left % multiple == 0
        rows, height, width = (
            rounded_up(side, multiple, _SMALLEST_SIDE) for side in (rows, *whole)
        )
        return Region(top=top, left=left, rows=rows, height=height, width=width)

    def clean(self, clip: Clip) -> Clip:
        """Take out noise and compression, frame by frame; nothing without `cleaning`."""
        if self.cleaning is None:
            return clip
        frames = frames_of(clip)
        parts = (frames,) if self.training else frames.split(1)
        return clips_of(torch.cat([self.cleaning(part) for part in parts]), len(clip))

    def propagate(self, clip: Clip, *, storage: torch.dtype | None = None) -> Features:
        """Gather features over a whole shot (Sec. 3.3).

        Args:
            clip: One shot; nothing in it should be a scene cut.
            storage: Type in which features rest; half precision halves a long shot's memory.
        """
        return self.propagate_window(clip, storage=storage)[0]

    def propagate_window(
        self,
        clip: Clip,
        span: Span | None = None,
        *,
        past: Past | None = None,
        storage: torch.dtype | None = None,
    ) -> tuple[Float[Tensor, "b k f h w"], Past | None]:
        """Gather features over a window of a shot, which may be of any length.

        Args:
            clip: The window, and frames behind it to look ahead to; where there is no past,
                frames before it, too.
            span: Which frames are the window; the whole clip when None.
            past: What was returned with the window before; None at the start of a shot.
            storage: As in `propagate`.

        Returns:
            Features of the window, and what the next one is told.
        """
        span = span or Span(end=clip.shape[1])
        storage = storage or clip.dtype
        clip = self.clean(clip)
        pixels = clip[:, span.begin : span.end].to(storage)
        if self.propagation is None:
            return pixels, None
        made = self.propagation.window(clip, span, past=past, storage=storage)
        return torch.cat((pixels, made.features), dim=2), made.past

    def render(self, features: Features, style: Style) -> LargeClip:
        """Turn a chunk of features into frames.

        Chunks do not overlap and know of one another through propagation alone (Sec. 3.3).
        """
        b, _, _, h, w = features.shape
        small = frames_of(features).to(style.vector.dtype)
        padded = pad_to_multiple(small, self.config.multiple, _SMALLEST_SIDE)
        bottom, skips = self.encoder(self.stem(padded), style)
        large = self.decoder(bottom, skips, style, batch=b)
        large = large[..., : h * self.config.scale, : w * self.config.scale]
        if self.config.residual == "none":
            return clips_of((large + 1) / 2, b)
        return clips_of(self._enlarged(small) + large / 2, b)

    def _enlarged(self, small: Float[Tensor, "n i h w"]) -> Float[Tensor, "n 3 H W"]:
        """What the U-Net's result is added to; no frame needs another."""
        pixels, features = small[:, :3], small[:, 3:]
        if self.reconstruction is None:
            return bicubic_upsample(pixels, self.config.scale)
        if self.training:
            return self.reconstruction(pixels, features)
        frames = zip(pixels.split(1), features.split(1), strict=True)
        return torch.cat([self.reconstruction(*frame) for frame in frames])

    def bake(self, style: Style) -> "Generator":
        """A copy whose kernels are fixed to one style: plain convolutions, for inference alone.

        `render` of the copy ignores the vector of the style that it is given and reads its
        noise only.
        """
        baked = copy.deepcopy(self)
        for parent in list(baked.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, AdaptiveConv2d | ToRGB):
                    setattr(parent, name, child.bake(style))
        return baked.requires_grad_(False).eval()  # noqa: FBT003 - PyTorch's own signature


def build_propagation(config: PropagationConfig) -> BidirectionalPropagation | GridPropagation:
    """Construct the propagation module that a configuration names."""
    if config.form == "basicvsr":
        return BidirectionalPropagation(
            config.channels, config.blocks, gated=config.gated, run_up=config.run_up
        )
    return GridPropagation(
        config.channels,
        config.blocks,
        iterations=config.iterations,
        alignment=config.alignment,
        gated=config.gated,
        run_up=config.run_up,
    )
