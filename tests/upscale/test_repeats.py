"""Frames that repeat are made once, and no result is lost by it."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from einops import rearrange
from PIL import Image
from torch import Tensor

from videogigagan.model.generator import Generator
from videogigagan.model.presets import GENERATORS
from videogigagan.upscale.files import upscale_file
from videogigagan.upscale.options import UpscaleOptions
from videogigagan.upscale.repeats import LONGEST, Distinct, repeated, sharing
from videogigagan.upscale.upscaler import VideoUpscaler, Waypoint
from videogigagan.video.cuts import cuts_at, one_shot
from videogigagan.video.info import Frame
from videogigagan.video.reader import open_source

TIMES = [1, 3, 2, 1, 4, 1, 1, 2, 3, 1, 2]


def upscaler(**options: int) -> VideoUpscaler:
    """One whose temporal layers do something."""
    torch.manual_seed(0)
    made = Generator(GENERATORS["tiny"])
    for name, parameter in made.named_parameters():
        if ".flow." not in name:
            parameter.data += 0.05 * torch.randn_like(parameter)
    return VideoUpscaler(made, device="cpu", **options)


def clip(frames: int) -> Tensor:
    return torch.rand(frames, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def held(clip: Tensor, times: list[int]) -> list[Tensor]:
    """Each frame so many times, as the same object."""
    frames = list(clip.unbind(0))
    return [frame for frame, count in zip(frames, times, strict=True) for _ in range(count)]


def frame_of(pixels: Tensor, index: int, alpha: Tensor | None = None) -> Frame:
    return Frame(
        pixels=pixels, index=index, pts=index, duration=1, time_base=Fraction(1), alpha=alpha
    )


def test_each_frame_comes_once_with_its_times() -> None:
    frames = held(clip(3), [2, 1, 3])
    told = Distinct(one_shot(frames))
    came = [frame for frame, _ in told]
    assert [id(frame) for frame in came] == [id(frames[place]) for place in (0, 2, 3)]
    assert told.times(2) == [2, 1]
    assert told.times(1) == [3]


def test_equal_frames_that_are_two_objects_are_two_frames() -> None:
    one = clip(1)[0]
    assert len(list(Distinct(one_shot([one, one.clone()])))) == 2


def test_a_shot_that_begins_with_the_same_frame_is_another() -> None:
    told = Distinct(cuts_at({2})(held(clip(1), [5])))
    assert [begins for _, begins in told] == [True, True]
    assert told.times(2) == [2, 3]


def test_a_long_still_comes_in_parts() -> None:
    told = Distinct(one_shot(held(clip(1), [2 * LONGEST + 1])))
    assert len(list(told)) == 3
    assert told.times(3) == [LONGEST, LONGEST, 1]


@pytest.mark.parametrize("done", range(9))
def test_results_repeat_but_for_those_that_are_done(done: int) -> None:
    times = [2, 1, 3, 2]
    asked: list[int] = []

    def render(out: int):
        asked.append(out)
        yield from range(out, len(times))
        return "the end"

    def whole():
        assert (yield from repeated(render, times, done)) == "the end"

    assert list(whole()) == [0, 0, 1, 2, 2, 2, 3, 3][done:]
    assert asked == [sum(sum(times[: place + 1]) <= done for place in range(4))]


@pytest.mark.catalogue("T01")
def test_what_repeats_in_a_stream_is_upscaled_once() -> None:
    made, shot = upscaler(chunk=4, overlap=2), clip(11)
    single = list(made.stream(shot, shots=one_shot))
    whole = list(made.stream(held(shot, TIMES), shots=one_shot))
    assert len(whole) == sum(TIMES)
    assert torch.equal(torch.stack(whole), torch.stack(held(torch.stack(single), TIMES)))


@pytest.mark.catalogue("T33")
@pytest.mark.parametrize("done", [0, 4, 5, 6, 9, 13, 20])
def test_a_stream_of_repeats_goes_on_within_one(
    monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    monkeypatch.setattr("videogigagan.upscale.upscaler.LONGEST_WINDOW", 8)
    made, frames = upscaler(chunk=4, overlap=2), held(clip(11), TIMES)
    places: list[Waypoint] = []
    whole = list(made.stream(frames, shots=one_shot, on_window=places.append))
    assert [place.frame for place in places] == [0, 4, 7]
    start = max((place for place in places if place.frame <= done), key=lambda p: p.frame)
    rest = list(made.stream(frames, shots=one_shot, start=start, done=done))
    assert torch.equal(torch.stack(rest), torch.stack(whole[done:]))


def test_frames_that_look_alike_share_their_tensors() -> None:
    one, other = clip(2)
    clear, dim = torch.ones(16, 16), torch.full((16, 16), 0.5)
    frames = [(one, None), (one.clone(), None), (one.clone(), clear), (other, clear)]
    frames += [(other.clone(), clear.clone()), (other.clone(), dim)]
    given = [frame_of(pixels, place, alpha) for place, (pixels, alpha) in enumerate(frames)]
    shared = list(sharing(given))
    assert [frame.index for frame in shared] == list(range(6))
    alike = [a.pixels is b.pixels and a.alpha is b.alpha for a, b in pairwise(shared)]
    assert alike == [True, False, False, True, False]


def test_a_still_in_a_file_is_made_once_and_stays_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, seen = upscaler(), []
    propagate = made.engine.propagate
    monkeypatch.setattr(
        made.engine,
        "propagate",
        lambda frames, past, **how: seen.append(len(frames)) or propagate(frames, past, **how),
    )
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number, pixels in enumerate(held(clip(2), [5, 2])):
        picture = rearrange((255 * pixels).byte(), "c h w -> h w c")
        Image.fromarray(picture.numpy()).save(source / f"{number}.png")
    result = upscale_file(made, source, target, options=UpscaleOptions())
    assert (result.frames, seen) == (7, [2])
    with open_source(target) as reader:
        pictures = [frame.pixels for frame in reader.frames()]
    assert len(pictures) == 7
    same = [torch.equal(one, other) for one, other in pairwise(pictures)]
    assert same == [True] * 4 + [False, True]
