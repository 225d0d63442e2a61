"""The named logs as jobs: blocks, and the formats that their lines may have."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from logstats.formats import all_presets
from logstats.frozen import frozen
from logstats.prefetch import prefetch
from logstats.read import Block, BlockSize, Problem, find_sources, has_long_lines, read_sources
from logstats.recognize import headers_in, recognize
from logstats.tally import Tally

if TYPE_CHECKING:
    from logstats.formats import Format

Watcher = Callable[[Block], None]


@frozen
class Job:
    """A block and the formats its lines may have."""

    block: Block
    formats: tuple[Format, ...]

    def unread(self) -> Tally:
        """Return the account of lines that nobody reads: too long, or blank where no format is known."""
        too_long = self.block.lines_too_long
        blank = 0 if self.formats else self.block.data.count(b"\n") + (not self.block.ends_with_newline)
        rejected = Counter(too_long=too_long) if too_long else Counter[str]()
        return Tally(read=too_long + blank, blank=blank, rejected=rejected)


@dataclass(slots=True)
class Logs:
    """The named logs as jobs; what could not be read or recognized is in `problems`.

    Where they are read for hits (`of_hits`), an error log is a problem.
    """

    names: tuple[str, ...]
    forced: tuple[Format, ...] = ()
    watch: Watcher | None = None
    of_hits: bool = False
    problems: list[Problem] = field(default_factory=list)
    found_formats: list[Format] = field(default_factory=list)
    sources_read: int = 0
    block_size: BlockSize = field(default_factory=BlockSize)
    # No further job is wanted, though one may be waited for: on a pipe nothing may ever come.
    halted: threading.Event = field(default_factory=threading.Event)

    def jobs(self, *, flush_early: bool = False) -> Iterator[Job]:
        """Yield every block that holds lines of a known format; reading runs ahead in a thread."""
        found = find_sources(self.names)
        self.problems += found.problems
        self.sources_read += len(found.sources)
        blocks = read_sources(found.sources, block_size=self.block_size, flush_early=flush_early)
        known: tuple[str, tuple[Format, ...] | Problem | None] = ("", None)
        # While the system reads the first block nobody needs Python: what finding its format takes is read.
        first = None if self.forced else all_presets
        for item in blocks if flush_early else prefetch(blocks, halted=self.halted, meanwhile=first):
            if isinstance(item, Problem):
                self.problems.append(item)
                # Of an archive that is none at all there was no block before.
                self.sources_read -= item.source != known[0]
                continue
            if self.watch is not None:
                self.watch(item)
            if known[0] != item.source or known[1] is None:
                known = (item.source, self._recognize(item))
            if isinstance(known[1], Problem):
                continue
            made = [Job(item, self.forced if known[1] is None else known[1])]
            if known[1] is not None:
                known = (item.source, headers_in(item.data, known[1]))
            # What is handed on is not held here too: a block is large.
            del item
            yield made.pop()

    def _recognize(self, block: Block) -> tuple[Format, ...] | Problem | None:
        formats = recognize(block.source, block.data, self.forced, of_hits=self.of_hits)
        if isinstance(formats, Problem):
            self.problems.append(formats)
            self.sources_read -= 1
        elif formats:
            self.found_formats += formats[:1]
            if has_long_lines(block.data):
                self.block_size.narrow()
        return formats


class SharedJobs:
    """Jobs that several threads take, one at a time, until one of them stops all."""

    def __init__(self, jobs: Iterator[Job]) -> None:
        self._jobs = jobs
        self._lock = threading.Lock()
        self._stopped = False

    def __iter__(self) -> Iterator[Job]:
        return self

    def __next__(self) -> Job:
        with self._lock:
            job = None if self._stopped else next(self._jobs, None)
        if job is None:
            raise StopIteration
        return job

    def stop(self) -> None:
        """Hand out no further job."""
        self._stopped = True
