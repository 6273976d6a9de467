"""Clips as frames, and back."""

import torch

from videogigagan.ops.layout import clips_of, frames_of


def test_frames_of_a_clip_follow_each_other() -> None:
    clip = torch.arange(2 * 3).reshape(2, 3, 1, 1, 1).float()
    assert frames_of(clip).flatten().tolist() == [0, 1, 2, 3, 4, 5]


def test_there_and_back() -> None:
    clip = torch.rand(2, 3, 4, 5, 6)
    assert torch.equal(clips_of(frames_of(clip), 2), clip)
