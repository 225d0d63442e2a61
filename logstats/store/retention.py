"""Days that are older than promised are deleted, and stay deleted."""

from __future__ import annotations

import json
from datetime import date

import polars as pl

from logstats.frozen import frozen
from logstats.store.counts import label_numbers, unpack_counts
from logstats.store.database import Store


@frozen
class Forgotten:
    """What was deleted, or would be."""

    days: int
    streams: int
    labels: int


def forget_days(store: Store, before: date, *, dry_run: bool = False) -> Forgotten:
    """Delete days before a day, of all sites, and all that only they needed.

    Their numbers are overwritten (SQLite's secure_delete), and so are texts that no other day
    shows. Lines of these days that are still in a log, or come back, are not counted again.

    Args:
        store: The store; its lock is held.
        before: The first day that stays.
        dry_run: Delete nothing, only say how much it would be.
    """
    limit = before.isoformat()
    days = store.ask("SELECT count(*) FROM day WHERE day < ?", (limit,))[0][0]
    idle = "last_run < ? AND id NOT IN (SELECT stream FROM pending WHERE day >= ?)"
    streams = store.ask(f"SELECT count(*) FROM stream WHERE {idle}", (limit, limit))[0][0]  # noqa: S608 - our own words
    unused = _unused_labels(store, limit) if days else []
    if not dry_run:
        with store.transaction():
            store.ask("DELETE FROM day WHERE day < ?", (limit,))
            store.ask("UPDATE site SET forgotten = ? WHERE forgotten < ?", (limit, limit))
            store.ask("DELETE FROM pending WHERE day < ?", (limit,))
            store.ask(f"DELETE FROM stream WHERE {idle}", (limit, limit))  # noqa: S608 - the same
            store.ask("DELETE FROM label WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(unused),))
    return Forgotten(days, streams, len(unused))


def _unused_labels(store: Store, limit: str) -> list[int]:
    """Return the numbers of labels that no day from the limit on points to."""
    used = pl.Series(dtype=pl.Int64)
    for packed, checksum in store.ask("SELECT counts, checksum FROM day WHERE day >= ?", (limit,)):
        found = label_numbers(unpack_counts(store, packed, checksum))
        used = pl.concat([used, found]).unique()
    numbers = pl.Series([number for (number,) in store.ask("SELECT id FROM label")], dtype=pl.Int64)
    return numbers.filter(~numbers.is_in(used.implode())).to_list()
