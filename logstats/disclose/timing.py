"""Response times of the pages that a report shows, and of no others.

The table of durations is the table of pages with times beside the counts: the same rows in the
same order, the same hits hidden. So it tells of no group of which the other does not tell, and nothing
follows from the two together. Where some hits have no duration, the difference of the two would be those
hits: then no counts stand in such rows.

A percentile is the time of one hit, and the longest time is one visitor's. So a time is told
only if `reach` hits of people took as long or longer: k of them, and so many that no visitor
made more than `dominance_percent` of them. What no percentile may tell, `max_us` does not: it is the
longest time that so many hits reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from logstats import schema
from logstats.buckets import time_of
from logstats.disclose.catalogue import CATALOGUE, describe_columns
from logstats.disclose.groups import PEOPLE
from logstats.policy import Disclosure
from logstats.summaries import DURATIONS, Summary
from logstats.tables import OTHER, Suppressed, Table

_BY: Final = [schema.DAY, schema.PATH]
_REACH: Final = "reach"
_UNTIMED: Final = "untimed"
_NAME: Final = "name"


@dataclass(frozen=True, slots=True)
class _Timed:
    """What is known of the times of all pages.

    `buckets` has name (the path, `(other)` for all that are not shown), bucket, hits and people's hits;
    `pages` a row a name with `reach` (hits of people that must have taken as long as a time that is told;
    null if none may be told) and `untimed` hits.
    """

    buckets: pl.DataFrame
    pages: pl.DataFrame
    is_whole: bool


def time_pages(pages: Table, summary: Summary, rule: Disclosure) -> Table:
    """Return the table of durations.

    Args:
        pages: What is shown of the pages.
        summary: Its pages and its buckets of durations.
        rule: k and the share that one visitor may have.
    """
    entry = CATALOGUE[DURATIONS]
    timed = _gather(pages, summary, rule)
    rows = pages.rows.with_columns(pl.col(schema.PATH).alias(_NAME)).join(
        timed.pages, on=_NAME, how="left", maintain_order="left"
    )
    if not timed.is_whole:
        known = pl.col(_UNTIMED) <= 0
        told = pl.col(_REACH).is_not_null() & (pl.col(_NAME) != OTHER)
        counts = [pl.when(known).then(pl.col(name)).alias(name) for name in schema.COUNTS]
        rows = rows.filter(told).with_columns(counts)
    rows = rows.join(_read_times(timed), on=_NAME, how="left", maintain_order="left")
    shown = rows.select(schema.PATH, *schema.COUNTS, *schema.TIMES)
    return Table(
        DURATIONS,
        entry.title,
        entry.section,
        pages.keys,
        describe_columns(shown),
        shown,
        pages.suppressed if timed.is_whole or pages.rows.is_empty() else _tell_partial(shown),
    )


def _tell_partial(shown: pl.DataFrame) -> Suppressed:
    reason = "hits are not told of pages of which some hits have no duration"
    if shown.is_empty():
        reason = "too few hits have a duration"
    return Suppressed(0, reason)


def _gather(pages: Table, summary: Summary, rule: Disclosure) -> _Timed:
    """Return the buckets and the proofs of what may be told, by the rows that are shown."""
    times, daily = summary.tables[DURATIONS], summary.tables["pages"]
    shown = pages.rows[schema.PATH].drop_nulls()
    path = pl.col(schema.PATH)
    name = pl.when(path.is_in(shown.implode()) & (path != OTHER)).then(path).otherwise(pl.lit(OTHER))
    people = pl.col(schema.HITS) - pl.col(schema.BOT_HITS)
    told = times.with_columns(name.alias(_NAME), people.alias(PEOPLE))
    buckets = told.group_by(_NAME, schema.BUCKET).agg(pl.col(schema.HITS, PEOPLE).sum())
    of_days = told.group_by(*_BY, _NAME).agg(pl.col(schema.HITS, PEOPLE).sum())
    found = daily.with_columns(name.alias(_NAME), people.alias(PEOPLE)).join(
        of_days, on=[*_BY, _NAME], how="left", nulls_equal=True, suffix="_timed"
    )
    # What somebody did on a day without durations says nothing of those there are.
    found = found.with_columns(pl.col(schema.TOP_HITS) * pl.col("hits_timed").is_not_null().cast(pl.Int64))
    lacking = [pl.col(one) - pl.col(f"{one}_timed").fill_null(0) for one in (schema.HITS, PEOPLE)]
    found = found.with_columns(lacking[0].alias(_UNTIMED), lacking[1].clip(0).alias("untimed_people"))
    # Not by page: what the store or a bound folded has no page any more.
    is_whole = times[schema.HITS].sum() == daily[schema.HITS].sum()
    return _Timed(buckets, _reach(found, summary, rule), is_whole)


def _reach(found: pl.DataFrame, summary: Summary, rule: Disclosure) -> pl.DataFrame:
    """Return name, untimed hits, and reach: so many hits of people took as long as a time that is told.

    A hit without duration takes away one visitor at most: that many fewer are proven.
    """
    tops = summary.days.select(schema.DAY, pl.col(schema.TOP_HITS).alias("day_top"))
    by_day = (
        found.group_by(schema.DAY, _NAME)
        .agg(
            pl.col(schema.TOP_HITS, _UNTIMED, PEOPLE).sum(),
            pl.col("untimed_people").sum(),
            pl.col(schema.VISITORS).max(),
        )
        .join(tops, on=schema.DAY)
        .with_columns(pl.min_horizontal(schema.TOP_HITS, "day_top").alias(schema.TOP_HITS))
        .with_columns((pl.col(schema.VISITORS) - pl.col("untimed_people")).alias("proven"))
    )
    pages = by_day.group_by(_NAME).agg(
        pl.col(schema.TOP_HITS, _UNTIMED, PEOPLE).sum(), pl.col("proven").max()
    )
    share = -(-pl.col(schema.TOP_HITS) * 100 // rule.dominance_percent)
    reach = pl.max_horizontal(pl.lit(rule.k), share) if rule.k > 1 else pl.lit(1)
    # Visitors of several pages together are counted by who hides them; (other) is only shown if there are k.
    enough = (pl.col("proven") >= rule.k) | (pl.col(_NAME) == OTHER)
    return pages.select(
        _NAME, _UNTIMED, pl.when(pl.col(PEOPLE) == 0).then(0).when(enough).then(reach).alias(_REACH)
    )


def _read_times(timed: _Timed) -> pl.DataFrame:
    """Return the times of each name; null for one that too few hits reached."""
    ordered = timed.buckets.join(timed.pages, on=_NAME).sort(_NAME, schema.BUCKET)
    up_to = pl.col(schema.HITS).cum_sum().over(_NAME)
    # Hits of people in this bucket and all above it.
    reached = pl.col(PEOPLE).cum_sum(reverse=True).over(_NAME)
    whole = pl.col(schema.HITS).sum().over(_NAME)
    rows = ordered.with_columns(
        up_to.alias("up_to"), whole.alias("whole"), (reached >= pl.col(_REACH)).alias("is_told")
    )
    told = rows.filter("is_told")
    return told.group_by(_NAME).agg(
        *(_percentile(percent).alias(name) for percent, name in schema.PERCENTILES.items()),
        time_of(pl.col(schema.BUCKET).max()).alias(schema.MAX_US),
    )


def _percentile(percent: int) -> pl.Expr:
    """The first bucket up to which so many percent of the hits took, among those that may be told."""
    rank = -(-pl.col("whole") * percent // 100)
    return time_of(pl.col(schema.BUCKET).filter(pl.col("up_to") >= rank).min())
