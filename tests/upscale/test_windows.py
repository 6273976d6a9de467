"""How a stream of frames is cut (Sec. 3.3; D16)."""

import itertools
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videogigagan.upscale.windows import chunks, windows

lengths = st.integers(0, 200)
sizes = st.integers(1, 40)


@st.composite
def divisions(draw: st.DrawFn) -> tuple[int, int]:
    """The size of a chunk, and how many frames neighbours share, at most half of it."""
    size = draw(sizes)
    return size, draw(st.integers(0, size // 2))


@pytest.mark.catalogue("T01", "T23")
@given(length=lengths, division=divisions())
def test_chunks_cover_every_frame_and_fade_over_a_few(
    length: int, division: tuple[int, int]
) -> None:
    size, overlap = division
    made = list(chunks(length, size, overlap))
    kept = [frame for c in made for frame in range(c.keep, c.stop)]
    assert sorted(set(kept)) == list(range(length))
    assert len(kept) == length + overlap * max(len(made) - 1, 0)
    for one, other in pairwise(made):
        assert one.stop - other.keep == overlap
        assert other.stop > one.stop


@given(length=lengths, division=divisions())
def test_chunks_lie_inside_the_window_and_keep_a_part_of_themselves(
    length: int, division: tuple[int, int]
) -> None:
    for chunk in chunks(length, *division):
        assert 0 <= chunk.start <= chunk.keep < chunk.stop <= length


@given(length=lengths, division=divisions())
def test_chunks_are_all_of_the_size_that_the_temporal_layers_know(
    length: int, division: tuple[int, int]
) -> None:
    """But a window that is shorter is one chunk."""
    measured = {chunk.stop - chunk.start for chunk in chunks(length, *division)}
    assert measured <= {min(length, division[0])}


@given(length=lengths, division=divisions())
def test_only_the_last_chunk_goes_over_known_frames(
    length: int, division: tuple[int, int]
) -> None:
    *others, _ = chunks(length + 1, *division)
    assert all(chunk.start == chunk.keep for chunk in others)


def stream(shots: list[int]) -> Iterator[tuple[int, bool]]:
    """Numbered frames of shots of these lengths."""
    numbers = itertools.count()
    return ((next(numbers), place == 0) for length in shots for place in range(length))


shot_lists = st.lists(st.integers(1, 60), max_size=5)


@pytest.mark.catalogue("T01", "T23")
@given(shots=shot_lists, longest=sizes, division=divisions())
def test_windows_own_every_frame_exactly_once(
    shots: list[int], longest: int, division: tuple[int, int]
) -> None:
    """Up to where the next one begins, which knows some of them too."""
    made = windows(stream(shots), longest, chunk=division[0], overlap=division[1])
    own = [frame for window in made for frame in window.frames[: window.onward]]
    assert own == list(range(sum(shots)))


@given(shots=shot_lists, longest=sizes, division=divisions())
def test_no_window_holds_frames_of_two_shots(
    shots: list[int], longest: int, division: tuple[int, int]
) -> None:
    starts = set(itertools.accumulate(shots, initial=0))
    for window in windows(stream(shots), longest, chunk=division[0], overlap=division[1]):
        assert window.begins == (window.frames[0] in starts)
        assert starts.isdisjoint(window.frames[1:])


@given(shots=shot_lists, longest=sizes, division=divisions())
def test_windows_look_ahead_and_are_made_of_whole_chunks_unless_they_end_a_shot(
    shots: list[int], longest: int, division: tuple[int, int]
) -> None:
    chunk, overlap = division
    ends = set(itertools.accumulate(shots))
    for window in windows(stream(shots), longest, chunk=chunk, overlap=overlap):
        assert len(window.frames) <= max(longest, 2 * chunk, longest // 4 + chunk)
        if window.frames[-1] + 1 in ends and window.keep == len(window.frames):
            assert window.onward == window.keep
            continue
        assert window.onward % (chunk - overlap) == 0
        assert window.keep - window.onward == overlap
        assert len(window.frames) - window.keep >= max(chunk, longest // 4)


def test_a_shot_that_can_be_held_is_one_window() -> None:
    (window,) = windows(stream([95]), 100, chunk=10, overlap=2)
    assert (len(window.frames), window.keep, window.begins) == (95, 95, True)


@pytest.mark.catalogue("T32")
def test_no_more_is_read_than_a_window_holds_and_one_frame() -> None:
    frames = stream([100])
    window = next(windows(frames, 40, chunk=10))
    assert (len(window.frames), window.keep) == (40, 30)
    assert next(frames)[0] == 41
