"""What a training run is, as plain data."""

from dataclasses import dataclass
from pathlib import Path

from videogigagan.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class LossWeights:
    """Scales of the terms of Eq. 2; the values of Sec. 4.1."""

    charbonnier: float = 10.0
    """Pixel fidelity (mu_Char)."""
    lpips: float = 5.0
    """Perceptual similarity (mu_LPIPS)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """One stage of training the U-Net on cached propagation features."""

    run: Path
    """Folder of the run: state, journal, weights."""
    cache: Path
    """Folder of cached features (`train.cache`)."""
    steps: int = 3000
    """Optimiser steps."""
    clips: int = 4
    """Clips in a batch."""
    frames: int = 1
    """Frames of each clip; 1 trains the image model, more the video model."""
    crop: int = 48
    """Side of the window, in low-resolution pixels."""
    softening: float = 0.0
    """Share of the finest band that is taken from the truth. Photos scaled down are sharper
    than what cameras film, and a model of them draws hairlines into video."""
    learning_rate: float = 5e-4
    """Highest learning rate of Adam, betas (0.9, 0.99)."""
    final_rate: float = 0.01
    """Where the cosine ends, as a share of `learning_rate`."""
    warmup: int = 100
    """Steps over which the learning rate rises from zero."""
    gradient_norm: float = 2.0
    """Longer gradients are shortened to this; one bad batch cannot throw the weights off."""
    average: float = 0.997
    """Decay of the weights' moving average."""
    weights: LossWeights = LossWeights()
    """Scales of the loss terms."""
    save_every: int = 100
    """Steps between saved states."""
    seed: int = 0
    """Start of every random choice."""

    def __post_init__(self) -> None:
        if min(self.steps, self.clips, self.frames, self.crop, self.save_every) < 1:
            raise ConfigError(
                "training: steps, clips, frames, crop and save_every must be at least 1."
            )
        if not 0 <= self.softening <= 1:
            raise ConfigError(f"training: softening must lie in [0, 1], not {self.softening}.")
        if not 0 <= self.average < 1:
            raise ConfigError(f"training: average must lie in [0, 1), not {self.average}.")
