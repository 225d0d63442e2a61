"""Stores of several machines become one: a dump is text that anybody can read, one day a line.

A day that several machines saw a part of is kept once for each of them, so merging
again, in another order or by way of a third store gives the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

import polars as pl

from logstats import schema
from logstats.errors import InputError, LogstatsError
from logstats.frozen import frozen
from logstats.store.counts import (
    DERIVED,
    TABLE_NUMBERS,
    Account,
    add_weekdays,
    pack_counts,
    to_rows,
)
from logstats.store.database import Store
from logstats.store.days import Site, add_site, list_sites, load_days, write_row
from logstats.summaries import Summary, table_schema, validate_summary

SCHEMA: Final = "logstats.store/1"


class BadDump(InputError):
    """A line of a dump that no store wrote."""

    def __init__(self, name: str, line: int, problem: str) -> None:
        super().__init__(f"{name}: line {line}: {problem}; nothing was merged")


@frozen
class _Day:
    site: str
    timezone: str
    day: date
    origin: str
    account: Account
    summary: Summary


def export_store(store: Store, since: date | None = None, until: date | None = None) -> Iterator[bytes]:
    """Yield the days of a store as lines of JSON, all sites, sorted."""
    for site in list_sites(store):
        stored = load_days(store, site, since, until)
        names = ["days", *(name for name in stored.names() if name != DERIVED)]
        tables = {name: stored.table(name) for name in names} if stored.accounts else {}
        for (day, origin), account in sorted(stored.accounts.items()):
            one = (pl.col(schema.DAY) == day) & (pl.col("origin") == origin)
            content = {
                "schema": SCHEMA,
                "site": site.name,
                "timezone": site.timezone,
                "day": day.isoformat(),
                "origin": origin,
                "account": json.loads(account.to_json()),
                "tables": {name: _lines(name, frame.filter(one)) for name, frame in tables.items()},
            }
            yield (
                json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
                + b"\n"
            )


def _lines(name: str, frame: pl.DataFrame) -> dict[str, Any]:
    columns = [column for column in table_schema(name) if column != schema.DAY]
    rows = frame.select(columns).sort(columns, nulls_last=True).rows()
    return {"columns": columns, "rows": [list(row) for row in rows]}


def merge_dump(store: Store, lines: Iterable[bytes], name: str) -> int:
    """Take the days of a dump into a store, all or none; return how many were new or newer.

    Args:
        store: The store; its lock is held.
        lines: As `export_store` made them.
        name: Of the dump, for messages.

    Raises:
        BadDump: A line that is none of a dump.
        UsageError: A site's days are those of another time zone.
    """
    days = [_read_day(line, name, number) for number, line in enumerate(lines, start=1)]
    sites = {day.site: add_site(store, day.site, day.timezone) for day in days}
    with store.transaction():
        return sum(_take_day(store, sites[day.site], day) for day in days)


def _take_day(store: Store, site: Site, day: _Day) -> bool:
    """Write a day of a machine unless as much of it is there; of two versions that with more lines stays."""
    if site.forgotten is not None and day.day < site.forgotten:
        return False
    place = (site.id, day.day.isoformat(), day.origin)
    found = store.ask("SELECT lines, account FROM day WHERE site = ? AND day = ? AND origin = ?", place)
    new = (day.account.lines.read, day.account.to_json())
    if found and (found[0][0], found[0][1]) >= new:
        return False
    write_row(store, place, day.account, pack_counts(store, day.summary))
    return True


def _read_day(line: bytes, name: str, number: int) -> _Day:
    try:
        told = json.loads(line)
        _check_schema(told["schema"], name, number)
        day = date.fromisoformat(told["day"])
        tables = {table: _frame(table, content, day) for table, content in told["tables"].items()}
        account = Account.from_json(json.dumps(told["account"]))
        days = tables.pop("days")
        add_weekdays(tables)
        summary = Summary(days, tables)
        validate_summary(summary)
        texts = (str(told["site"]), str(told["timezone"]), str(told["origin"]))
    except BadDump:
        raise
    except LogstatsError as error:
        raise BadDump(name, number, str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError, pl.exceptions.PolarsError):
        raise BadDump(name, number, "is no day of a store") from None
    if not account.lines.balances() or account.lines.parsed != days[schema.HITS].sum():
        raise BadDump(name, number, "its lines and its hits do not add up")
    _check_texts(summary, name, number)
    return _Day(texts[0], texts[1], day, texts[2], account, summary)


def _check_schema(schema_name: str, name: str, number: int) -> None:
    if schema_name != SCHEMA:
        raise BadDump(name, number, f"is not of {SCHEMA}")


def _frame(table: str, content: dict[str, Any], day: date) -> pl.DataFrame:
    if table not in TABLE_NUMBERS:
        raise KeyError(table)
    columns = table_schema(table)
    shape = {column: columns[column] for column in content["columns"]}
    frame = pl.DataFrame(content["rows"], schema=shape, orient="row", strict=True)
    return frame.with_columns(pl.lit(day).alias(schema.DAY)).select(*columns)


def _check_texts(summary: Summary, name: str, number: int) -> None:
    """Refuse control characters: what a client wrote was made safe before it was stored."""
    for frame in to_rows(summary).values():
        for column, kind in frame.schema.items():
            if kind == pl.String and frame[column].str.contains(r"[\x00-\x1f\x7f]").any():
                raise BadDump(name, number, "has control characters in a text")
