"""Closed days in and out of the store; a day is written once, and late lines are added to it."""

from __future__ import annotations

import re
import zlib
from dataclasses import field
from datetime import date
from typing import Final

import polars as pl

from logstats import schema
from logstats.errors import UsageError
from logstats.frozen import frozen
from logstats.store.counts import (
    Account,
    ClosedDay,
    add_weekdays,
    label_numbers,
    pack_counts,
    read_labels,
    take_table,
    to_rows,
    unpack_counts,
)
from logstats.store.database import Store
from logstats.summaries import (
    COUNTS,
    DELIVERY_TABLES,
    DURATIONS,
    SUMMARY_KEYS,
    DayTwice,
    Summary,
    empty_summary,
    table_schema,
    untold_rows,
)

ORIGIN: Final = "origin"
# It becomes a part of names of files.
SITE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")


@frozen
class Site:
    """A site of the store; its days begin at midnight of its time zone."""

    id: int
    name: str
    timezone: str
    forgotten: date | None = None


@frozen
class Stored:
    """Days as they are stored: each by each machine that saw a part of it.

    `rows` has day, origin, and the tables of `counts.ROW_SCHEMA`; `accounts` are by day and origin.
    """

    rows: pl.DataFrame
    labels: pl.DataFrame
    accounts: dict[tuple[date, str], Account]
    _taken: dict[str, pl.DataFrame] = field(default_factory=dict, compare=False, repr=False)

    def table(self, name: str) -> pl.DataFrame:
        """Return one table with day, origin, its keys and counts."""
        if name not in self._taken:
            self._taken[name] = take_table(self.rows, name, self.labels)
        return self._taken[name]

    def names(self) -> tuple[str, ...]:
        """Return the tables that some day tells of."""
        return tuple(dict.fromkeys(name for account in self.accounts.values() for name in account.tables))


def get_site(store: Store, name: str) -> Site:
    """Return a site by name.

    Raises:
        UsageError: The store has none of this name.
    """
    sites = list_sites(store)
    for site in sites:
        if site.name == name:
            return site
    known = ", ".join(site.name for site in sites) or "none yet"
    raise UsageError(f"{store.directory}: no site `{name}` in this store; it has {known}")


def list_sites(store: Store) -> list[Site]:
    """Return all sites by name."""
    rows = store.ask("SELECT id, name, timezone, forgotten FROM site ORDER BY name")
    return [
        Site(id_, name, zone, date.fromisoformat(past) if past else None) for id_, name, zone, past in rows
    ]


def add_site(store: Store, name: str, timezone: str) -> Site:
    """Return the site of this name; it is added if there is none.

    Raises:
        UsageError: Its days are those of another time zone.
    """
    if not SITE_NAME.fullmatch(name):
        raise UsageError(
            f"{name}: a site's name has letters, digits, dots, hyphens and underscores, at most 64"
        )
    for site in list_sites(store):
        if site.name == name:
            if site.timezone != timezone:
                raise UsageError(
                    f"{store.directory}: site `{name}` has the days of {site.timezone}, not of {timezone}; "
                    "use that zone, or a site of another name"
                )
            return site
    with store.transaction():
        number = store.ask("INSERT INTO site(name, timezone) VALUES (?, ?) RETURNING id", (name, timezone))[
            0
        ][0]
    return Site(number, name, timezone)


def stored_days(store: Store, site: Site) -> set[date]:
    """Return the days of a site that this machine has closed."""
    rows = store.ask("SELECT day FROM day WHERE site = ? AND origin = ?", (site.id, store.origin))
    return {date.fromisoformat(day) for (day,) in rows}


def put_day(store: Store, site: Site, closed: ClosedDay) -> None:
    """Store a day; inside a transaction, with how far its logs were used.

    Raises:
        DayTwice: It is stored already.
    """
    if store.ask(
        "SELECT 1 FROM day WHERE site = ? AND day = ? AND origin = ?", (*_place(store, site, closed.day),)
    ):
        raise DayTwice(closed.day)
    packed = pack_counts(store, closed.summary)
    write_row(store, (*_place(store, site, closed.day),), closed.account, packed)


def write_row(store: Store, place: tuple[int, str, str], account: Account, packed: bytes) -> None:
    """Write the row of a day and machine, in place of the one that is there."""
    values = (*place, account.lines.read, account.to_json(), packed, zlib.crc32(packed))
    store.ask("INSERT OR REPLACE INTO day VALUES (?, ?, ?, ?, ?, ?, ?)", values)


def add_late(store: Store, site: Site, late: ClosedDay) -> None:
    """Add lines that came after their day was closed: hits, and no visitors.

    Who they are of can be told no more, so the visitors counted stay: a lower bound. One
    visitor may have made all the late hits of a row, so its `top_hits` grow by as many.
    """
    place = _place(store, site, late.day)
    _, account, rows = _read_one(store, place)
    labels = read_labels(store, label_numbers(rows))
    dated = rows.with_columns(pl.lit(late.day).alias(schema.DAY))
    before = {
        name: take_table(dated, name, labels) for name in ("days", *to_rows(empty_summary(account.tables)))
    }
    after = to_rows(late.summary)
    after |= {
        name: untold_rows(name, after["days"])
        for name in DELIVERY_TABLES
        if name in before and name not in after
    }
    merged = {name: _add_hits(name, frame, after.get(name)) for name, frame in before.items()}
    account.lines.add(late.account.lines)
    account.late += late.account.late
    account.dropped += late.account.dropped
    packed = pack_counts(store, Summary(merged.pop("days"), merged))
    write_row(store, place, account, packed)


def drop_late(store: Store, site: Site, day: date, lines: int) -> None:
    """Count lines that came late and are not counted otherwise."""
    place = _place(store, site, day)
    packed, account, _ = _read_one(store, place)
    account.dropped += lines
    write_row(store, place, account, packed)


def _place(store: Store, site: Site, day: date) -> tuple[int, str, str]:
    return site.id, day.isoformat(), store.origin


def _read_one(store: Store, place: tuple[int, str, str]) -> tuple[bytes, Account, pl.DataFrame]:
    sql = "SELECT counts, account, checksum FROM day WHERE site = ? AND day = ? AND origin = ?"
    packed, account, checksum = store.ask(sql, place)[0]
    return packed, Account.from_json(account), unpack_counts(store, packed, checksum)


def _add_hits(name: str, before: pl.DataFrame, late: pl.DataFrame | None) -> pl.DataFrame:
    columns = table_schema(name)
    keys = [schema.DAY, *(SUMMARY_KEYS[name] if name != "days" else ())]
    if late is None or late.is_empty():
        return before
    unknown = (schema.VISITORS, schema.TOP_HITS) if name == DURATIONS else (schema.VISITORS,)
    hits = late.with_columns(pl.lit(0, pl.Int64).alias(count) for count in unknown)
    both = pl.concat([before.select(*columns), hits.select(*columns)]).group_by(keys, maintain_order=True)
    sums = both.agg(pl.col(COUNTS).sum())
    if name == DURATIONS:
        return sums.select(*columns)
    people = pl.col(schema.HITS) - pl.col(schema.BOT_HITS)
    least = (people > 0).cast(pl.Int64)
    return sums.with_columns(
        pl.max_horizontal(schema.VISITORS, least).alias(schema.VISITORS),
        pl.min_horizontal(schema.TOP_HITS, people).alias(schema.TOP_HITS),
    ).select(*columns)


def load_days(store: Store, site: Site, since: date | None = None, until: date | None = None) -> Stored:
    """Return the stored days of a site, both ends included, of all machines."""
    sql = (
        "SELECT day, origin, account, counts, checksum FROM day"
        " WHERE site = ? AND day BETWEEN ? AND ? ORDER BY day, origin"
    )
    span = ((since or date.min).isoformat(), (until or date.max).isoformat())
    frames: list[pl.DataFrame] = []
    accounts: dict[tuple[date, str], Account] = {}
    for text, origin, account, packed, checksum in store.ask(sql, (site.id, *span)):
        accounts[date.fromisoformat(text), origin] = Account.from_json(account)
        frames.append(unpack_counts(store, packed, checksum))
    if not frames:
        return Stored(pl.DataFrame(), pl.DataFrame(), accounts)
    # One step for all days: a step for each would take longer than all the rest.
    places = pl.DataFrame(
        {schema.DAY: [day for day, _ in accounts], ORIGIN: [origin for _, origin in accounts]}
    )
    sizes = pl.Series([frame.height for frame in frames])
    numbers = pl.select(pl.int_range(len(frames)).repeat_by(sizes).explode()).to_series()
    rows = pl.concat([pl.concat(frames), places.select(pl.all().gather(numbers))], how="horizontal")
    return Stored(rows, read_labels(store, label_numbers(rows)), accounts)


def summarize(stored: Stored) -> Summary:
    """Return stored days as a summary; a day that several machines saw becomes one.

    Of one day their hits add up. Nobody knows which visitors two machines have in common,
    so the highest number of one machine counts: at least so many there were.
    """
    if not stored.accounts:
        return empty_summary()
    alone = len(stored.accounts) == len({day for day, _ in stored.accounts})
    names = ["days", *(name for name in stored.names() if name != "weekday_hours")]
    tables = {name: _unite(name, _all_days(name, stored), alone=alone) for name in names}
    days = tables.pop("days").sort(schema.DAY)
    add_weekdays(tables)
    return Summary(days, tables)


def _all_days(name: str, stored: Stored) -> pl.DataFrame:
    """Return a stored table; hits of days and machines of another format are ones that tell nothing."""
    frame = stored.table(name)
    if name not in DELIVERY_TABLES:
        return frame
    silent = stored.table("days").join(frame, on=[schema.DAY, ORIGIN], how="anti")
    return pl.concat([frame, untold_rows(name, silent).select(frame.columns)])


def _unite(name: str, frame: pl.DataFrame, *, alone: bool) -> pl.DataFrame:
    columns = table_schema(name)
    if alone:
        return frame.select(*columns)
    if name == DURATIONS:
        frame = _visitors_of_one(frame)
    keys = [schema.DAY, *(SUMMARY_KEYS[name] if name != "days" else ())]
    highest = pl.col(schema.VISITORS).max().alias("highest")
    sums = frame.group_by(keys, maintain_order=True).agg(pl.col(COUNTS).sum(), highest)
    people = pl.col(schema.HITS) - pl.col(schema.BOT_HITS)
    return sums.with_columns(
        pl.col("highest").alias(schema.VISITORS),
        pl.min_horizontal(schema.TOP_HITS, people).alias(schema.TOP_HITS),
    ).select(*columns)


def _visitors_of_one(times: pl.DataFrame) -> pl.DataFrame:
    """Return buckets of time with the visitors of one machine: of each page on a day that with most.

    Somebody whose longest time is in one bucket here and in another there would count twice.
    """
    page = [schema.DAY, schema.PATH]
    sums = times.group_by(*page, ORIGIN).agg(pl.col(schema.VISITORS).sum())
    most = sums.sort(schema.VISITORS, ORIGIN).unique(page, keep="last", maintain_order=True)
    marked = times.join(
        most.select(*page, ORIGIN, pl.lit(1, pl.Int64).alias("counts")),
        on=[*page, ORIGIN],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    counts = [pl.col(name) * pl.col("counts").fill_null(0) for name in (schema.VISITORS, schema.TOP_HITS)]
    return marked.with_columns(counts).drop("counts")
