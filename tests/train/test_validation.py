"""Validation: the figures of `evaluate`, on clips that nothing learns from."""

import pytest
import torch
from looking_on import figures, pair, photo_folder, view
from train_fakes import untrained_lpips

from videogigagan.data.settings import DataConfig, Weighted, clip_source
from videogigagan.evaluate.fidelity import psnr_luma, ssim_luma
from videogigagan.evaluate.metrics import judges_for
from videogigagan.model.generator import Generator
from videogigagan.model.presets import GENERATORS
from videogigagan.train.validation import (
    VALIDATED,
    Validation,
    draw_clips,
    names_for,
    rendered,
    validate,
)


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    return Generator(GENERATORS["tiny"]).eval()


def test_figures_are_means_of_the_clips_means(generator, tmp_path) -> None:
    clips = [pair(2), pair(2, 1)]
    untrained_lpips(tmp_path)
    judges = judges_for(["lpips"], tmp_path)
    found = validate(generator, clips, ["psnr_y", "ssim_y", "lpips"], judges)
    results = [rendered(generator, clip.small) for clip in clips]
    for name, score in (("psnr_y", psnr_luma), ("ssim_y", ssim_luma)):
        means = [
            score(result, clip.large).mean()
            for result, clip in zip(results, clips, strict=True)
        ]
        assert found[name] == pytest.approx(torch.stack(means).mean().item(), rel=1e-5)
    assert found["lpips"] > 0


def test_rendering_is_always_the_same(generator) -> None:
    small = pair(2).small
    assert torch.equal(rendered(generator, small), rendered(generator, small))


def test_what_is_measured_follows_from_the_weights_that_are_there(tmp_path) -> None:
    small, large = torch.rand(3, 3, 64, 64), torch.rand(3, 3, 128, 128)
    assert names_for(None, large) == ["psnr_y", "ssim_y"]
    for name in ("lpips_alex.pth", "lpips_vgg.pth", "raft_small.pth"):
        (tmp_path / name).touch()
    always = ["psnr_y", "ssim_y", "lpips", "lpips_vgg"]
    assert names_for(tmp_path, large) == [*always, "e_carry"]
    assert names_for(tmp_path, small) == always
    assert names_for(tmp_path, large[:1]) == always


def test_the_journal_is_told_when_it_is_time(tmp_path) -> None:
    told: list[tuple[str, int, dict]] = []
    validation = Validation(
        lambda _: [pair(1)],
        None,
        every=4,
        last=6,
        tell=lambda event, step, notes: told.append((event, step, dict(notes))),
    )
    validation.started(view(tmp_path, 0))
    for step in range(1, 7):
        run = view(tmp_path, step)
        run.generator.eval()
        validation.after_step(run, figures(step))
    validation.stopped(view(tmp_path, 6), "finished")
    assert [(event, step) for event, step, _ in told] == [("validation", 4), ("validation", 6)]
    assert told[0][2].keys() == {"psnr_y", "ssim_y", "clips"}


def test_judging_clips_come_from_held_out_files_whatever_the_seed(tmp_path) -> None:
    photos = str(photo_folder(tmp_path / "photos"))
    data = DataConfig(
        photos=(Weighted(path=photos),), frames=1, small_size=12, workers=0, held_out=0.3
    )
    judging = draw_clips(data, 4)
    learnt = [
        clip_source(data, scale=4, seed=0, part="train").pair(number).source
        for number in range(12)
    ]
    assert len(judging) == VALIDATED
    assert {clip.source for clip in judging}.isdisjoint(learnt)
    assert torch.equal(judging[0].large, draw_clips(data, 4)[0].large)
