"""How a stream of frames is cut (Sec. 3.3; D16)."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from videogigagan.upscale.shots import chunks, shots

lengths = st.integers(0, 200)
sizes = st.integers(1, 40)


@given(length=lengths, size=sizes)
def test_chunks_cover_every_frame_exactly_once(length: int, size: int) -> None:
    kept = [frame for c in chunks(length, size) for frame in range(c.keep, c.stop)]
    assert kept == list(range(length))


@given(length=lengths, size=sizes)
def test_chunks_lie_inside_the_shot_and_keep_a_part_of_themselves(
    length: int, size: int
) -> None:
    for chunk in chunks(length, size):
        assert 0 <= chunk.start <= chunk.keep < chunk.stop <= length


@given(length=lengths, size=sizes)
def test_chunks_are_all_of_the_size_that_the_temporal_layers_know(
    length: int, size: int
) -> None:
    """But a shot that is shorter is one chunk."""
    measured = {chunk.stop - chunk.start for chunk in chunks(length, size)}
    assert measured <= {min(length, size)}


@given(length=lengths, size=sizes)
def test_only_the_last_chunk_goes_over_known_frames(length: int, size: int) -> None:
    *others, _ = chunks(length + 1, size)
    assert all(chunk.start == chunk.keep for chunk in others)


@given(length=lengths, longest=sizes)
def test_shots_are_the_stream(length: int, longest: int) -> None:
    assert [frame for shot in shots(range(length), longest) for frame in shot] == list(
        range(length)
    )


@given(length=lengths, longest=sizes)
def test_shots_are_neither_empty_nor_too_long(length: int, longest: int) -> None:
    assert all(0 < len(shot) <= longest for shot in shots(range(length), longest))


@given(length=lengths, longest=sizes)
def test_the_last_two_shots_share_what_is_left_evenly(length: int, longest: int) -> None:
    measured = [len(shot) for shot in shots(range(length), longest)]
    assert all(size == longest for size in measured[:-2])
    assert all(0 <= a - b <= 1 for a, b in list(pairwise(measured))[-1:])


@given(length=lengths, longest=sizes)
def test_there_are_as_few_shots_as_can_be(length: int, longest: int) -> None:
    assert len(list(shots(range(length), longest))) == -(-length // longest)


def test_no_more_than_two_shots_are_read_ahead() -> None:
    frames = iter(range(100))
    running = shots(frames, 10)
    assert next(running) == list(range(10))
    assert next(frames) == 20
