"""Modulated convolution with adaptive kernel selection (GigaGAN Eq. 1-2)."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from videogigagan.ops.convolution import AdaptiveConv2d, ToRGB, convolve
from videogigagan.ops.style import Style

DIM = 6


def layer(filters: int = 3, *, noisy: bool = False) -> AdaptiveConv2d:
    torch.manual_seed(0)
    made = AdaptiveConv2d(4, 5, filters=filters, style_dim=DIM)
    torch.nn.init.normal_(made.bias)
    torch.nn.init.normal_(made.modulation.weight)
    if noisy:
        torch.nn.init.ones_(made.noise_strength)
    return made


def styles(rows: int = 1) -> Style:
    generator = torch.Generator().manual_seed(1)
    return Style(vector=torch.randn(rows, DIM, generator=generator))


def test_equal_kernels_make_selection_irrelevant() -> None:
    many, one = layer(3), layer(1)
    one.load_state_dict(many.state_dict() | {"bank": many.bank[:1]}, strict=False)
    many.bank.data.copy_(many.bank[:1].expand_as(many.bank))
    x = torch.randn(2, 4, 6, 7)
    assert_close(many(x, styles()), one(x, styles()))


def test_style_selects_kernels() -> None:
    many = layer(3)
    many.modulation.weight.data.zero_()  # the style can act through the selector alone
    first, second = many.kernel(styles(2).vector)
    assert (first - second).abs().max() > 1e-3


def test_kernels_have_the_same_norm_whatever_the_style() -> None:
    """Unit norm, times the gain that LeakyReLU needs."""
    norms = layer().kernel(10 * styles(4).vector).square().sum(dim=(2, 3, 4)).sqrt()
    assert_close(norms, torch.full((4, 5), math.sqrt(2)), atol=1e-4, rtol=0)


def test_variance_is_kept() -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 64, 16, 16)
    y = AdaptiveConv2d(64, 64, style_dim=DIM)(x, styles())
    assert y.square().mean().item() == pytest.approx(1, abs=0.15)


def test_per_frame_styles_equal_frames_one_by_one() -> None:
    many, style, x = layer(noisy=True), styles(3), torch.randn(3, 4, 5, 6)
    each = [many(x[i : i + 1], Style(vector=style.vector[i : i + 1])) for i in range(3)]
    assert_close(many(x, style), torch.cat(each), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("noisy", [False, True])
def test_baked_equals_unbaked(noisy: bool) -> None:
    many, style, x = layer(noisy=noisy), styles(), torch.randn(2, 4, 5, 6)
    assert_close(many.bake(style)(x, style), many(x, style), atol=1e-5, rtol=1e-5)


def test_only_one_style_can_be_baked() -> None:
    with pytest.raises(ValueError, match="single style"):
        layer().bake(styles(2))


def test_baked_colour_equals_unbaked() -> None:
    colour, x = ToRGB(4, DIM), torch.randn(2, 4, 5, 6)
    assert_close(colour.bake(styles())(x, styles()), colour(x, styles()))


def test_noise_is_learned_from_nothing() -> None:
    quiet, x = layer(), torch.randn(1, 4, 5, 6)
    silent = Style(vector=styles().vector, noise="none")
    assert_close(quiet(x, styles()), quiet(x, silent))
    quiet(x, styles()).sum().backward()
    assert quiet.noise_strength.grad is not None
    assert quiet.noise_strength.grad != 0


def test_every_parameter_learns() -> None:
    many = layer(noisy=True)
    many(torch.randn(2, 4, 5, 6), styles()).square().sum().backward()
    idle = [name for name, p in many.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


def test_one_kernel_for_all_is_a_plain_convolution() -> None:
    x, kernel, bias = torch.randn(2, 4, 5, 6), torch.randn(1, 3, 4, 3, 3), torch.randn(3)
    plain = F.conv2d(x, kernel[0], bias, padding=1)
    assert_close(convolve(x, kernel, bias), plain)
    assert_close(convolve(x, kernel.repeat(2, 1, 1, 1, 1), bias), plain, atol=1e-5, rtol=1e-5)
