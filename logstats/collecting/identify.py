"""Which stream each file carries: by content, whatever the files are called now."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from logstats.collecting.carriers import Carrier, open_carrier
from logstats.frozen import frozen
from logstats.sources import STDIN, Problem, find_sources, reason_of
from logstats.store.streams import Stream, mark_offsets

# How often the list of files may change while they are opened before that is an error.
ATTEMPTS: Final = 5


@dataclass(slots=True)
class Opened:
    """The named logs, open at one moment, and what could not be opened."""

    carriers: list[Carrier] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def close(self) -> None:
        """Close all files."""
        for carrier in self.carriers:
            carrier.close()


def open_logs(names: tuple[str, ...], key: bytes) -> Opened:
    """Open the files that names stand for, so that no rotation comes between two of them.

    When the names stand for other files afterwards than before, all are opened anew:
    a log that was renamed meanwhile would be missing, or be there twice.
    """
    for attempt in range(1, ATTEMPTS + 1):
        opened = Opened()
        found = find_sources(names)
        opened.problems += found.problems
        for source in found.sources:
            try:
                opened.carriers.append(open_carrier(source.name, key))
            except OSError as error:
                opened.problems.append(Problem(source.name, reason_of(error)))
        # Standard input can be read once only.
        if (
            STDIN in names
            or attempt == ATTEMPTS
            or _inodes(names) == {c.inode for c in opened.carriers if c.inode}
        ):
            return opened
        opened.close()
    raise AssertionError  # the last attempt returns


def _inodes(names: tuple[str, ...]) -> set[tuple[int, int]]:
    """Return the files that names stand for now."""
    found: set[tuple[int, int]] = set()
    for source in find_sources(names).sources:
        with contextlib.suppress(OSError):
            status = Path(source.name).stat()
            if stat.S_ISREG(status.st_mode):
                found.add((status.st_dev, status.st_ino))
    return found


@frozen
class Match:
    """A file and the stream it carries; `is_new` if no run has seen it."""

    carrier: Carrier
    stream: Stream
    is_new: bool


def match_streams(carriers: Iterable[Carrier], streams: Iterable[Stream], key: bytes) -> list[Match]:
    """Return for every stream at hand the file that holds most of it; copies are left out.

    Args:
        carriers: Scanned files.
        streams: All streams of the site.
        key: Of the store's fingerprints.
    """
    known = list(streams)
    mains: list[Match] = []
    # The longest first: what is shorter may be a copy of its beginning.
    for carrier in sorted((c for c in carriers if c.length), key=lambda c: (-c.length, c.name)):
        if any(_is_beginning(carrier, match.carrier, key) for match in mains):
            continue
        taken = {id(match.stream) for match in mains}
        candidates = [s for s in known if id(s) not in taken and _carries(carrier, s, key)]
        whole = [s for s in candidates if s.seen <= carrier.length]
        if whole:
            mains.append(Match(carrier, max(whole, key=lambda s: s.seen), is_new=False))
        elif not candidates:
            mains.append(Match(carrier, Stream(carrier.name), is_new=True))
    return mains


def _is_beginning(short: Carrier, long: Carrier, key: bytes) -> bool:
    """Whether a file holds nothing but the beginning of another's text."""
    return all(long.mark(key, at) == short.mark(key, at) for at in mark_offsets(short.length))


def _carries(carrier: Carrier, stream: Stream, key: bytes) -> bool:
    """Whether the text of a file and of a stream agree as far as both go; at least one mark must tell."""
    within = [at for at in sorted(stream.marks) if at <= carrier.length]
    return bool(within) and all(carrier.mark(key, at) == stream.marks[at] for at in within)
