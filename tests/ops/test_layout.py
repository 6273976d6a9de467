"""Clips as frames, and back; how kernels lie in memory."""

import pytest
import torch

from videogigagan.ops.layout import clips_of, frames_of, learns_channels_last


def test_frames_of_a_clip_follow_each_other() -> None:
    clip = torch.arange(2 * 3).reshape(2, 3, 1, 1, 1).float()
    assert frames_of(clip).flatten().tolist() == [0, 1, 2, 3, 4, 5]


def test_there_and_back() -> None:
    clip = torch.rand(2, 3, 4, 5, 6)
    assert torch.equal(clips_of(frames_of(clip), 2), clip)


@pytest.mark.parametrize(
    ("capability", "wanted"), [("DEFAULT", False), ("AVX2", False), ("AVX512", True)]
)
def test_kernels_that_learn_lie_as_the_cpu_likes_it(
    monkeypatch: pytest.MonkeyPatch, capability: str, *, wanted: bool
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert learns_channels_last(torch.device("cpu"), 192) is wanted
    assert learns_channels_last(torch.device("cpu"), 48) is True
    assert learns_channels_last(torch.device("cuda"), 192) is True
