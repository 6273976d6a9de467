"""Encoded pictures wait on disk, in the order of decoding."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videogigagan.errors import VideoError
from videogigagan.video.packets import EncodedPicture, PacketFile, decoding_times

PICTURES = [
    EncodedPicture(pts=0, duration=2, is_key=True, content=b"first"),
    EncodedPicture(pts=4, duration=2, is_key=False, content=b""),
    EncodedPicture(pts=2, duration=2, is_key=False, content=b"between"),
]


def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    file = PacketFile(tmp_path / "packets")
    file.append(PICTURES)
    assert list(file.pictures()) == PICTURES
    assert file.times() == [0, 4, 2]
    file.close()


def test_what_was_not_safe_is_dropped(tmp_path: Path) -> None:
    first = PacketFile(tmp_path / "packets")
    first.append(PICTURES[:1])
    safe = first.sync()
    first.append(PICTURES[1:])
    first.close()
    second = PacketFile(tmp_path / "packets")
    second.cut(safe)
    second.append(PICTURES[2:])
    assert list(second.pictures()) == [PICTURES[0], PICTURES[2]]
    second.close()


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    file = PacketFile(tmp_path / "packets")
    file.append(PICTURES)
    with pytest.raises(VideoError, match=r"packets: is cut off\. Begin anew with --resume fr"):
        file.cut(file.sync() + 1)
    file.close()


@given(st.lists(st.lists(st.integers(0, 9), unique=True, min_size=1, max_size=9), min_size=1))
def test_decoding_rises_and_is_never_late(groups: list[list[int]]) -> None:
    """Groups of pictures, each in any order, at uneven times."""
    shown = [
        7 * (10 * number + time) // 3 for number, group in enumerate(groups) for time in group
    ]
    times = decoding_times(shown)
    assert len(times) == len(shown)
    assert all(one < next_ for one, next_ in pairwise(times))
    assert all(decoded <= time for decoded, time in zip(times, shown, strict=True))


def test_pictures_in_order_are_decoded_when_they_are_shown() -> None:
    assert decoding_times([3, 5, 9]) == [3, 5, 9]
    assert decoding_times([0, 4, 2, 8, 6]) == [-2, 0, 2, 4, 6]
    assert decoding_times([]) == []
