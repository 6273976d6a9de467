"""The terms of Eq. 2, each averaged over the frames of a clip, and three of ours."""

import torch
import torch.nn.functional as F
from einops import rearrange, reduce
from jaxtyping import Float
from torch import Tensor

from videogigagan.frozen.lpips import LPIPS
from videogigagan.ops.filters import windowed_tiles
from videogigagan.ops.layout import frames_of
from videogigagan.ops.warp import backward_warp
from videogigagan.shapes import Flow, LargeClip

_PERIOD = 8  # pixels; offsets of the perceptual window, and what the grid repeats after
SPECTRUM_TILE = 32
"""Pixels to a side of what has a spectrum of its own."""
_LEVEL = 1 / 255  # noise that nobody sees


def generator_adversarial(logits: Float[Tensor, "b t *p"]) -> Float[Tensor, ""]:
    """Non-saturating: -log of how real the result is taken for."""
    return F.softplus(-logits).mean()


def discriminator_adversarial(
    real: Float[Tensor, "b t *p"], fake: Float[Tensor, "b t *p"]
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """The logistic loss of the discriminator: its part on true clips and that on results."""
    return F.softplus(-real).mean(), F.softplus(fake).mean()


def r1_penalty(logits: Float[Tensor, "b t *p"], clip: LargeClip) -> Float[Tensor, ""]:
    """Squared gradient of the logits at true clips, halved (R1; D22, D23).

    Summed over a frame's channels and pixels, mean over frames; where places have verdicts of
    their own, of the mean of these. A picture's values are taken
    to run from -1 to 1, as in StyleGAN2, where the published weight comes from; ours run from
    0 to 1, so the gradient is half as long as it would be.

    Args:
        logits: What the discriminator says of `clip`.
        clip: Its input, which must require a gradient.
    """
    verdicts = reduce(logits, "b t ... -> b t", "mean")
    (gradient,) = torch.autograd.grad(verdicts.sum(), clip, create_graph=True)
    return (gradient / 2).square().sum(dim=(2, 3, 4)).mean() / 2


def charbonnier(
    result: Float[Tensor, "n 3 h w"], truth: Float[Tensor, "n 3 h w"]
) -> Float[Tensor, ""]:
    """Mean of sqrt((x - y)^2 + 1e-12): L1 with a smooth bottom, on RGB in [0, 1] (D26)."""
    return ((result - truth).square() + 1e-12).sqrt().mean()


def perceptual(
    network: LPIPS,
    result: Float[Tensor, "n 3 h w"],
    truth: Float[Tensor, "n 3 h w"],
    generator: torch.Generator,
) -> Float[Tensor, ""]:
    """LPIPS on a window whose offset is drawn anew each time.

    AlexNet's first layer strides by 4, as the output's own grid does at 4x: with a fixed offset
    the generator learns a faint grid texture that the network does not see.
    """
    top, left = (int(torch.randint(_PERIOD, (), generator=generator)) for _ in range(2))
    h, w = (side - _PERIOD for side in result.shape[-2:])
    window = (..., slice(top, top + h), slice(left, left + w))
    return network(result[window], truth[window]).mean()


def grid_texture(
    result: Float[Tensor, "n 3 h w"], truth: Float[Tensor, "n 3 h w"]
) -> Float[Tensor, ""]:
    """How much of what the result adds to the truth comes again every 8 pixels (ours).

    Mean square of the average over all tiles of 8x8 pixels, their mean left out. Detail has no
    such period, but a generator that enlarges in steps of 2 can paint it anywhere, and a
    perceptual distance prefers it to nothing.
    """
    h, w = (side - side % _PERIOD for side in result.shape[-2:])
    added = (result - truth)[..., :h, :w]
    tile = reduce(added, "n c (y p) (x q) -> n c p q", "mean", p=_PERIOD, q=_PERIOD)
    return (tile - tile.mean(dim=(2, 3), keepdim=True)).square().mean()


def local_spectrum(
    result: Float[Tensor, "n 3 h w"], truth: Float[Tensor, "n 3 h w"]
) -> Float[Tensor, ""]:
    """How far apart the power spectra of result and truth are, place by place (ours).

    Mean absolute difference of logarithms, over tiles of 32x32 pixels, half over each other,
    under a Hann window, and over blocks of 2x2 frequencies. Where texture lies does not matter,
    only how much of it there is at each scale: rows of dots are not grass, though a perceptual
    distance prefers them to nothing. Noise of one level of 8 bits is added to both, so that
    black equals black.

    Args:
        result: What the generator made, at least 32x32 pixels.
        truth: What it should have made.
    """
    return (_log_powers(result) - _log_powers(truth)).abs().mean()


def _log_powers(pictures: Tensor) -> Tensor:
    tiles = windowed_tiles(rearrange(pictures, "n c h w -> (n c) h w"), SPECTRUM_TILE)
    waves = torch.fft.rfft2(tiles)[..., : SPECTRUM_TILE // 2]
    powers = torch.view_as_real(waves).square().sum(dim=-1)
    blocks = reduce(powers, "n (y p) (x q) -> n y x", "mean", p=2, q=2)
    return (blocks + _LEVEL**2).log()


def steadiness(result: LargeClip, truth: LargeClip, flow: Flow) -> Float[Tensor, ""]:
    """How differently result and truth change along the motion (ours, not the paper's).

    Mean absolute difference between what each loses when its next frame is warped onto it.
    What the flow gets wrong, both lose alike.

    Args:
        result: What the generator made.
        truth: What it should have made.
        flow: From every frame but the last into the next, in pixels of these clips.
    """
    return (_change(result, flow) - _change(truth, flow)).abs().mean()


def _change(clip: Tensor, flow: Tensor) -> Tensor:
    warped = backward_warp(frames_of(clip[:, 1:]), flow, padding="border")
    return frames_of(clip[:, :-1]) - warped
