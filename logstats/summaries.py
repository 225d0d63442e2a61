"""Closed days as integers: what is stored, and all that `disclose` ever sees.

A day is closed once and whole; two summaries merge when they share no day,
because distinct visitors of one day cannot be added.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

import polars as pl

from logstats import schema
from logstats.buckets import BUCKETS
from logstats.errors import LogstatsError, StoreError
from logstats.frozen import frozen

UnionCount = Callable[[str, pl.DataFrame], pl.DataFrame]
"""(table, key columns of groups) -> (day, visitors): distinct visitors of their union a day.

A proven lower bound will do. A row of nulls asks for the groups folded by the cap. A
further column `top_hits` (hits of the one visitor with most hits in the union) is used if
it is there.
"""

COUNTS: Final = (
    schema.HITS,
    schema.BOT_HITS,
    schema.VISITORS,
    schema.BYTES_SENT,
    schema.TOP_HITS,
)
KINDS: Final = "kinds"
DURATIONS: Final = "durations"
PAGE: Final = "page"
STATIC_FILE: Final = "static_file"
CLIENT_ERROR: Final = "client_error"
SERVER_ERROR: Final = "server_error"
ALL_KINDS: Final = (PAGE, STATIC_FILE, CLIENT_ERROR, SERVER_ERROR)

# The tables of a summary: those of a report without `days`, and the kinds of hits.
SUMMARY_KEYS: Final[dict[str, tuple[str, ...]]] = {
    **{name: keys for name, keys in schema.TABLE_KEYS.items() if name != "days"},
    KINDS: (schema.KIND,),
    # Hits of a page in a bucket of time; percentiles are read from these.
    DURATIONS: (schema.PATH, schema.BUCKET),
}

KEY_TYPES: Final[dict[str, pl.DataType]] = {
    schema.STATUS: pl.Int64(),
    schema.HOUR: pl.Int64(),
    schema.WEEKDAY: pl.Int64(),
    schema.SPAN_HOURS: pl.Int64(),
    schema.BUCKET: pl.Int64(),
}

# Tables of columns that only some formats have.
DELIVERY_TABLES: Final = ("cache", "tls")
# Their key where a line does not tell it.
NOT_TOLD: Final = "(none)"

# What the rows of a table add up to on each day; durations are only measured on some hits.
WHOLE: Final = (
    "hours",
    "weekday_hours",
    "statuses",
    "methods",
    "protocols",
    "referrers",
    "browsers",
    "systems",
    "devices",
    "countries",
    "networks",
    "vhosts",
    *DELIVERY_TABLES,
    KINDS,
)
PART_OF_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "pages": (PAGE,),
    "static_files": (STATIC_FILE,),
    "errors": (CLIENT_ERROR, SERVER_ERROR),
}


class DayTwice(StoreError):
    """Two summaries of one day, whose visitors cannot be added."""

    def __init__(self, day: date) -> None:
        super().__init__(f"{day.isoformat()}: this day is summed up already")


class BadSummary(LogstatsError):
    """Counts that no log can give: a bug, or a file somebody changed."""

    exit_code = 4

    def __init__(self, table: str, problem: str) -> None:
        super().__init__(f"table {table}: {problem}")


@frozen
class Summary:
    """The counts of closed days, a row per day and key; keys are null for groups the cap folded.

    `days` has day, hits, bot_hits, visitors, bytes_sent and top_hits; each of `tables`
    has day, its keys and the same counts. `top_hits` is the most that one person made. In
    `durations` each visitor of a page counts twice on a day: `visitors` in the bucket of the longest
    time, `top_hits` in that of the shortest; or not at all where that is not known.

    Where there is `widen`, the tables of time have single hours only, and it returns them with all spans: to
    count visitors of wider ones takes long, and they are shown only where single hours may not be.
    """

    days: pl.DataFrame
    tables: dict[str, pl.DataFrame]
    widen: Callable[[], dict[str, pl.DataFrame]] | None = None


def table_schema(name: str) -> dict[str, pl.DataType]:
    """Return the columns of a table of a summary; `days` too."""
    keys = SUMMARY_KEYS[name] if name != "days" else ()
    return {
        schema.DAY: pl.Date(),
        **{key: KEY_TYPES.get(key, pl.String()) for key in keys},
        **dict.fromkeys(COUNTS, pl.Int64()),
    }


def untold_rows(name: str, days: pl.DataFrame) -> pl.DataFrame:
    """Return rows of a table for days whose lines do not tell what it is about: all their hits as one row."""
    return days.with_columns(pl.lit(NOT_TOLD).alias(key) for key in SUMMARY_KEYS[name])


def empty_summary(tables: tuple[str, ...] = ()) -> Summary:
    """Return the summary of no day: merged with any other it gives the other."""
    frames = {name: pl.DataFrame(schema=table_schema(name)) for name in tables}
    return Summary(pl.DataFrame(schema=table_schema("days")), frames)


def merge_summaries(*parts: Summary) -> Summary:
    """Return one summary of all days, sorted by day and keys.

    A table that only some parts have is kept with the days that have it.

    Raises:
        DayTwice: A day stands in two parts.
    """
    if not parts:
        return empty_summary()
    days = pl.concat([part.days for part in parts]).sort(schema.DAY)
    twice = days.filter(pl.col(schema.DAY).is_duplicated())[schema.DAY]
    if len(twice):
        raise DayTwice(twice.item(0))
    names = dict.fromkeys(name for part in parts for name in part.tables)
    return Summary(days, {name: _join(name, parts) for name in names})


def _join(name: str, parts: tuple[Summary, ...]) -> pl.DataFrame:
    frames = [part.tables[name] for part in parts if name in part.tables]
    return pl.concat(frames).sort(schema.DAY, *SUMMARY_KEYS[name], nulls_last=True)


def validate_summary(summary: Summary) -> None:
    """Check the columns, the counts, and that every table adds up to its day.

    Raises:
        BadSummary: Names the table and the rule, never a value.
    """
    _check_frame("days", summary.days)
    for name, frame in summary.tables.items():
        if name not in SUMMARY_KEYS:
            raise BadSummary(name, "no summary has such a table")
        _check_frame(name, frame)
        _check_sum(name, frame, _expected(name, summary))
    if DURATIONS in summary.tables:
        _check_times(summary)


def _check_frame(name: str, frame: pl.DataFrame) -> None:
    columns = table_schema(name)
    if {key: frame.schema.get(key) for key in columns} != columns:
        raise BadSummary(name, f"its columns are not {', '.join(columns)}")
    keys = [key for key in columns if key not in COUNTS]
    if frame.select(keys).is_duplicated().any():
        raise BadSummary(name, "a group stands twice")
    if sum(frame.select(schema.DAY, *COUNTS).null_count().row(0)):
        raise BadSummary(name, "a day or a count is missing")
    people = pl.col(schema.HITS) - pl.col(schema.BOT_HITS)
    possible = frame.select(
        ((pl.min_horizontal(*COUNTS) >= 0) & (people >= pl.col(schema.TOP_HITS))).all(),
        (people >= pl.col(schema.VISITORS)).all().alias("visitors"),
        *(
            ((people == 0) == (pl.col(count) == 0)).all().alias(f"{count} are there")
            for count in (schema.VISITORS, schema.TOP_HITS)
            if name != DURATIONS
        ),
    )
    if not all(possible.row(0)):
        raise BadSummary(name, "its counts contradict one another")


def _check_times(summary: Summary) -> None:
    """Only pages have durations, and of each hit one."""
    times = summary.tables[DURATIONS]
    if not times[schema.BUCKET].is_between(0, BUCKETS - 1).all():
        raise BadSummary(DURATIONS, "a bucket has no such number")
    kinds = summary.tables.get(KINDS)
    if kinds is None:
        return
    pages = kinds.filter(pl.col(schema.KIND) == PAGE).select(schema.DAY, schema.HITS, schema.BOT_HITS)
    timed = times.group_by(schema.DAY).agg(pl.col(schema.HITS, schema.BOT_HITS).sum())
    both = timed.join(pages, on=schema.DAY, how="left", suffix="_pages")
    fits = [pl.col(name) <= pl.col(f"{name}_pages").fill_null(0) for name in (schema.HITS, schema.BOT_HITS)]
    if not both.select(pl.all_horizontal(fits).all()).item():
        raise BadSummary(DURATIONS, "has more hits than pages have")


def _expected(name: str, summary: Summary) -> pl.DataFrame | None:
    """Hits, bot hits and bytes a day of all rows of a table together; None if not known."""
    sums = (schema.HITS, schema.BOT_HITS, schema.BYTES_SENT)
    if name in WHOLE:
        return summary.days.select(schema.DAY, *sums)
    if name in PART_OF_KINDS and KINDS in summary.tables:
        kinds = summary.tables[KINDS].filter(pl.col(schema.KIND).is_in(PART_OF_KINDS[name]))
        return kinds.group_by(schema.DAY).agg(pl.col(sums).sum())
    return None


def _check_sum(name: str, frame: pl.DataFrame, expected: pl.DataFrame | None) -> None:
    if expected is None:
        return
    sums = (schema.HITS, schema.BOT_HITS, schema.BYTES_SENT)
    by = [schema.DAY, *({schema.SPAN_HOURS} & set(frame.columns))]
    found = frame.group_by(by).agg(pl.col(sums).sum())
    wanted = expected.filter(pl.col(schema.HITS) > 0)
    if schema.SPAN_HOURS in by:
        spans = frame.select(schema.SPAN_HOURS).unique()
        wanted = wanted.join(spans, how="cross")
    same = wanted.join(found, on=by, how="full", suffix="_found")
    agrees = pl.all_horizontal(pl.col(column).eq_missing(pl.col(f"{column}_found")) for column in sums)
    if not same.select(agrees.all()).item():
        raise BadSummary(name, "its rows do not add up to the day")
