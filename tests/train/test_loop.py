"""The loop: resume is exact, one clip is learned by heart, and a lost run says so."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch

from videogigagan.errors import VideoGigaGANError
from videogigagan.frozen.lpips import LPIPS
from videogigagan.model.generator import Generator
from videogigagan.model.presets import GENERATORS
from videogigagan.train.batches import Batch, draw_batch
from videogigagan.train.config import LossWeights, TrainConfig
from videogigagan.train.loop import learning_rate, train

Make = Callable[..., Generator]


def saved(config: TrainConfig) -> Iterator[torch.Tensor]:
    """Every tensor of a run's state."""
    state = torch.load(config.run / "state.pt", weights_only=True)
    assert state["step"] == config.steps
    yield from state["generator"].values()
    yield from state["average"].values()
    for moments in state["optimizer"]["state"].values():
        yield from moments.values()


def test_resumed_run_equals_an_unbroken_one(
    config: TrainConfig, fresh: Make, lpips: LPIPS
) -> None:
    broken = replace(config, run=config.run.with_name("broken"))
    whole = [figures["total"] for figures in train(config, fresh(), lpips)]
    first = [figures["total"] for figures in islice(train(broken, fresh(), lpips), 3)]
    torch.manual_seed(99)
    second = [figures["total"] for figures in train(broken, fresh(5), lpips)]
    assert first == whole[:3]
    assert second == whole[2:]  # step 3 was not saved, so it is made again
    assert all(map(torch.equal, saved(broken), saved(config)))


def test_a_finished_run_does_nothing_more(
    config: TrainConfig, fresh: Make, lpips: LPIPS
) -> None:
    short, network = replace(config, steps=1), fresh()
    assert len(list(train(short, network, lpips))) == 1
    assert list(train(short, fresh(5), lpips)) == []
    assert len((config.run / "journal.jsonl").read_text().splitlines()) == 1


def test_propagation_is_left_alone_and_the_rest_learns(
    config: TrainConfig, fresh: Make, lpips: LPIPS
) -> None:
    network, before = fresh(), fresh().state_dict()
    list(train(config, network, lpips))
    for key, value in network.state_dict().items():
        if key.startswith("propagation."):
            assert torch.equal(value, before[key])
    moved = {k for k, v in network.state_dict().items() if not torch.equal(v, before[k])}
    assert {key.split(".")[0] for key in moved} == {"mapping", "stem", "encoder", "decoder"}
    assert any(".temporal." in key for key in moved)


def test_a_step_learns_from_the_batch_that_it_is_given(
    config: TrainConfig, fresh: Make, lpips: LPIPS
) -> None:
    def darkness(config: TrainConfig, step: int) -> Batch:
        batch = draw_batch(config, step)
        return replace(batch, large=torch.zeros_like(batch.large))

    config = replace(config, weights=LossWeights(charbonnier=1.0, lpips=0.0))
    figures = list(train(config, fresh(), lpips, darkness))
    assert all("lpips" not in step for step in figures)  # what weighs nothing is not computed
    bright = list(train(replace(config, run=config.run / "bright"), fresh(), lpips))
    assert figures[0]["charbonnier"] > bright[0]["charbonnier"]


def test_journal_has_the_figures_of_every_step(
    config: TrainConfig, fresh: Make, lpips: LPIPS
) -> None:
    figures = list(train(replace(config, steps=2), fresh(), lpips))
    lines = (config.run / "journal.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == figures
    assert [line["step"] for line in figures] == [1, 2]
    for line in figures:
        total = 10 * line["charbonnier"] + 5 * line["lpips"]
        assert line["total"] == pytest.approx(total, rel=1e-4)


def test_image_model_learns_from_the_same_cache(
    config: TrainConfig, fresh: Make, lpips: LPIPS
) -> None:
    images = replace(config, steps=1, frames=1)
    (figures,) = train(images, fresh(image=True), lpips)
    assert figures["total"] > 0


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_its_state(
    config: TrainConfig, fresh: Make, lpips: LPIPS
) -> None:
    run = train(config, network := fresh(), lpips)
    next(run), next(run)
    before = (config.run / "state.pt").read_bytes()
    with torch.no_grad():
        network.get_parameter("stem.features.weight").fill_(torch.nan)
    message = r": the loss is not finite at step 3\. The last saved state is whole; lower"
    with pytest.raises(VideoGigaGANError, match=message):
        next(run)
    assert (config.run / "state.pt").read_bytes() == before


def test_learning_rate_rises_then_falls_along_a_cosine(config: TrainConfig) -> None:
    long = replace(config, steps=110, warmup=10, learning_rate=1.0, final_rate=0.1)
    rates = [learning_rate(long, step) for step in range(110)]
    assert rates[:10] == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert rates[10] == pytest.approx(1)
    assert rates[60] == pytest.approx(0.55)
    assert learning_rate(long, 110) == pytest.approx(0.1)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert learning_rate(replace(long, warmup=0), 0) == 1


def test_one_clip_is_learned_along_a_known_curve(
    config: TrainConfig, lpips: LPIPS, tmp_path: Path
) -> None:
    """It starts as the bicubic enlargement and leaves a third of that error behind."""
    first = config.cache / "000000.safetensors"
    (tmp_path / first.name).write_bytes(first.read_bytes())
    one = replace(
        config,
        cache=tmp_path,
        steps=20,
        frames=3,
        learning_rate=3e-3,
        weights=LossWeights(lpips=0.0),
    )
    torch.manual_seed(0)
    network = Generator(replace(GENERATORS["tiny"], residual=True, stem="add"))
    losses = [figures["charbonnier"] for figures in train(one, network, lpips)]
    curve = [0.0315, 0.0316, 0.0307, 0.0288, 0.0258, 0.0222, 0.0210]
    assert losses[::3] == pytest.approx(curve, rel=0.03)
