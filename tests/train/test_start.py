"""The networks of a run at its first step."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close
from train_fakes import PLAIN, textured, tiny, trained

from videogigagan.errors import CheckpointError
from videogigagan.model.checkpoint import Header, load_generator, save_weights
from videogigagan.model.config import CleaningConfig
from videogigagan.model.generator import Generator
from videogigagan.model.presets import GENERATORS
from videogigagan.train.cache import CacheConfig
from videogigagan.train.config import OptimiserConfig, StartConfig
from videogigagan.train.start import build_networks


@pytest.fixture(scope="module")
def image_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights that two steps of an image stage have left."""
    folder = tmp_path_factory.mktemp("image")
    trained(tiny("image", steps=2), folder)
    return folder / "weights"


def test_fresh_networks_follow_from_the_seed() -> None:
    one, same, other = (build_networks(tiny(seed=seed)).generator for seed in (0, 0, 1))
    pairs = zip(one.parameters(), same.parameters(), strict=True)
    assert all(torch.equal(first, second) for first, second in pairs)
    assert not torch.equal(one.stem.pixels.weight, other.stem.pixels.weight)
    assert one.training


def test_a_fresh_video_model_equals_its_image_model(image_run: Path) -> None:
    start = StartConfig(image=str(image_run / "generator.safetensors"))
    video = build_networks(tiny(start=start)).generator.eval()
    image = load_generator(image_run / "generator.safetensors")
    clip = textured(0, 3, 16)[0][None]
    with torch.no_grad():
        assert_close(video(clip), image(clip), atol=1e-5, rtol=1e-5)


def test_a_fresh_video_discriminator_equals_its_image_discriminator(image_run: Path) -> None:
    start = StartConfig(discriminator=str(image_run / "discriminator.safetensors"))
    video = build_networks(tiny(start=start)).discriminator
    image = build_networks(tiny("image", start=start)).discriminator
    clip = textured(0, 3, 16)[1][None]
    with torch.no_grad():
        assert_close(video(clip), image(clip), atol=1e-5, rtol=1e-5)


def test_a_run_goes_on_from_weights_of_its_own_shape(image_run: Path) -> None:
    path = str(image_run / "generator.safetensors")
    taken = build_networks(tiny("image", seed=5, start=StartConfig(generator=path))).generator
    given = load_generator(Path(path)).state_dict()
    assert all(torch.equal(value, given[key]) for key, value in taken.state_dict().items())


def test_weights_without_cleaning_start_a_generator_that_has_it(tmp_path: Path) -> None:
    """It is a no-op at first, so nothing of what they made is lost."""
    plain, path = Generator(GENERATORS["tiny"]), tmp_path / "plain.safetensors"
    save_weights(path, plain, Header(config=plain.config))
    dirty = replace(GENERATORS["tiny"], cleaning=CleaningConfig(channels=8, blocks=1))
    taken = build_networks(tiny(generator=dirty, start=StartConfig(generator=str(path))))
    clip = textured(0, 3, 16)[0][None]
    with torch.no_grad():
        assert_close(taken.generator.eval()(clip), plain.eval()(clip))


def test_flow_that_will_never_learn_gets_no_gradient() -> None:
    for steps, learns in ((10, False), (11, True)):
        optimiser = OptimiserConfig(flow_frozen=10)
        generator = build_networks(tiny(steps=steps, optimiser=optimiser)).generator
        flow = {p.requires_grad for p in generator.propagation.flow.parameters()}
        assert flow == {learns}
        assert generator.propagation.fusion.weight.requires_grad


def test_propagation_learns_from_cached_clips_that_it_sees_anew(tmp_path: Path) -> None:
    for propagated, learns in ((0, False), (3, True)):
        data = CacheConfig(folder=str(tmp_path), frames=2, propagated=propagated)
        generator = build_networks(tiny(data=data)).generator
        assert generator.propagation.fusion.weight.requires_grad is learns


def test_frozen_propagation_freezes_cleaning_that_has_no_loss() -> None:
    dirty = replace(GENERATORS["tiny"], cleaning=CleaningConfig(channels=8, blocks=1))
    for weight, learns in ((0.0, False), (1.0, True)):
        losses = replace(PLAIN, cleaning=weight)
        config = tiny(generator=dirty, losses=losses, frozen_propagation=True)
        generator = build_networks(config).generator
        assert generator.cleaning.change.weight.requires_grad is learns
        assert not generator.propagation.fusion.weight.requires_grad


def test_weights_of_another_shape_are_refused(image_run: Path) -> None:
    """An image model would be inflated only if it were called one."""
    start = StartConfig(generator=str(image_run / "generator.safetensors"))
    message = (
        r"generator\.safetensors: is a generator of another shape \('\S+' differs\)\. Name it "
        r"as image to inflate it, or use its config\.$"
    )
    with pytest.raises(CheckpointError, match=message):
        build_networks(tiny(start=start))


def test_a_trained_reconstruction_is_not_reset_to_the_released_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Propagation is released and frozen, the layers behind it were trained on."""
    filled: list[str] = []
    monkeypatch.setattr(
        "videogigagan.train.start.load_released",
        lambda network, _, **__: filled.append(type(network).__name__),
    )
    monkeypatch.setattr("videogigagan.train.start.read_pickle", lambda _: {})
    video = replace(GENERATORS["tiny"], residual="reconstruction")
    start = StartConfig(propagation="released.pth")
    config = tiny(generator=video, start=start)
    save_weights(tmp_path / "g.safetensors", Generator(video), Header(config=video))
    build_networks(config)
    assert filled == ["BidirectionalPropagation", "Reconstruction"]
    filled.clear()
    start = replace(start, image=str(tmp_path / "g.safetensors"))
    build_networks(replace(config, start=start))
    assert filled == ["BidirectionalPropagation"]


def test_propagation_needs_a_place(tmp_path: Path) -> None:
    path = str(tmp_path / "released.pth")
    message = r"released\.pth: the generator has no propagation to fill\. Leave it out\.$"
    with pytest.raises(CheckpointError, match=message):
        build_networks(tiny("image", start=StartConfig(propagation=path)))
    with pytest.raises(CheckpointError, match=r"released\.pth: no such file"):
        build_networks(tiny(start=StartConfig(propagation=path)))


def test_released_propagation_is_taken_over(tmp_path: Path) -> None:
    """A file with BasicVSR's names, as wide and deep as ours."""
    source = build_networks(tiny(seed=4)).generator.propagation
    names = {"flow.levels": "spynet.basic_module", "_branch.entry": "_trunk.main.0"}
    names |= {"_branch.blocks": "_trunk.main.2"}
    state = {}
    for key, value in source.state_dict().items():
        name = key
        for ours, theirs in names.items():
            name = name.replace(ours, theirs)
        if name.startswith("spynet"):
            level, layer, parameter = name.split(".")[2:]
            name = f"spynet.basic_module.{level}.basic_module.{layer}.{parameter}"
        state[name] = value
    torch.save({"params": state}, tmp_path / "released.pth")
    start = StartConfig(propagation=str(tmp_path / "released.pth"))
    taken = build_networks(tiny(start=start)).generator.propagation
    for key, value in source.state_dict().items():
        assert torch.equal(taken.state_dict()[key], value)


def test_checkpointing_changes_nothing_but_memory() -> None:
    optimiser = OptimiserConfig(flow_frozen=0)
    plain, frugal = (
        build_networks(tiny(checkpointing=on, optimiser=optimiser)) for on in (False, True)
    )
    assert plain.generator.state_dict().keys() == frugal.generator.state_dict().keys()
    clip = textured(0, 3, 16)[0][None]
    for networks in (plain, frugal):
        networks.generator(clip).square().mean().backward()
    for one, other in zip(
        plain.generator.parameters(), frugal.generator.parameters(), strict=True
    ):
        assert torch.equal(one.grad, other.grad)
    assert replace(tiny(), checkpointing=True) != tiny()
