"""Items made by a thread while the last one is worked on."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Final, TypeVar

# How often one who waits for an item looks whether it is still wanted.
_LOOK_UP_SECONDS: Final = 0.5

_T = TypeVar("_T")
_R = TypeVar("_R")


def prefetch(
    items: Iterable[_T],
    *,
    depth: int = 1,
    halted: threading.Event | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> Iterator[_T]:
    """Yield the same items, which a thread makes while the last one is worked on.

    At most `depth` items are made ahead; the next one is begun when one of them is taken. An error of the
    thread is raised here, after the items before it. When the iterator is closed the thread ends with the
    item it is at (one that waits for a silent pipe ends with the process). Whoever waits for an item is
    told that there are no more when another thread sets `halted`.

    What is to be done `meanwhile` is done once, while the first item is made.
    """
    ready: queue.SimpleQueue[list[_T] | BaseException | None] = queue.SimpleQueue()
    wanted = threading.Semaphore(depth)
    stop = threading.Event()
    arguments = (items, ready, wanted, stop)
    thread = threading.Thread(target=_fill, args=arguments, name="logstats-read", daemon=True)
    thread.start()
    try:
        if meanwhile is not None:
            meanwhile()
        while (item := _take(ready, halted)) is not None:
            if isinstance(item, BaseException):
                raise item
            wanted.release()
            yield item.pop()
    finally:
        stop.set()
        wanted.release()
        thread.join(timeout=1)


def _take(ready: queue.SimpleQueue[_R], halted: threading.Event | None) -> _R | None:
    if halted is None:
        return ready.get()
    while not halted.is_set():
        with contextlib.suppress(queue.Empty):
            return ready.get(timeout=_LOOK_UP_SECONDS)
    return None


def _fill(
    items: Iterable[_T],
    ready: queue.SimpleQueue[list[_T] | BaseException | None],
    wanted: threading.Semaphore,
    stop: threading.Event,
) -> None:
    """Put every item when it is wanted, then the error that ended them or None."""
    end: BaseException | None = None
    made = iter(items)
    try:
        while wanted.acquire() and not stop.is_set():
            ready.put([next(made)])
    except StopIteration:
        end = None  # all are made
    except BaseException as error:  # noqa: BLE001 - it is raised again where the items are used
        end = error
    if isinstance(made, Generator):
        made.close()
    ready.put(end)
