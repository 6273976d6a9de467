"""The discriminator (Sec. 3.2; D21, D22)."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from videogigagan.errors import ConfigError
from videogigagan.model.config import DiscriminatorConfig, Level
from videogigagan.model.discriminator import Discriminator
from videogigagan.model.presets import DISCRIMINATORS, GENERATORS, discriminator_preset

TINY = DISCRIMINATORS["tiny"]


def judge(config: DiscriminatorConfig = TINY) -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(config)


def clip(frames: int = 3, side: int = 32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(2, frames, 3, side, side, generator=generator)


@pytest.mark.parametrize(
    ("preset", "size", "count"),
    [
        ("tiny", 32, 9_273),
        ("base-4x", 224, 8_168_929),
        ("paper-4x", 256, 178_367_105),
        ("paper-8x", 512, 178_855_233),
    ],
)
def test_presets_have_their_size_and_judge_their_clips(
    preset: str, size: int, count: int
) -> None:
    with torch.device("meta"):
        made = Discriminator(DISCRIMINATORS[preset])
        assert made(torch.rand(1, 2, 3, size, size)).shape == (1, 2)
    assert sum(p.numel() for p in made.parameters()) == count


def test_paper_preset_is_near_the_published_size() -> None:
    with torch.device("meta"):
        made = Discriminator(DISCRIMINATORS["paper-4x"])
    assert sum(p.numel() for p in made.parameters()) == pytest.approx(179e6, rel=0.03)


@torch.no_grad()
def test_fresh_video_judge_is_its_image_judge_frame_by_frame() -> None:
    made = judge()
    each = [made(frame[:, None]) for frame in clip().unbind(1)]
    assert_close(made(clip()), torch.cat(each, dim=1), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_frames_are_judged_together_once_temporal_layers_have_learned() -> None:
    made = judge()
    for name, parameter in made.named_parameters():
        if ".temporal." in name:
            parameter.add_(0.2 * torch.randn_like(parameter))
    changed = clip()
    changed[:, 0] = 0
    assert (made(changed) - made(clip())).abs().amax(dim=0).min() > 0


@torch.no_grad()
@pytest.mark.parametrize("size", [(32, 32), (32, 48), (56, 40), (33, 47), (7, 9)])
def test_any_size(size: tuple[int, int]) -> None:
    assert judge()(torch.rand(1, 2, 3, *size)).shape == (1, 2)


@torch.no_grad()
def test_verdict_on_a_large_flat_clip_is_that_on_a_small_one() -> None:
    """Positions are averaged: size does not convince; borders do, hence the tolerance."""
    flat = torch.full((1, 1, 3, 32, 32), 0.5)
    small, large = judge()(flat), judge()(flat.tile(1, 1, 1, 4, 4))
    assert_close(small, large, atol=0.5, rtol=0)


@torch.no_grad()
def test_places_have_verdicts_whose_mean_is_the_frames() -> None:
    each = judge(replace(TINY, places=True))(clip(side=48))
    assert each.shape == (2, 3, 9)
    assert each.std() > 0
    assert_close(each.mean(dim=2), judge()(clip(side=48)))


def test_r1_can_be_learned_from() -> None:
    """Its gradient is differentiated again, through attention too."""
    made, real = judge(), clip().requires_grad_()
    (gradient,) = torch.autograd.grad(made(real).sum(), real, create_graph=True)
    gradient.square().sum().backward()
    reached = {
        name for name, p in made.named_parameters() if p.grad is not None and p.grad.any()
    }
    assert any("attention" in name for name in reached)
    assert "from_rgb.weight" in reached


def test_fresh_temporal_layers_learn() -> None:
    made = judge()
    made(clip()).square().sum().backward()
    waiting = {n for n, p in made.named_parameters() if p.grad is None or not p.grad.any()}
    assert all(".temporal.attentions." in name and ".output." not in name for name in waiting)


@torch.no_grad()
def test_conditional_judge_looks_at_the_small_clip() -> None:
    made = judge(replace(TINY, conditional=True))
    small = torch.rand(2, 3, 3, 8, 8)
    assert (made(clip(), small) - made(clip(), 1 - small)).abs().max() > 0


@pytest.mark.parametrize("conditional", [True, False])
def test_small_clip_is_given_where_it_is_wanted(conditional: bool) -> None:
    small = None if conditional else torch.rand(2, 3, 3, 8, 8)
    with pytest.raises(AssertionError):
        judge(replace(TINY, conditional=conditional))(clip(), small)


@torch.no_grad()
def test_batch_deviation_tells_copies_from_a_batch() -> None:
    made = judge(replace(TINY, batch_deviation=True))
    twice = clip()[:1].expand(2, -1, -1, -1, -1)
    alone = made(twice[:, :1])
    assert_close(alone[0], alone[1])
    assert (made(clip()[:, :1])[0] - alone[0]).abs().max() > 0


@torch.no_grad()
def test_plain_judge_never_compares_clips() -> None:
    assert_close(judge()(clip())[1:], judge()(clip()[1:]), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_logits_start_small() -> None:
    assert judge(DISCRIMINATORS["base-4x"])(torch.rand(1, 1, 3, 128, 128)).abs().max() < 10


def test_every_generator_has_its_judge() -> None:
    assert set(DISCRIMINATORS) == set(GENERATORS)
    assert discriminator_preset("tiny") is TINY


def test_unknown_preset_is_one_line() -> None:
    with pytest.raises(
        ConfigError, match=r"^preset 'huge' is not known\. Choose one of tiny, "
    ):
        discriminator_preset("huge")


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ((Level(channels=8),), "levels has 1 entries"),
        ((Level(channels=8, filters=2), Level(channels=8)), "Give filters 1"),
    ],
)
def test_impossible_configurations_are_refused(levels: tuple[Level, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DiscriminatorConfig(levels=levels)
