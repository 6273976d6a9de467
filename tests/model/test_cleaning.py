"""Cleaning: what is not in the scene goes, before anything is propagated (E48)."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from videogigagan.errors import ConfigError
from videogigagan.model.cleaning import Cleaning
from videogigagan.model.config import CleaningConfig
from videogigagan.model.generator import Generator
from videogigagan.model.presets import GENERATORS

SMALL = CleaningConfig(channels=8, blocks=1)
DIRTY = replace(GENERATORS["tiny"], cleaning=SMALL)


def trained(network: nn.Module) -> nn.Module:
    """A network whose last layer does something."""
    torch.manual_seed(1)
    for name, parameter in network.named_parameters():
        if "change" in name:
            nn.init.normal_(parameter, std=0.05)
    return network.eval()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 5), (16, 18)])
@torch.no_grad()
def test_fresh_cleaning_leaves_frames_of_any_size_as_they_are(height: int, width: int) -> None:
    frames = torch.rand(2, 3, height, width)
    assert torch.equal(Cleaning(SMALL)(frames), frames)


@torch.no_grad()
def test_frames_are_cleaned_one_by_one() -> None:
    """So windows, chunks and the frames before them change nothing of it."""
    generator, clip = trained(Generator(DIRTY)), torch.rand(2, 3, 3, 9, 12)
    each = [generator.clean(frame) for frame in clip.split(1, dim=1)]
    whole = generator.clean(clip)
    assert_close(whole, torch.cat(each, dim=1))
    assert (whole - clip).abs().max() > 0.01
    generator.train()
    assert_close(generator.clean(clip), whole)


@torch.no_grad()
def test_all_that_follows_sees_cleaned_frames_alone() -> None:
    generator, clip = trained(Generator(DIRTY)), torch.rand(1, 3, 3, 16, 16)
    features = generator.propagate(clip)
    assert torch.equal(features[:, :, :3], generator.clean(clip))
    plain = Generator(GENERATORS["tiny"]).eval()
    state = {k: v for k, v in generator.state_dict().items() if not k.startswith("cleaning.")}
    plain.load_state_dict(state)
    assert_close(plain.propagate(generator.clean(clip)), features)
    assert_close(plain(generator.clean(clip)), generator(clip))


@torch.no_grad()
def test_without_cleaning_a_clip_stays_itself() -> None:
    clip = torch.rand(1, 2, 3, 8, 8)
    assert Generator(GENERATORS["tiny"]).clean(clip) is clip


def test_a_cleaning_of_nothing_is_one_line() -> None:
    message = r"^cleaning: channels and blocks must be at least 1\. Raise them\.$"
    with pytest.raises(ConfigError, match=message):
        CleaningConfig(blocks=0)
