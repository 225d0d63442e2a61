"""Logs that may go: counted whole, old enough, named in the ledger; every other file stays."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from logstats.collecting.carriers import Carrier, open_carrier
from logstats.collecting.identify import match_streams
from logstats.frozen import frozen
from logstats.ledger import record_event
from logstats.sources import find_sources
from logstats.store.database import Store
from logstats.store.days import Site
from logstats.store.streams import load_streams


@frozen
class RawLog:
    """A log that may be deleted, and the line of the ledger that names it."""

    path: Path
    ledger: int


def find_deletable(
    store: Store, site: Site, names: tuple[str, ...], days: int, now: datetime
) -> Iterator[RawLog]:
    """Yield the logs of a site that may be deleted.

    A log may go when it lies under a configured name and is a regular file of one name, was
    not written to for so many days, and every byte of it is counted, as a line of the ledger says.

    Args:
        store: Knows what is counted.
        site: Whose logs.
        names: Files, directories and patterns of the configuration.
        days: For how long logs are kept.
        now: The time.
    """
    for source in find_sources(names).sources:
        path = Path(source.name)
        if not _is_plain_file(path) or _age(path, now) < timedelta(days=days):
            continue
        carrier = open_carrier(source.name, store.key)
        try:
            ledger = _ledger_line(store, site, carrier)
        finally:
            carrier.close()
        if ledger is not None:
            yield RawLog(path, ledger)


def delete_log(log: RawLog, ledger: Path) -> None:
    """Delete a log and note it in the ledger; the note comes first, so that nothing goes without one."""
    record_event(ledger, "log-deleted", log.path.name, {"counted_in": log.ledger})
    log.path.unlink()


def _is_plain_file(path: Path) -> bool:
    """Whether a path is a regular file of one name, and no part of it a link."""
    try:
        status = path.lstat()
    except OSError:
        return False
    plain = stat.S_ISREG(status.st_mode) and status.st_nlink == 1
    return plain and os.path.realpath(path) == os.path.abspath(path)  # noqa: PTH100 - Path.absolute keeps `..`


def _age(path: Path, now: datetime) -> timedelta:
    return now - datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _ledger_line(store: Store, site: Site, carrier: Carrier) -> int | None:
    """Return the line of the ledger that covers all of a file, if there is one."""
    streams = load_streams(store, site.id)
    carrier.scan(store.key, [stream.seen for stream in streams])
    if carrier.problem or not carrier.is_whole:
        return None
    for match in match_streams([carrier], streams, store.key):
        stream = match.stream
        if not match.is_new and stream.is_used_up and stream.seen == carrier.length:
            return stream.ledger
    return None
