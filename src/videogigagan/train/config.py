"""What a training run is, as plain data: the paper's recipe is the default."""

from dataclasses import asdict, dataclass
from typing import Literal

from videogigagan.data.settings import DataConfig
from videogigagan.errors import ConfigError
from videogigagan.frozen.efficientnet import WIDTHS
from videogigagan.frozen.trunks import Trunk
from videogigagan.model.config import DiscriminatorConfig, GeneratorConfig
from videogigagan.train.cache import CacheConfig
from videogigagan.train.losses import SPECTRUM_TILE

Stage = Literal["image", "video"]
Precision = Literal["fp32", "bf16"]

_SMALLEST_JUDGED = 39  # AlexNet's first layers need 31 pixels; the window moves by 8


@dataclass(frozen=True, kw_only=True, slots=True)
class LossWeights:
    """Scales of the terms of Eq. 2; the values of Sec. 4.1."""

    gan: float = 0.05
    """Adversarial term of the generator (mu_GAN); the discriminator's own loss stays unscaled.
    0: no discriminator is trained."""
    r1: float = 0.2048
    """Gradient penalty of the discriminator (mu_R1), halved in use as in StyleGAN2 (D23)."""
    lpips: float = 5.0
    """Perceptual similarity (mu_LPIPS)."""
    charbonnier: float = 10.0
    """Pixel fidelity (mu_Char)."""
    features: float = 0.0
    """Ours, not the paper's: distance of EfficientNet's features, a second opinion to LPIPS."""
    grid: float = 0.0
    """Ours, not the paper's: texture that comes again with the grid of the output."""
    spectrum: float = 0.0
    """Ours, not the paper's: how much texture there is of each scale, wherever it lies."""
    steadiness: float = 0.0
    """Ours, not the paper's: how much more the result changes along the flow than the truth."""
    cleaning: float = 0.0
    """Ours, not the paper's: how far cleaned frames are from the truth, bicubically reduced."""

    def __post_init__(self) -> None:
        for name, weight in asdict(self).items():
            if not weight >= 0:
                raise ConfigError(f"losses: {name} must be at least 0, not {weight}.")
        if not self._of_generator():
            raise ConfigError(
                "losses: nothing teaches the generator. Give gan, lpips, charbonnier, "
                "features, grid, spectrum, steadiness or cleaning a weight above 0."
            )

    @property
    def cleaning_alone(self) -> bool:
        """Whether nothing looks at the results, so that none need be made."""
        return self._of_generator() == {"cleaning"}

    def _of_generator(self) -> set[str]:
        """Terms that teach the generator something."""
        return {name for name, weight in asdict(self).items() if weight and name != "r1"}


@dataclass(frozen=True, kw_only=True, slots=True)
class OptimiserConfig:
    """Adam for both networks (Supp. C); what the paper leaves open is GigaGAN's (D24, D25)."""

    rate: float = 5e-5
    """Learning rate of the generator."""
    discriminator_rate: float = 5e-5
    """Learning rate of the discriminator."""
    muon_rate: float | None = None
    """Ours, not the paper's: the learning rate of the generator's kernels under Muon, which
    moves them as matrices. Propagation, whose recurrence magnifies every step, keeps to Adam,
    and so does what makes colours. None: Adam moves everything."""
    betas: tuple[float, float] = (0.0, 0.99)
    """Decay of the two moments."""
    eps: float = 1e-8
    """Keeps the division finite."""
    warmup: int = 0
    """Steps over which both rates rise from zero."""
    schedule: Literal["constant", "cosine"] = "constant"
    """What follows: no change, as in the paper, or half a cosine."""
    final_share: float = 0.01
    """Where the cosine ends, as a share of the rate."""
    propagation_share: float = 1.0
    """Ours, not the paper's: the rate of propagation, flow left out, as a share of the
    generator's."""
    flow_share: float = 0.25
    """The flow network's rate, as a share of the generator's (BasicVSR's practice)."""
    flow_frozen: int = 5000
    """Steps before the flow network starts to learn."""
    gradient_norm: float | None = None
    """Longer gradients are shortened to this; None: left as they are."""

    def __post_init__(self) -> None:
        if not min(self.rate, self.discriminator_rate, self.eps) > 0:
            raise ConfigError(
                "optimiser: rate, discriminator_rate and eps must be greater than 0."
            )
        if self.muon_rate is not None and not self.muon_rate > 0:
            raise ConfigError(
                f"optimiser: muon_rate must be greater than 0, not {self.muon_rate}. Set it to "
                "null for Adam."
            )
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ConfigError(f"optimiser: betas are two numbers in [0, 1), not {self.betas}.")
        if min(self.warmup, self.flow_frozen) < 0:
            raise ConfigError("optimiser: warmup and flow_frozen count steps. Give 0 for none.")
        for name in ("final_share", "propagation_share", "flow_share"):
            if not 0 <= (share := asdict(self)[name]) <= 1:
                raise ConfigError(f"optimiser: {name} must lie in [0, 1], not {share}.")
        if self.gradient_norm is not None and not self.gradient_norm > 0:
            raise ConfigError(
                f"optimiser: gradient_norm must be greater than 0, not {self.gradient_norm}."
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class StartConfig:
    """Weights to begin from, as paths; what is not named starts fresh."""

    image: str | None = None
    """A trained image generator, inflated to the video model (Sec. 3.2)."""
    generator: str | None = None
    """A generator of the same shape."""
    propagation: str | None = None
    """Released BasicVSR or BasicVSR++ weights, for flow, propagation and reconstruction."""
    discriminator: str | None = None
    """A discriminator of the same shape, or an image discriminator to inflate."""

    def __post_init__(self) -> None:
        if self.image is not None and self.generator is not None:
            raise ConfigError("start: image and generator exclude each other. Name one.")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """One stage of training: with its defaults, the recipe of Sec. 4.1."""

    name: str = "run"
    """What the run is called, in its notes and those of its weights."""
    stage: Stage
    """`image`: single frames; `video`: clips."""
    generator: GeneratorConfig
    """The generator."""
    discriminator: DiscriminatorConfig | None
    """The discriminator; None where the adversarial term weighs nothing."""
    data: DataConfig | CacheConfig
    """What it learns from."""
    losses: LossWeights = LossWeights()
    """Scales of the loss terms."""
    trunk: Trunk = "vgg"
    """Network behind LPIPS as a loss (D27)."""
    optimiser: OptimiserConfig = OptimiserConfig()
    """How the weights move."""
    start: StartConfig = StartConfig()
    """Where the weights begin."""
    steps: int = 100_000
    """Optimiser steps."""
    batch: int = 32
    """Clips in a step, over all devices."""
    micro_batch: int = 1
    """Clips that pass through the networks at once on one device; they share z and noise."""
    r1_every: int = 16
    """The gradient penalty is taken every so many steps, and weighs as many times more."""
    average: float = 0.999
    """Decay of the moving average of the generator's weights."""
    precision: Precision = "fp32"
    """`bf16`: U-Net and discriminator compute in bfloat16 where autocast sees fit."""
    checkpointing: bool = False
    """Forget what blocks computed and compute it again on the way back: less memory, a third
    more time, the same result."""
    frozen_propagation: bool = False
    """Leave flow and propagation as they start, and cleaning unless it has a loss."""
    reach: int | None = None
    """Frames on either side of those that are rendered through which gradients pass; what lies
    further away is propagated all the same (truncated backpropagation through time). All of
    them when None."""
    save_every: int = 500
    """Steps between saved states."""
    sample_every: int = 500
    """Steps between sample pictures."""
    validate_every: int = 2000
    """Steps between validations."""
    seed: int = 0
    """Start of every random choice."""

    def __post_init__(self) -> None:
        counts = ("steps", "batch", "micro_batch", "r1_every")
        periods = ("save_every", "sample_every", "validate_every")
        for name in counts + periods:
            if (value := asdict(self)[name]) < 1:
                raise ConfigError(f"training: {name} must be at least 1, not {value}.")
        if self.batch % self.micro_batch:
            raise ConfigError(
                f"training: a batch of {self.batch} does not divide into micro-batches of "
                f"{self.micro_batch}. Change one of them."
            )
        if self.reach is not None and self.reach < 0:
            raise ConfigError(f"training: reach must be at least 0, not {self.reach}.")
        if not 0 <= self.average < 1:
            raise ConfigError(f"training: average must lie in [0, 1), not {self.average}.")
        self._check_parts()

    @property
    def picture_side(self) -> int:
        """Pixels to a side of the pictures that are judged."""
        size = self.data.crop if isinstance(self.data, CacheConfig) else self.data.small_size
        return self.generator.scale * size

    @property
    def propagation_stays(self) -> bool:
        """Whether flow and propagation are left as they start."""
        if isinstance(self.data, CacheConfig) and not self.data.propagated:
            return True
        return self.frozen_propagation

    def _check_parts(self) -> None:
        """What the networks, the losses and the data ask of one another."""
        if (self.discriminator is None) != (self.losses.gan == 0):
            raise ConfigError(
                f"training: losses.gan is {self.losses.gan}, so the discriminator must be "
                f"{'null' if self.losses.gan == 0 else 'described'}. Change one of them."
            )
        if (self.stage == "image") != (self.data.frames == 1):
            raise ConfigError(
                f"training: the {self.stage} stage cannot learn from clips of "
                f"{self.data.frames} frames. Give 1 to an image stage, more to a video stage."
            )
        propagation = self.generator.propagation is not None
        if self.stage == "image" and propagation and not self.propagation_stays:
            raise ConfigError(
                "training: single frames teach propagation nothing. Leave it out of the "
                "generator in the image stage, freeze it, or learn from cached features."
            )
        self._check_judged(self.picture_side)
        self._check_shown(self.picture_side)
        self._check_cleaning()
        if self.losses.steadiness > 0 and not propagation:
            raise ConfigError(
                "training: steadiness needs the flow of a generator with propagation. "
                "Set losses.steadiness to 0."
            )

    def _check_cleaning(self) -> None:
        """What the loss of cleaning asks of generator and data."""
        if self.losses.cleaning == 0:
            return
        if self.generator.cleaning is None:
            raise ConfigError(
                "training: losses.cleaning needs a generator with cleaning. Describe it, or "
                "set losses.cleaning to 0."
            )
        if isinstance(self.data, CacheConfig):
            raise ConfigError(
                "training: cached features are of frames that have been cleaned. Give clips, "
                "or set losses.cleaning to 0."
            )

    def _check_judged(self, side: int) -> None:
        """Whether pictures with such sides are large enough for the losses."""
        if self.losses.lpips + self.losses.features > 0 and side < _SMALLEST_JUDGED:
            raise ConfigError(
                f"training: LPIPS cannot judge pictures of {side}x{side} pixels, only from "
                f"{_SMALLEST_JUDGED} on. Give larger crops, or set losses.lpips and "
                f"losses.features to 0."
            )
        if self.losses.spectrum > 0 and side < SPECTRUM_TILE:
            raise ConfigError(
                f"training: pictures of {side}x{side} pixels have no local spectrum, only from "
                f"{SPECTRUM_TILE} on. Give larger crops, or set losses.spectrum to 0."
            )

    def _check_shown(self, side: int) -> None:
        """What a discriminator asks that is shown features of pictures with such sides."""
        judge = self.discriminator
        if judge is None or not judge.seen:
            return
        if judge.seen != WIDTHS[: len(judge.seen)]:
            raise ConfigError(
                f"training: discriminator.seen is {list(judge.seen)}, but EfficientNet's "
                f"features have {list(WIDTHS)} channels. Give as many of these as wanted."
            )
        if not judge.fits(side):
            raise ConfigError(
                f"training: a discriminator that is shown features takes sides of "
                f"{judge.smallest} and more that are multiples of {judge.multiple}, not "
                f"{side}. Give other crops."
            )
