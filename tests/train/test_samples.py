"""Pictures of a run: what they show, and when."""

import numpy as np
import pytest
import torch
from looking_on import figures, pair, view

from videogigagan.errors import DataError
from videogigagan.train.samples import Samples, grid, save_samples, slices


def test_a_grid_shows_given_result_and_truth_of_every_clip() -> None:
    small, large = torch.rand(2, 3, 3, 16, 16), torch.rand(2, 3, 3, 64, 64)
    picture = np.asarray(grid(small, large.flip(0), large))
    height, width, _ = picture.shape
    assert height > 2 * 64
    assert width > 3 * 64
    truth = (large[0, 1] * 255).round().permute(1, 2, 0).numpy().astype(np.uint8)
    found = [
        (top, left)
        for top in range(height - 63)
        for left in range(width - 63)
        if np.array_equal(picture[top, left], truth[0, 0])
        and np.array_equal(picture[top : top + 64, left : left + 64], truth)
    ]
    assert len(found) == 2  # as the truth of the first clip, and as the result of the second
    assert found[0] != found[1]


def test_a_still_clip_draws_straight_lines_through_time() -> None:
    still = torch.rand(1, 3, 16, 16).expand(4, -1, -1, -1)
    large = torch.rand(1, 3, 64, 64).expand(4, -1, -1, -1)
    picture = np.asarray(slices(still, large, large)).astype(int)
    row = picture[20, -80:-20]
    assert row.std() > 10
    assert np.abs(picture[14:38, -80:-20] - row).max() == 0


@pytest.mark.parametrize(
    ("frames", "names"),
    [(1, ["step_000007.png"]), (3, ["step_000007.png", "step_000007_xt.png"])],
)
def test_single_frames_have_no_time(tmp_path, frames, names) -> None:
    small, large = torch.rand(1, frames, 3, 16, 16), torch.rand(1, frames, 3, 64, 64)
    save_samples(tmp_path, 7, small=small, result=2 * large, truth=large)
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_pictures_come_now_and_then_and_at_the_end(tmp_path) -> None:
    samples = Samples(lambda _: [pair(1), pair(1, 1)], every=4, last=6)
    samples.started(view(tmp_path, 0))
    for step in range(1, 7):
        samples.after_step(view(tmp_path, step), figures(step))
    samples.stopped(view(tmp_path, 6), "finished")
    shown = sorted(path.name for path in (tmp_path / "samples").iterdir())
    assert shown == ["step_000004.png", "step_000006.png"]
    assert [step for step in range(1, 7) if samples.looks_at(step)] == [4, 6]


def test_a_full_disk_is_named(tmp_path) -> None:
    (tmp_path / "samples").write_text("")
    small, large = torch.rand(1, 1, 3, 16, 16), torch.rand(1, 1, 3, 64, 64)
    with pytest.raises(DataError, match="sample pictures cannot be written"):
        save_samples(tmp_path / "samples", 1, small=small, result=large, truth=large)
