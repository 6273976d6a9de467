"""The shape of every network, as plain data: checkpoint header and documentation at once."""

from dataclasses import dataclass
from typing import Literal

from videogigagan.errors import ConfigError
from videogigagan.model.shuttle import SkipContent
from videogigagan.ops.style import NoiseMode

Residual = Literal["none", "bicubic", "reconstruction"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """One resolution of the U-Net's encoder or decoder, or of the discriminator."""

    channels: int = 512
    """Width of its feature maps."""
    blocks: int = 4
    """Synthesis blocks, two modulated convolutions each."""
    filters: int = 1
    """Kernels in the bank that adaptive kernel selection mixes (N)."""
    attention: int = 0
    """Layers of spatial self-attention; decoder and discriminator only."""
    temporal: int = 0
    """Layers of the temporal module; decoder and discriminator only."""

    def __post_init__(self) -> None:
        if min(self.channels, self.blocks, self.filters) < 1:
            raise ConfigError(
                "level: channels, blocks and filters must be at least 1. Raise them."
            )
        if min(self.attention, self.temporal) < 0:
            raise ConfigError("level: attention and temporal count layers. Give 0 for none.")


@dataclass(frozen=True, kw_only=True, slots=True)
class CleaningConfig:
    """What takes noise and compression out of small frames; ours, not the paper's (E48)."""

    channels: int = 64
    """Width of its features, at half the size of the frames."""
    blocks: int = 8
    """Residual blocks."""

    def __post_init__(self) -> None:
        if min(self.channels, self.blocks) < 1:
            raise ConfigError("cleaning: channels and blocks must be at least 1. Raise them.")


@dataclass(frozen=True, kw_only=True, slots=True)
class PropagationConfig:
    """The flow-guided propagation module (Sec. 3.3, supplement B.2)."""

    form: Literal["basicvsr", "basicvsr++"] = "basicvsr++"
    """`basicvsr`: first order, warp only; `basicvsr++`: second-order grid, deformable."""
    channels: int = 64
    """Width of the features."""
    blocks: int = 7
    """Residual blocks in each branch."""
    iterations: int = 2
    """Backward-and-forward passes; `basicvsr` has one."""
    alignment: Literal["dcn", "flow"] = "dcn"
    """`dcn`: flow-guided deformable convolution; `flow`: the warp alone, as in `basicvsr`."""
    gated: bool = False
    """Nothing is carried along a flow whose way there and back does not close."""
    run_up: int = 0
    """Frames that are passed before a shot and behind it, mirrored, so that what is carried
    along has settled when it begins; ours, not the paper's (E52)."""

    def __post_init__(self) -> None:
        if min(self.channels, self.blocks, self.iterations) < 1:
            raise ConfigError(
                "propagation: channels, blocks and iterations must be at least 1. Raise them."
            )
        if self.run_up < 0:
            raise ConfigError("propagation: run_up counts frames. Give 0 for none.")
        if self.form == "basicvsr++" and self.alignment == "dcn" and self.channels % 8:
            raise ConfigError(
                f"propagation: dcn moves 16 groups of channels, so channels must be a multiple "
                f"of 8, not {self.channels}."
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class GeneratorConfig:
    """The generator: propagation, then an asymmetric U-Net (Sec. 3, Eq. 1)."""

    scale: int = 4
    """Upsampling factor, 2^k."""
    latent_dim: int = 512
    """Width of z."""
    style_dim: int = 512
    """Width of w."""
    mapping_layers: int = 4
    """Layers from z to w."""
    encoder: tuple[Level, ...]
    """Levels from the input's resolution downwards (E_0, E_1, E_2), each halving it."""
    decoder: tuple[Level, ...]
    """Levels upwards (D_0 … D_{k+2}), each doubling the resolution."""
    propagation: PropagationConfig | None = PropagationConfig()
    """None: the U-Net sees nothing of a frame's neighbours (Table 1, rows 1 and 2)."""
    cleaning: CleaningConfig | None = None
    """For video that is not clean: frames are cleaned before anything else sees them."""
    stem: Literal["replace", "add"] = "replace"
    """With propagation: `replace` the pixels by the features, as the paper does, or `add` the
    features, zero at first, to the image model's stem, for a warm start from an image model."""
    downsampling: Literal["blurpool", "strided"] = "blurpool"
    """Low-pass filter before subsampling (Sec. 3.4), or GigaGAN's plain strided convolution."""
    skip: SkipContent = "high"
    """What skip connections carry; `high` is the HF shuttle (Sec. 3.5)."""
    residual: Residual = "none"
    """What the result is added to: the `bicubic` enlargement of the pixels, or the
    `reconstruction` that BasicVSR's own last layers make of the features. Helps small models
    and short training."""
    noise: NoiseMode = "const"
    """Noise of the layers: one constant map for a whole video, new for each frame, or none."""
    tied_attention: bool = True
    """Query and key share their weights, as in GigaGAN."""

    def __post_init__(self) -> None:
        k = self.scale.bit_length() - 1
        if self.scale < 2 or self.scale != 2**k:
            raise ConfigError(
                f"scale must be 2, 4, 8 or a higher power of two, not {self.scale}."
            )
        if min(self.latent_dim, self.style_dim, self.mapping_layers) < 1:
            raise ConfigError(
                "latent_dim, style_dim and mapping_layers must be at least 1. Raise them."
            )
        depth = len(self.encoder)
        if depth < 1 or len(self.decoder) != depth + k:
            raise ConfigError(
                f"decoder has {len(self.decoder)} levels; {depth} encoder levels and scale "
                f"{self.scale} need {depth + k}."
            )
        down = [level.channels for level in self.encoder]
        up = [level.channels for level in self.decoder[:depth]]
        if down[::-1] != up:
            raise ConfigError(
                f"skips are added, so the first decoder levels must be as wide as the "
                f"encoder's, reversed ({down[::-1]}), not {up}."
            )
        if any(level.attention or level.temporal for level in self.encoder):
            raise ConfigError(
                "encoder levels have no attention and no temporal layers. Give 0."
            )

        form = None if self.propagation is None else self.propagation.form
        if self.residual == "reconstruction" and (form, self.scale) != ("basicvsr", 4):
            raise ConfigError(
                "residual: reconstruction enlarges BasicVSR's features four times. Give "
                "propagation of that form and scale 4, or residual bicubic."
            )

    @property
    def feature_channels(self) -> int:
        """Of what propagation gathers, the pixels included."""
        return 3 + (0 if self.propagation is None else self.propagation.channels)

    @property
    def multiple(self) -> int:
        """Input sides are padded to a multiple of this."""
        return 2 ** len(self.encoder)


@dataclass(frozen=True, kw_only=True, slots=True)
class DiscriminatorConfig:
    """The discriminator: a residual one for images, inflated by temporal modules (Sec. 3.2)."""

    levels: tuple[Level, ...]
    """Levels from the clip's resolution downwards, each half the size of the one before. The
    last block of each does the halving, except at the last level, nominally of 4 pixels to a
    side."""
    conditional: bool = False
    """It also sees the low-resolution clip, enlarged."""
    batch_deviation: bool = False
    """It also sees how much the frames of the batch differ (StyleGAN's minibatch deviation)."""
    places: bool = False
    """Each place of a frame gets a verdict of its own (PatchGAN), not their mean."""
    seen: tuple[int, ...] = ()
    """Channels of features that every level below the first is shown besides, at its size: what
    a network that never learns sees of the clip. Empty: none."""
    tied_attention: bool = True
    """Query and key share their weights, as in GigaGAN."""

    def __post_init__(self) -> None:
        if len(self.levels) < 2:
            raise ConfigError(
                f"discriminator: levels has {len(self.levels)} entries. Give two at least."
            )
        if self.seen and len(self.seen) != len(self.levels) - 1:
            raise ConfigError(
                f"discriminator: seen has {len(self.seen)} entries for {len(self.levels)} "
                "levels. Give one for each level below the first, or none."
            )
        if any(level.filters > 1 for level in self.levels):
            raise ConfigError("discriminator: no style selects its kernels. Give filters 1.")

    @property
    def multiple(self) -> int:
        """Sides of a clip are padded to a multiple of this."""
        return 2 ** (len(self.levels) - 1)

    @property
    def smallest(self) -> int:
        """And to this at least, so that four pixels to a side are left."""
        return 4 * self.multiple

    def fits(self, side: int) -> bool:
        """Whether a side needs no padding."""
        return side >= self.smallest and side % self.multiple == 0
