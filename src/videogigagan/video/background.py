"""Decoding ahead and encoding behind, each in one thread with a bounded queue.

FFmpeg releases Python's lock; so both overlap with work of the caller.
"""

import threading
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from queue import Empty, Full, Queue
from types import TracebackType
from typing import Generic, TypeVar, final

T = TypeVar("T")

POLL = 0.05
"""Seconds between looks at whether the other side gave up."""


@dataclass(frozen=True, slots=True)
class _End:
    """Marks the end of a queue."""

    error: BaseException | None = None
    """What ended it, if it was not exhaustion."""


def prefetch(
    items: Iterable[T], depth: int, *, give_up: Callable[[], None] | None = None
) -> Generator[T, None, None]:
    """Yield `items` in order while a thread fetches up to `depth` of them ahead.

    An exception of `items` is raised here, in its place. Closing this generator (or leaving the
    loop and dropping it) stops the thread; close it before whatever `items` reads from.

    Args:
        items: What to fetch.
        depth: How many may wait.
        give_up: Called when the thread is to stop, so that `items` ends what it waits for.
    """
    queue: Queue[T | _End] = Queue(depth)
    stop = threading.Event()
    thread = threading.Thread(target=_fill, args=(items, queue, stop), daemon=True)
    thread.start()
    try:
        while not isinstance(item := queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        if give_up is not None:
            give_up()
        thread.join()


def _fill(items: Iterable[T], queue: "Queue[T | _End]", stop: threading.Event) -> None:
    try:
        for item in items:
            if not _offer(queue, item, stop):
                return
    except BaseException as error:  # noqa: BLE001 - raised again in the consumer's thread
        _offer(queue, _End(error), stop)
    else:
        _offer(queue, _End(), stop)


def _offer(queue: "Queue[T | _End]", item: "T | _End", stop: threading.Event) -> bool:
    """Put an item as soon as there is room; return False if nobody wants it any more."""
    while not stop.is_set():
        try:
            queue.put(item, timeout=POLL)
        except Full:
            continue
        return True
    return False


@final
class WriteBehind(Generic[T]):
    """Calls `write` with each item in order, in a thread, at most `depth` items behind.

    A context manager: leaving it normally waits for the last item; leaving it by an exception
    drops those that wait. An exception of `write` is raised by the next `put`, or on leaving.
    """

    def __init__(self, write: Callable[[T], None], depth: int) -> None:
        self._write = write
        self._queue: Queue[T | _End] = Queue(depth)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._drain, daemon=True)

    def put(self, item: T) -> None:
        """Hand over an item; waits while `depth` items wait already."""
        if not _offer(self._queue, item, self._stop):
            self._raise()

    def __enter__(self) -> "WriteBehind[T]":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._stop.set()
        _offer(self._queue, _End(), self._stop)
        try:
            self._thread.join()
        except BaseException:
            self._stop.set()
            self._thread.join()
            raise
        if error is None:
            self._raise()

    def _drain(self) -> None:
        while not self._stop.is_set():
            try:
                item = self._queue.get(timeout=POLL)
            except Empty:
                continue
            if isinstance(item, _End):
                return
            try:
                self._write(item)
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                self._error = error
                self._stop.set()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
