"""Clips prepared ahead are the clips."""

import itertools
import multiprocessing
import os
import signal
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from training_material import write_photo

from videogigagan.data.clips import ClipPair, ClipSource
from videogigagan.data.loader import batches
from videogigagan.data.material import Material, PhotoFolder
from videogigagan.errors import DataError

NUMBERS = [(0, 1), (5, 2), (4,)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> ClipSource:
    """Of two files one is damaged."""
    folder = tmp_path_factory.mktemp("photos")
    write_photo(folder / "good.png", width=24, height=24)
    (folder / "broken.png").write_bytes(b"no picture")
    return ClipSource(
        material=PhotoFolder(folder), frames=2, small_size=4, degradation="real", candidates=1
    )


def same(one: ClipPair, other: ClipPair) -> bool:
    clips = torch.equal(one.small, other.small) and torch.equal(one.large, other.large)
    return clips and (one.source, one.skipped) == (other.source, other.skipped)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_workers_make_the_clips_that_the_source_makes(source: ClipSource, workers: int) -> None:
    prepared = list(batches(source, NUMBERS, workers))
    assert [len(batch) for batch in prepared] == [2, 1 + 1, 1]
    for batch, numbers in zip(prepared, NUMBERS, strict=True):
        for pair, number in zip(batch, numbers, strict=True):
            assert same(pair, source.pair(number))
    assert any(pair.skipped for batch in prepared for pair in batch)


def test_every_level_survives_the_way_from_a_worker() -> None:
    levels = np.arange(256, dtype=np.uint8)
    there = torch.from_numpy(levels).float() / 255
    assert torch.equal((there.double() * 255).round().to(torch.uint8).float() / 255, there)
    assert torch.equal((torch.arange(256).double() / 255).float(), there)


def test_closing_ends_the_workers(source: ClipSource) -> None:
    before = set(multiprocessing.active_children())
    prepared = batches(source, ((number,) for number in itertools.count()), 1)
    assert same(next(prepared)[0], source.pair(0))
    assert same(next(prepared)[0], source.pair(1))
    workers = set(multiprocessing.active_children()) - before
    assert len(workers) == 1
    prepared.close()
    for worker in workers:
        worker.join(20)
        assert not worker.is_alive()


@pytest.mark.parametrize("workers", [0, 1])
def test_global_generators_are_left_alone(source: ClipSource, workers: int) -> None:
    before = torch.get_rng_state()
    list(batches(source, NUMBERS[:1], workers))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_arrives_as_one_line(tmp_path: Path, workers: int) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    source = ClipSource(material=PhotoFolder(tmp_path), frames=1, small_size=4)
    with pytest.raises(DataError, match=r"clip 7: 100 files .*broken\.png") as caught:
        list(batches(source, [(7,)], workers))
    assert "\n" not in str(caught.value)


@dataclass(frozen=True, slots=True)
class Faulty(Material):
    """Has a bug."""

    def draw(self, _rng: np.random.Generator, _frames: int, _size: int) -> tuple:
        raise RuntimeError("shapes differ")

    @property
    def names(self) -> tuple[str, ...]:
        return ()


@pytest.mark.parametrize("workers", [0, 1])
def test_a_bug_stays_what_it_is(workers: int) -> None:
    source = ClipSource(material=Faulty(), frames=1, small_size=4)
    with pytest.raises(RuntimeError, match="shapes differ"):
        list(batches(source, [(0,)], workers))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_workers_leave_signals_to_the_process_that_started_them(source: ClipSource) -> None:
    before = set(multiprocessing.active_children())
    with closing(batches(source, ((number,) for number in itertools.count()), 1)) as prepared:
        next(prepared)
        (worker,) = set(multiprocessing.active_children()) - before
        assert worker.pid is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(worker.pid, number)
        for number in range(1, 8):  # more than were prepared ahead
            assert same(next(prepared)[0], source.pair(number))
    worker.join(20)
    assert not worker.is_alive()


@dataclass(frozen=True, slots=True)
class Deadly(Material):
    """Ends the process that draws from it."""

    def draw(self, _rng: np.random.Generator, _frames: int, _size: int) -> tuple:
        os._exit(1)

    @property
    def names(self) -> tuple[str, ...]:
        return ()


@pytest.mark.catalogue("T42")
def test_a_dead_worker_is_one_clear_line() -> None:
    source = ClipSource(material=Deadly(), frames=1, small_size=4)
    with pytest.raises(DataError, match=r"a worker process died .*fewer workers") as caught:
        list(batches(source, [(0,)], 1))
    assert "\n" not in str(caught.value)
