"""What each network is asked to do (Eq. 2), as one forward pass from a batch to a loss.

Every objective is a module around the network that it trains, so that whatever spreads a module
over devices wraps one forward pass for each backward pass. What only judges is handed in with
the call and belongs to no objective.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.data.degrade import bicubic_degradation
from videogigagan.frozen.efficientnet import by_size
from videogigagan.model.course import Span
from videogigagan.model.discriminator import Discriminator
from videogigagan.model.generator import Generator
from videogigagan.ops.layout import frames_of
from videogigagan.ops.resize import bilinear_upsample
from videogigagan.shapes import Clip, Features, Flow, LargeClip
from videogigagan.train.batches import Batch
from videogigagan.train.config import LossWeights, TrainConfig
from videogigagan.train.likeness import Likeness, Seen
from videogigagan.train.losses import (
    charbonnier,
    discriminator_adversarial,
    generator_adversarial,
    grid_texture,
    local_spectrum,
    perceptual,
    r1_penalty,
    steadiness,
)

_BESIDE = 1  # keeps the draws of z and noise apart from those of the data


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A loss and what it is made of."""

    total: Float[Tensor, ""]
    """The weighted sum, to be differentiated."""
    terms: dict[str, Tensor]
    """Its terms, unweighted; those that weigh nothing are not computed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What the generator made of a batch, for its adversary."""

    result: LargeClip
    """The clips."""
    seen: Seen | None = None
    """What the network that never learns sees of them and of the truth, if it is asked."""

    def detached(self) -> "Made":
        """The same without a way back to the generator."""
        seen = None if self.seen is None else self.seen.detached()
        return Made(result=self.result.detach(), seen=seen)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judges:
    """What judges the generator and is not trained with it."""

    discriminator: Discriminator | None
    """The adversary, frozen while it judges."""
    likeness: Likeness
    """The perceptual distances."""


class GeneratorObjective(nn.Module):
    """The generator's side of Eq. 2.

    Shapes:
        batch.shown:  (b, t, 3, h, w)
        result:       (b, t, 3, H, W)
    """

    def __init__(self, generator: Generator, config: TrainConfig) -> None:
        super().__init__()
        self.generator = generator
        self.config = config

    def forward(self, batch: Batch, judges: Judges) -> tuple[Verdict, Made | None]:
        """Render a batch and judge it; z, noise and window follow from its number.

        Nothing is rendered where only cleaning is taught.
        """
        if self.config.losses.cleaning_alone:
            return self._cleaned(batch), None
        draws = torch.Generator().manual_seed(mixed(self.config.seed, batch.number))
        style = self.generator.style(int(torch.randint(2**31, (), generator=draws)))
        with autocast(self.config, batch.small.device):
            features = self._features(batch)
            result = self.generator.render(features, style)
        result = result.float()
        seen = judges.likeness.seen(frames_of(result), frames_of(batch.large))
        made = Made(result=result, seen=seen)
        terms = self._terms(batch, made, judges, draws)
        if self.config.losses.cleaning:
            terms["cleaning"] = cleanliness(features[:, :, :3].float(), batch)
        return Verdict(total=weighted(terms, self.config.losses), terms=terms), made

    def _features(self, batch: Batch) -> Features:
        """Of the frames that are shown: as they were kept, or propagated anew."""
        if batch.features is not None:
            return batch.features[:, batch.window]
        begin, end, _ = batch.window.indices(batch.small.shape[1])
        span = Span(begin=begin, end=end, reach=self.config.reach)
        return self.generator.propagate_window(batch.small, span)[0]

    def _cleaned(self, batch: Batch) -> Verdict:
        """Judge cleaned frames alone."""
        with autocast(self.config, batch.small.device):
            cleaned = self.generator.clean(batch.shown)
        terms = {"cleaning": cleanliness(cleaned.float(), batch)}
        return Verdict(total=weighted(terms, self.config.losses), terms=terms)

    def _terms(
        self, batch: Batch, made: Made, judges: Judges, draws: torch.Generator
    ) -> dict[str, Tensor]:
        weights, terms = self.config.losses, {}
        frames, truth = frames_of(made.result), frames_of(batch.large)
        if weights.charbonnier:
            terms["charbonnier"] = charbonnier(frames, truth)
        if weights.lpips:
            assert judges.likeness.lpips is not None
            terms["lpips"] = perceptual(judges.likeness.lpips, frames, truth, draws)
        if weights.features:
            assert made.seen is not None
            terms["features"] = judges.likeness.distance(made.seen)
        if judges.discriminator is not None:
            seen = () if made.seen is None else made.seen.result
            logits = judged(judges.discriminator, made.result, batch, self.config, seen)
            terms["gan"] = generator_adversarial(logits)
        if weights.grid:
            terms["grid"] = grid_texture(frames, truth)
        if weights.spectrum:
            terms["spectrum"] = local_spectrum(frames, truth)
        if weights.steadiness:
            terms["steadiness"] = steadiness(made.result, batch.large, self._flow(batch))
        return terms

    @torch.no_grad()
    def _flow(self, batch: Batch) -> Flow:
        """From every frame but the last into the next, at the size of the result."""
        assert self.generator.propagation is not None
        scale = self.config.generator.scale
        small, other = frames_of(batch.shown[:, :-1]), frames_of(batch.shown[:, 1:])
        return scale * bilinear_upsample(self.generator.propagation.flow(small, other), scale)


class DiscriminatorObjective(nn.Module):
    """The discriminator's side: the logistic loss, unscaled, and now and then R1 (D22, D23)."""

    def __init__(self, discriminator: Discriminator, config: TrainConfig) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.config = config

    def forward(self, batch: Batch, made: Made, *, penalised: bool) -> Verdict:
        """Tell true clips from those that were made, which get no gradient.

        Args:
            batch: Holds the true clips.
            made: What the generator made of them.
            penalised: Whether R1 is due. It then weighs as many times more as it is rarer.
        """
        config = self.config
        real = batch.large.detach().requires_grad_(penalised)
        made = made.detached()
        true, false = ((), ()) if made.seen is None else (made.seen.truth, made.seen.result)
        on_real = judged(self.discriminator, real, batch, config, true)
        on_fake = judged(self.discriminator, made.result, batch, config, false)
        truth, lies = discriminator_adversarial(on_real, on_fake)
        terms, total = {"real": truth, "fake": lies}, truth + lies
        if penalised:
            terms["r1"] = r1_penalty(on_real, real)
            total = total + config.losses.r1 * config.r1_every * terms["r1"]
        return Verdict(total=total, terms=terms)


def judged(
    discriminator: Discriminator,
    clip: LargeClip,
    batch: Batch,
    config: TrainConfig,
    seen: tuple[Tensor, ...],
) -> Float[Tensor, "b t *p"]:
    """Ask about every frame of a clip; a conditional discriminator sees the small one too."""
    small = batch.shown if discriminator.config.conditional else None
    levels = len(discriminator.config.seen)
    shown = by_size(seen)[:levels] if levels else ()
    with autocast(config, clip.device):
        logits = discriminator(clip, small, shown)
    return logits.float()


def cleanliness(cleaned: Clip, batch: Batch) -> Float[Tensor, ""]:
    """How far cleaned frames are from what they had been, had nothing but size been lost."""
    factor = batch.large.shape[-1] // batch.small.shape[-1]
    with torch.no_grad():
        clean = bicubic_degradation(frames_of(batch.large), factor)
    return charbonnier(frames_of(cleaned), clean)


def weighted(terms: dict[str, Tensor], weights: LossWeights) -> Float[Tensor, ""]:
    """Add the generator's terms up (Eq. 2)."""
    scales = {
        "charbonnier": weights.charbonnier,
        "lpips": weights.lpips,
        "features": weights.features,
        "gan": weights.gan,
        "grid": weights.grid,
        "spectrum": weights.spectrum,
        "steadiness": weights.steadiness,
        "cleaning": weights.cleaning,
    }
    return torch.stack([scales[name] * term for name, term in terms.items()]).sum()


def autocast(config: TrainConfig, device: torch.device) -> AbstractContextManager:
    """Bfloat16 where the run asks for it and the operation bears it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bf16")


def mixed(seed: int, number: int) -> int:
    """One seed for what is drawn beside clip `number` of a run, apart from the clip itself."""
    return int(np.random.default_rng((seed, number, _BESIDE)).integers(2**63))
