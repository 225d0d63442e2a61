"""How many visitors several groups of a stored day had together, at least.

Tokens are gone when a day is stored, so the union of groups that only a reader chooses
later cannot be counted. Three proofs of "at least" are left, and the best one counts:

- no union has fewer visitors than its largest group;
- a visitor has one browser, system, device, country and network a day: these add up;
- for some t, the visitors U(t) of all rows of under t visitors together were counted
  while tokens were there. A union that lacks some of these rows lacks at most their visitors.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from logstats import schema
from logstats.store.days import ORIGIN, Stored

# One visitor is in one row of these tables only.
ADDING_UP: Final = frozenset({"browsers", "systems", "devices", "countries", "networks"})


def bound_union(stored: Stored, table: str, groups: pl.DataFrame) -> pl.DataFrame:
    """Return day and visitors: a proven lower bound of the visitors of groups together.

    Args:
        stored: The days of a report.
        table: Which table.
        groups: The key columns of the groups; nulls are keys like any other.
    """
    frame = stored.table(table) if table != "weekday_hours" else _weekdays(stored.table("hours"))
    keys = groups.columns
    chosen = frame.join(groups.unique(), on=keys, how="semi", nulls_equal=True)
    by = [schema.DAY, ORIGIN]
    total = pl.col(schema.VISITORS).sum() if table in ADDING_UP else pl.col(schema.VISITORS).max()
    bounds = chosen.group_by(by).agg(total)
    steps = _steps(stored, table)
    if table not in ADDING_UP and steps.height:
        left_out = frame.join(groups.unique(), on=keys, how="anti", nulls_equal=True)
        lacking = (
            left_out.select(*by, schema.VISITORS)
            .join(steps, on=by)
            .filter(pl.col(schema.VISITORS) < pl.col("under"))
            .group_by(*by, "under")
            .agg(pl.col(schema.VISITORS).sum().alias("lacking"))
        )
        proven = steps.join(lacking, on=[*by, "under"], how="left").with_columns(
            (pl.col("together") - pl.col("lacking").fill_null(0)).alias(schema.VISITORS)
        )
        # Where none of the groups was seen nothing is to be proven.
        proven = proven.join(bounds, on=by, how="semi")
        bounds = (
            pl.concat([bounds, proven.select(*by, schema.VISITORS)])
            .group_by(by)
            .agg(pl.col(schema.VISITORS).max())
        )
    return bounds.group_by(schema.DAY).agg(pl.col(schema.VISITORS).max()).sort(schema.DAY)


def _steps(stored: Stored, table: str) -> pl.DataFrame:
    """Return day, origin, t (`under`) and U(t) (`together`)."""
    rows = [
        (day, origin, under, together)
        for (day, origin), account in stored.accounts.items()
        for under, together in account.unions.get(table, ())
    ]
    columns = {schema.DAY: pl.Date, ORIGIN: pl.String, "under": pl.Int64, "together": pl.Int64}
    return pl.DataFrame(rows, schema=columns, orient="row")


def _weekdays(hours: pl.DataFrame) -> pl.DataFrame:
    return hours.with_columns(pl.col(schema.DAY).dt.weekday().cast(pl.Int64).alias(schema.WEEKDAY))
