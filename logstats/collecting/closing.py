"""Open days become what is stored: integers, few rows a table, and what proves unions later.

This is the last place that sees tokens of visitors.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from logstats import schema
from logstats.aggregate import OpenDays
from logstats.durations import add_buckets
from logstats.facets import KEY
from logstats.pairs import CELL
from logstats.rollup import SOURCES
from logstats.store.counts import Account, ClosedDay
from logstats.store.lower_bounds import ADDING_UP
from logstats.summaries import COUNTS, DURATIONS, SUMMARY_KEYS, Summary, table_schema, validate_summary
from logstats.tally import Tally
from logstats.unions import GROUP

# Rows a day and table: what a year of reports needs of a day, in some tens of kilobytes.
MAX_ROWS: Final = 2000
# Rows of buckets of time a day: those of some hundred pages, in some tens of kilobytes.
MAX_BUCKETS: Final = 10_000
# Rows of under so many visitors are counted together: the usual k, and steps around it.
STEPS: Final = (5, 10, 20, 1 << 40)

_FOLDED: Final = "folded"
_SIZE: Final = "size"


def close_days(
    days: OpenDays,
    tables: tuple[str, ...],
    lines: dict[date, Tally],
    *,
    policy: str,
    max_rows: int = MAX_ROWS,
) -> list[ClosedDay]:
    """Return each of the days as integers; nothing can be added to them any more.

    Args:
        days: Days whose lines are all counted.
        tables: Which tables the logs can tell something about.
        lines: The account of each day's lines.
        policy: Digest of the policy the lines were counted under.
        max_rows: Rows a day and table; the rest is folded into one row without keys.
    """
    summary = days.close(tables)
    accounts = {day: Account(tally, policy=policy) for day, tally in lines.items()}
    bits = max(facet.sample_bits for facet in days.facets.values())
    made = dict(summary.tables)
    for name in tables:
        if name == DURATIONS or name not in made:
            continue
        rows = _rank(name, made[name], max_rows)
        made[name], rows = _fold(days, name, rows)
        for day, lost in _largest_folded(rows):
            accounts[day].folded[name] = lost
        # An estimate proves nothing.
        if name not in ADDING_UP and not bits:
            _count_unions(days, name, rows, accounts)
    if DURATIONS in made:
        made[DURATIONS] = fold_times(made[DURATIONS])
    whole = Summary(summary.days, made)
    validate_summary(whole)
    for account in accounts.values():
        account.tables = tuple(made)
        account.sample_bits = bits
    return [ClosedDay(day, _one_day(whole, day), account) for day, account in sorted(accounts.items())]


def _rank(name: str, frame: pl.DataFrame, max_rows: int) -> pl.DataFrame:
    """Say which rows of each day are too many: that without keys, then those with fewest visitors."""
    keys = SUMMARY_KEYS[name]
    named = pl.any_horizontal(pl.col(key).is_not_null() for key in keys)
    order = frame.with_columns(named.alias("named")).sort(
        schema.DAY, "named", schema.VISITORS, schema.HITS, *keys,
        descending=[False, True, True, True, *[False] * len(keys)], nulls_last=True,
    )  # fmt: skip
    too_many = pl.int_range(pl.len()).over(schema.DAY) >= max_rows
    rows = order.with_columns(too_many.alias(_FOLDED))
    return rows.with_columns(pl.col(_FOLDED) | (pl.col(_FOLDED).any().over(schema.DAY) & ~pl.col("named")))


def _fold(days: OpenDays, name: str, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the table with rows that are too many as one a day; and all rows, with visitors in `size`."""
    columns = table_schema(name)
    folded = rows.filter(_FOLDED)
    if folded.is_empty():
        return rows.select(*columns), rows.with_columns(pl.col(schema.VISITORS).alias(_SIZE))
    sums = folded.group_by(schema.DAY).agg(pl.col(schema.HITS, schema.BOT_HITS, schema.BYTES_SENT).sum())
    least = (pl.col(schema.HITS) > pl.col(schema.BOT_HITS)).cast(pl.Int64)
    row = sums.join(_unite(days, name, folded), on=schema.DAY, how="left").with_columns(
        *(pl.lit(None, columns[key]).alias(key) for key in SUMMARY_KEYS[name]),
        *(
            pl.max_horizontal(pl.col(one).fill_null(0), least).alias(one)
            for one in (schema.VISITORS, schema.TOP_HITS)
        ),
    )
    sizes = row.select(schema.DAY, pl.col(schema.VISITORS).alias(_SIZE))
    own = pl.when(_FOLDED).then(_SIZE).otherwise(schema.VISITORS).alias(_SIZE)
    sized = rows.join(sizes, on=schema.DAY, how="left").with_columns(own)
    return pl.concat([rows.filter(~pl.col(_FOLDED)).select(*columns), row.select(*columns)]), sized


def _largest_folded(rows: pl.DataFrame) -> list[tuple[date, int]]:
    """Return for each day the hits that a row of it may lack: those of the largest one that was folded."""
    folded = rows.filter(_FOLDED).group_by(schema.DAY).agg(pl.col(schema.HITS).max())
    return [(day, int(hits)) for day, hits in folded.iter_rows()]


def _count_unions(days: OpenDays, name: str, rows: pl.DataFrame, accounts: dict[date, Account]) -> None:
    """Count, for each step t, the visitors of all rows of under t visitors together."""
    counted: dict[date, list[tuple[int, int]]] = {day: [] for day in accounts}
    for step in STEPS:
        united = dict(
            _unite(days, name, rows.filter(pl.col(_SIZE) < step))
            .select(schema.DAY, schema.VISITORS)
            .iter_rows()
        )
        for day, steps in counted.items():
            steps.append((step, united.get(day, 0)))
    for day, account in accounts.items():
        account.unions[name] = counted[day]


def _unite(days: OpenDays, name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return day, visitors and top_hits of all these rows of each day together."""
    source = SOURCES[name]
    facet = days.facets[source.facet]
    groups = rows.select(schema.DAY).unique(maintain_order=True).with_row_index(GROUP)
    keys = [schema.DAY, *SUMMARY_KEYS[name]]
    cells = facet.cells[0].join(source.names(facet), on=KEY)
    wanted = cells.join(rows.select(keys).join(groups, on=schema.DAY), on=keys, nulls_equal=True)
    return facet.regroup(wanted.select(CELL, GROUP)).join(groups, on=GROUP)


def fold_times(times: pl.DataFrame, most: int = MAX_BUCKETS) -> pl.DataFrame:
    """Return each day's buckets of the pages with most hits of people, the rest as of one page."""
    people = (pl.col(schema.HITS) - pl.col(schema.BOT_HITS)).sum()
    pages = times.group_by(schema.DAY, schema.PATH).agg(people.alias(_SIZE), pl.len().alias("rows"))
    order = pages.sort(schema.DAY, _SIZE, schema.PATH, descending=[False, True, False], nulls_last=True)
    rows = pl.col("rows").cum_sum().over(schema.DAY)
    folded = order.filter((rows > most) | pl.col(schema.PATH).is_null()).select(schema.DAY, schema.PATH)
    by = [schema.DAY, schema.PATH]
    kept = times.join(folded, on=by, how="anti", nulls_equal=True)
    rest = times.join(folded, on=by, how="semi", nulls_equal=True)
    sums = rest.group_by(schema.DAY, schema.BUCKET).agg(pl.col(schema.HITS, schema.BOT_HITS).sum())
    nameless = sums.with_columns(pl.lit(None, pl.String).alias(schema.PATH))
    return pl.concat([kept, add_buckets(nameless)])


def _one_day(summary: Summary, day: date) -> Summary:
    one = pl.col(schema.DAY) == day
    days = summary.days.filter(one)
    if days.is_empty():
        days = pl.DataFrame([{schema.DAY: day, **dict.fromkeys(COUNTS, 0)}], schema=table_schema("days"))
    return Summary(days, {name: frame.filter(one) for name, frame in summary.tables.items()})
