"""What the process may leave behind: no core dump, nothing spilled to disk."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from types import FrameType
from typing import Final

from logstats.frozen import frozen

_PR_SET_DUMPABLE: Final = 4  # prctl(2)
# mallopt(3): what glibc gives back to the system at once, what it asks for by mmap, how many heaps it has.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_KEPT_BYTES: Final = 256 * 1024 * 1024
# polars' allocator keeps what was freed for 10 s, in an arena for each thread, in case it is wanted again:
# a third more memory. Two arenas and a shorter time are as fast.
_ALLOCATOR: Final = "narenas:2,dirty_decay_ms:{kept_ms},muzzy_decay_ms:0"


@frozen
class Memory:
    """How much freed memory is kept for the next block.

    Attributes:
        kept_ms: For how long polars keeps it.
        free_bytes: How much may be free at the end of the heap.
    """

    kept_ms: int
    free_bytes: int


# What is counted stays and grows: what the last blocks took is given back before that takes most.
COUNTING: Final = Memory(kept_ms=400, free_bytes=32 * 1024 * 1024)
# What is written goes at once, block after block of one size; to fetch its pages each time costs a tenth.
REWRITING: Final = Memory(kept_ms=500, free_bytes=128 * 1024 * 1024)


def protect_process(memory: Memory = COUNTING) -> None:
    """Forbid core dumps, let polars write nothing to disk and keep little; called before polars is imported.

    With a budget of 0 a query that does not fit in memory ends instead of writing
    rows of the log into a temporary directory.
    """
    os.environ["POLARS_OOC_DISK_BUDGET_MB"] = "0"
    os.environ.setdefault("_RJEM_MALLOC_CONF", _ALLOCATOR.format(kept_ms=memory.kept_ms))
    forbid_dumps()


def forbid_dumps() -> None:
    """Forbid core dumps of this process."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def heed_signals() -> None:
    """End a run that is told to end as Ctrl-C ends it, so that no temporary file stays behind.

    Takes back what `__main__` did before it was known what would be read.
    """
    signal.signal(signal.SIGTERM, _interrupt)


def heed_interrupts() -> None:
    """Let Ctrl-C end a wait: for a lock, or for a pipe on which nothing comes.

    polars takes SIGINT when it is imported, and asks the system to go on with what was interrupted.
    """
    signal.siginterrupt(signal.SIGINT, True)  # noqa: FBT003 - takes no keyword


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def keep_memory(memory: Memory = COUNTING) -> None:
    """Let glibc use the memory of a block again for the next one.

    By default it maps and unmaps every large block, and the system fills each of its pages with
    zeros anew: three quarters of the time that reading a log takes. A heap of the reading thread alone
    has parts of 64 MiB, which hold two blocks and are given back whenever they are empty; so all threads
    share one. Elsewhere nothing is changed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, memory.free_bytes)


def give_memory_back() -> None:
    """Give back to the system what glibc holds for the next block; elsewhere nothing is changed."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
