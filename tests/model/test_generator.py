"""The generator: `propagate` a shot, `render` its chunks (Sec. 3; D3, D12, D14, D16)."""

from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from videogigagan.model.config import GeneratorConfig, Level, PropagationConfig, Residual
from videogigagan.model.generator import Generator, build_propagation
from videogigagan.model.grid_propagation import GridPropagation
from videogigagan.model.presets import GENERATORS, table_1_row, without_temporal
from videogigagan.ops.style import Style
from videogigagan.train.inflate import inflate

TINY = GENERATORS["tiny"]


def perturb(module: nn.Module, *, temporal: bool = True) -> None:
    """Move weights, so that whatever starts as a no-op does something; flow stays small."""
    torch.manual_seed(1)
    for name, parameter in module.named_parameters():
        if ".flow." not in name and (temporal or ".temporal." not in name):
            parameter.data += 0.1 * torch.randn_like(parameter)


def fresh(config: GeneratorConfig = TINY) -> Generator:
    torch.manual_seed(0)
    return Generator(config)


def trained(config: GeneratorConfig = TINY, *, temporal: bool = True) -> Generator:
    made = fresh(config)
    perturb(made, temporal=temporal)
    return made


def clip(frames: int = 3, height: int = 16, width: int = 16, batch: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.rand(batch, frames, 3, height, width, generator=generator)


def gathered(frames: int = 3, batch: int = 1) -> Tensor:
    """Features as `propagate` leaves them."""
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(batch, frames, 8, 16, 16, generator=generator)
    return torch.cat((clip(frames, batch=batch), features), dim=2)


# From the image model to the video model (Sec. 3.2)


@torch.no_grad()
def test_fresh_video_model_is_its_image_model_frame_by_frame() -> None:
    image, video = fresh(without_temporal(TINY)), fresh()
    perturb(image)
    inflate(image, video)
    whole = video.render(gathered(), video.style(5))
    each = [image.render(frame[:, None], image.style(5)) for frame in gathered().unbind(1)]
    assert_close(whole, torch.cat(each, dim=1), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_image_model_sees_one_frame_only() -> None:
    made, changed = trained(table_1_row(TINY, "image")), clip()
    changed[:, 0] = 0
    assert torch.equal(made(changed)[:, 1:], made(clip())[:, 1:])


@pytest.mark.catalogue("T23", "T26")
@torch.no_grad()
def test_chunks_change_nothing_while_temporal_layers_are_zero() -> None:
    made = trained(temporal=False)
    features, style = gathered(5), made.style()
    parts = [made.render(features[:, start : start + 2], style) for start in (0, 2, 4)]
    assert_close(torch.cat(parts, dim=1), made.render(features, style), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_added_stem_starts_equal_to_the_image_model() -> None:
    image = fresh(table_1_row(replace(TINY, downsampling="strided", skip="full"), "image"))
    perturb(image)
    config = replace(TINY, stem="add", downsampling="strided", skip="full")
    video = fresh(config)
    video.load_state_dict(image.state_dict(), strict=False)
    assert_close(video(clip()), image(clip()), atol=1e-5, rtol=1e-5)
    perturb(video)
    assert (video(clip()) - image(clip())).abs().max() > 0.01


# Sizes


@pytest.mark.catalogue("T31")
@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 5), (21, 30)])
@torch.no_grad()
def test_any_size_is_enlarged_exactly(scale: int, height: int, width: int) -> None:
    levels = (*TINY.decoder, Level(channels=8, blocks=1))
    made = fresh(replace(TINY, scale=scale, decoder=levels[: 2 + scale.bit_length()]))
    result = made(clip(2, height, width))
    assert result.shape == (1, 2, 3, scale * height, scale * width)
    assert torch.isfinite(result).all()


@torch.no_grad()
def test_one_frame_is_a_clip() -> None:
    assert trained()(clip(1)).shape == (1, 1, 3, 64, 64)


@torch.no_grad()
def test_result_fits_its_input_pixel_by_pixel() -> None:
    """Padding for odd sizes is cropped from where it was put."""
    made, small = fresh(replace(TINY, residual="bicubic")), torch.zeros(1, 1, 3, 18, 19)
    small[..., -1, -1] = 1
    assert made(small)[0, 0, 0].argmax() == 72 * 76 - 1


@torch.no_grad()
def test_fresh_generator_is_exactly_the_reconstruction_it_adds_to() -> None:
    """Frame by frame or all at once (E21)."""
    made = fresh(replace(TINY, residual="reconstruction"))
    features = made.propagate(clip(2))
    assert made.reconstruction is not None
    expected = made.reconstruction(features[0, :, :3], features[0, :, 3:])
    for training in (True, False):
        made.train(training)
        assert_close(made.render(features, made.style())[0], expected)


@torch.no_grad()
def test_clips_of_a_batch_do_not_mix() -> None:
    made, two = trained(), clip(batch=2)
    alone = torch.cat([made(one[None]) for one in two])
    assert_close(made(two), alone, atol=1e-4, rtol=1e-4)


# Style and noise decide among renderings


@torch.no_grad()
def test_a_seed_decides_the_result() -> None:
    made = trained()
    again = trained()
    first = made.render(gathered(), made.style(7))
    assert torch.equal(first, again.render(gathered(), again.style(7)))
    assert (first - made.render(gathered(), made.style(8))).abs().max() > 0.01


@torch.no_grad()
def test_seed_0_decides_unless_a_style_is_given() -> None:
    made = trained()
    assert torch.equal(made(clip(1)), made(clip(1), made.style(0)))


@torch.no_grad()
def test_noise_alone_tells_seeds_apart() -> None:
    made = trained()
    vector = made.style(0).vector
    one, two = (made.render(gathered(), Style(vector=vector, seed=seed)) for seed in (1, 2))
    assert (one - two).abs().max() > 1e-3


@torch.no_grad()
def test_without_noise_only_the_vector_matters() -> None:
    made = trained(replace(TINY, noise="none"))
    vector = made.style(0).vector
    one, two = (
        made.render(gathered(), Style(vector=vector, seed=seed, noise="none"))
        for seed in (1, 2)
    )
    assert torch.equal(one, two)
    assert made.style(0).noise == "none"


@torch.no_grad()
def test_random_noise_flickers_and_constant_noise_does_not() -> None:
    made = trained(temporal=False)
    still, vector = gathered(1).expand(-1, 3, -1, -1, -1), made.style(0).vector
    constant = made.render(still, Style(vector=vector))
    assert_close(constant, constant[:, :1].expand_as(constant), atol=1e-5, rtol=1e-5)
    flickering = made.render(still, Style(vector=vector, noise="random"))
    assert (flickering[:, 1] - flickering[:, 0]).abs().max() > 0.01


@torch.no_grad()
def test_every_layer_has_noise_of_its_own() -> None:
    made = fresh()
    layers = [m.layer for m in made.modules() if hasattr(m, "layer")]
    assert layers == list(range(len(layers)))


@pytest.mark.catalogue("T25")
@torch.no_grad()
def test_frames_that_stand_still_stay_still() -> None:
    made = trained()
    result = made.render(gathered(1).expand(-1, 4, -1, -1, -1), made.style())
    assert_close(result, result[:, :1].expand_as(result), atol=1e-5, rtol=1e-5)


# Baking


@pytest.mark.parametrize("residual", get_args(Residual))
@torch.no_grad()
def test_baked_equals_unbaked(residual: Residual) -> None:
    made = trained(replace(TINY, residual=residual))
    style = made.style(3)
    baked, features = made.bake(style), gathered()
    expected = made.render(features, style)
    assert_close(baked.render(features, style), expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_baking_leaves_the_generator_as_it_was() -> None:
    made = trained()
    before = {key: value.clone() for key, value in made.state_dict().items()}
    baked = made.bake(made.style())
    perturb(baked)
    assert all(torch.equal(value, before[key]) for key, value in made.state_dict().items())
    assert all(p.requires_grad for p in made.parameters())
    assert not any(p.requires_grad for p in baked.parameters())


# Propagation


@torch.no_grad()
def test_features_are_the_pixels_then_what_was_gathered() -> None:
    made = trained()
    features = made.propagate(clip())
    assert made.propagation is not None
    assert torch.equal(features[:, :, :3], clip())
    assert torch.equal(features[:, :, 3:], made.propagation(clip()))


@torch.no_grad()
def test_without_propagation_the_pixels_are_all() -> None:
    made = fresh(replace(TINY, propagation=None))
    assert torch.equal(made.propagate(clip()), clip())
    assert made.propagate(clip(), storage=torch.float16).dtype == torch.float16


@torch.no_grad()
def test_features_rest_in_half_precision_and_are_rendered_in_full() -> None:
    made = trained()
    features = made.propagate(clip(), storage=torch.float16)
    assert features.dtype == torch.float16
    result = made.render(features, made.style())
    assert result.dtype == torch.float32
    assert_close(result, made(clip()), atol=0.02, rtol=0.02)


@torch.no_grad()
def test_every_frame_knows_of_every_other() -> None:
    made, changed = trained(), clip(4)
    changed[:, 0] = 1 - changed[:, 0]
    moved = (made.propagate(changed) - made.propagate(clip(4)))[:, :, 3:].abs()
    assert moved.amax(dim=(0, 2, 3, 4)).min() > 0


@pytest.mark.parametrize("alignment", ["dcn", "flow"])
@torch.no_grad()
def test_second_order_propagation_fits_in(alignment: str) -> None:
    grid = PropagationConfig(channels=8, blocks=1, iterations=1, alignment=alignment)
    assert isinstance(build_propagation(grid), GridPropagation)
    assert fresh(replace(TINY, propagation=grid))(clip()).shape == (1, 3, 3, 64, 64)


def test_every_weight_learns() -> None:
    made = trained(replace(TINY, stem="add"))
    (made(clip(), made.style()) - 0.5).square().sum().backward()
    idle = {n for n, p in made.named_parameters() if p.grad is None or not p.grad.any()}
    assert idle == set()
