"""The order of the stages for logs without personal data.

    anonymize:  read -> parse -> redact -> rewrite

One thread reads and unpacks, two rewrite, as functions that polars calls (see `workers`). Lines keep their
order.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from logstats.lines import write_apart
from logstats.rewrite import Rewriter, Rewritten
from logstats.tally import Tally
from logstats.workers import share

if TYPE_CHECKING:
    from collections.abc import Callable

    from logstats.jobs import Job, Logs
    from logstats.redact import LineMasks

# More of them need more memory, for each has a block in hand.
REWRITING_THREADS: Final = 2
# Blocks that may be rewritten before one that comes before them is.
MOST_AHEAD: Final = 2


def anonymize_logs(
    logs: Logs, masks: LineMasks, write: Callable[[bytes], None], *, flush_early: bool
) -> Tally:
    """Hand the lines of the logs on without personal data, in their order; return the account.

    Args:
        logs: What to read.
        masks: What is written instead of personal values.
        write: Takes the lines, block after block; not called from this thread.
        flush_early: Hand on each line as soon as it is there, for a pipe of a running server.
    """
    rewriter = Rewriter(masks)
    jobs = logs.jobs(flush_early=flush_early)
    written = _InOrder(write_apart(write))
    if flush_early:
        for number, job in enumerate(jobs):
            written.put(number, _rewrite_job(job, rewriter))
        return written.lines

    def halt() -> None:
        logs.halted.set()
        written.stop()

    share(
        lambda job: written.put(job[0], _rewrite_job(job[1], rewriter)),
        enumerate(jobs),
        threads=REWRITING_THREADS,
        halt=halt,
    )
    return written.lines


class _InOrder:
    """Writes what threads have made of blocks in the order of the blocks, and adds up the account.

    Whose block is next writes it, and those behind it that are ready; the others go on with their next block.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._changed = threading.Condition()
        self._ready: dict[int, Rewritten] = {}
        self._next = 0
        self._is_writing = False
        self._is_stopped = False
        self.lines = Tally()

    def put(self, number: int, rewritten: Rewritten) -> None:
        """Take a block; write it if all before it are written."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or number - self._next <= MOST_AHEAD)
            self._ready[number] = rewritten
            if self._is_stopped or self._is_writing:
                return
            self._is_writing = True
        while (following := self._take()) is not None:
            for piece in following.pieces:
                self._write(piece)
            with self._changed:
                self.lines.add(following.tally)
                self._next += 1
                self._changed.notify_all()

    def _take(self) -> Rewritten | None:
        """Return what is to be written next; where it is not there yet, writing ends."""
        with self._changed:
            following = None if self._is_stopped else self._ready.pop(self._next, None)
            self._is_writing = following is not None
            return following

    def stop(self) -> None:
        """Write nothing more."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()


def _rewrite_job(job: Job, rewriter: Rewriter) -> Rewritten:
    rewritten = rewriter.rewrite_block(job.block.data, job.formats)
    rewritten.tally.add(job.unread())
    return rewritten
