import threading
import time

import pytest

from videogigagan.video.background import WriteBehind, prefetch


def numbers(count, seen=None):
    for number in range(count):
        if seen is not None:
            seen.append(number)
        yield number


def threads() -> int:
    return threading.active_count()


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_prefetch_keeps_order(count):
    before = threads()
    assert list(prefetch(numbers(count), 2)) == list(range(count))
    assert threads() == before


@pytest.mark.catalogue("T32")
def test_prefetch_is_bounded():
    seen = []
    ahead = prefetch(numbers(100, seen), 3)
    assert next(ahead) == 0
    time.sleep(0.1)
    assert len(seen) <= 5  # one given, three queued, one waiting for room
    ahead.close()


def test_prefetch_stops_when_closed():
    before = threads()
    ahead = prefetch(numbers(10**9), 2)
    next(ahead)
    ahead.close()
    assert threads() == before


def test_prefetch_does_not_wait_for_items_that_do_not_come():
    over = threading.Event()

    def one_and_no_more():
        yield 1
        over.wait()

    before = threads()
    ahead = prefetch(one_and_no_more(), 2, give_up=over.set)
    assert next(ahead) == 1
    ahead.close()
    assert threads() == before


def test_prefetch_raises_what_its_items_raise():
    def failing():
        yield 1
        raise ZeroDivisionError

    ahead = prefetch(failing(), 5)
    assert next(ahead) == 1
    with pytest.raises(ZeroDivisionError):
        next(ahead)


def test_write_behind_keeps_order_and_finishes():
    written = []
    with WriteBehind(written.append, 2) as writer:
        for number in range(50):
            writer.put(number)
    assert written == list(range(50))


@pytest.mark.catalogue("T32")
def test_write_behind_is_bounded():
    gate = threading.Event()
    done = []

    def slow(number):
        gate.wait(5)
        done.append(number)

    def put_all(writer):
        for number in range(10):
            writer.put(number)

    with WriteBehind(slow, 2) as writer:
        caller = threading.Thread(target=put_all, args=(writer,))
        caller.start()
        time.sleep(0.1)
        assert caller.is_alive()
        gate.set()
        caller.join()
    assert done == list(range(10))


def fail(_):
    raise ZeroDivisionError


def put_many(writer, count):
    for number in range(count):
        writer.put(number)


def put_many_and_stop(writer, count):
    put_many(writer, count)
    raise KeyboardInterrupt


def test_write_behind_raises_on_put():
    with pytest.raises(ZeroDivisionError), WriteBehind(fail, 1) as writer:
        put_many(writer, 10)


def test_write_behind_raises_on_leaving():
    with pytest.raises(ZeroDivisionError), WriteBehind(fail, 5) as writer:
        put_many(writer, 1)


def test_write_behind_drops_what_waits_after_an_error():
    gate = threading.Event()
    written = []

    def slow(number):
        gate.wait(0.2)
        written.append(number)

    before = threads()
    with pytest.raises(KeyboardInterrupt), WriteBehind(slow, 10) as writer:
        put_many_and_stop(writer, 8)
    assert len(written) < 8
    assert threads() == before
