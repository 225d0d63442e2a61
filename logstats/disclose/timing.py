"""Response times of the pages that a report shows, and of no others.

The table of durations is the table of pages with times beside the counts: the same rows in the
same order, the same hits hidden. So it tells of no group of which the other does not tell, and nothing
follows from the two together. Where some hits have no duration, the difference of the two would be those
hits: then no counts stand in such rows.

A percentile is the time of one hit, and the longest time is one visitor's. So times are told
between two ends alone: k visitors of some page and day waited as long as the upper or longer, k visitors as
long as the lower or less, and no visitor made more than `dominance_percent` of the hits at either. A
percentile beyond an end is shown as that end, and what is called the longest time is the upper one: whether
anybody waited longer still changes nothing that is shown.

Whether a page has times depends on 2k - 1 visitors, with whom the ends of visitors cannot cross, and on no
time. Only where one visitor makes so many hits that the ends of hits cross those of visitors, none are told.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from logstats import schema
from logstats.buckets import BUCKETS, time_of
from logstats.disclose.catalogue import CATALOGUE, describe_columns
from logstats.disclose.groups import PEOPLE
from logstats.frozen import frozen
from logstats.policy import Disclosure
from logstats.summaries import DURATIONS, Summary
from logstats.tables import OTHER, Suppressed, Table

_BY: Final = [schema.DAY, schema.PATH]
_LOW: Final = "low"
_HIGH: Final = "high"
_SHARE: Final = "share"
_UNTIMED: Final = "untimed"
_NAME: Final = "name"
_PAGE: Final = "page"


@frozen
class _Timed:
    """What is known of the times of all pages.

    `buckets` has name (the path, `(other)` for all that are not shown), bucket, hits and people's hits;
    `pages` a row a name with `low` and `high` (the buckets between which times are told; null if
    none may be told) and `untimed` hits.
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
        told = pl.col(_HIGH).is_not_null() & (pl.col(_NAME) != OTHER)
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
    of_days = told.group_by(*_BY, _NAME).agg(pl.col(schema.HITS).sum())
    found = daily.with_columns(name.alias(_NAME), people.alias(PEOPLE)).join(
        of_days, on=[*_BY, _NAME], how="left", nulls_equal=True, suffix="_timed"
    )
    # What somebody did on a day without durations says nothing of those there are.
    found = found.with_columns(pl.col(schema.TOP_HITS) * pl.col("hits_timed").is_not_null().cast(pl.Int64))
    found = found.with_columns((pl.col(schema.HITS) - pl.col("hits_timed").fill_null(0)).alias(_UNTIMED))
    # Not by page: what the store or a bound folded has no page any more.
    is_whole = times[schema.HITS].sum() == daily[schema.HITS].sum()
    names = _share_of_most(found, summary, rule)
    ends = _ends_of_visitors(told, rule.k).join(
        _ends_of_hits(buckets, names), on=_NAME, how="full", coalesce=True
    )
    return _Timed(buckets, _join_ends(names, ends, rule), is_whole)


def _share_of_most(found: pl.DataFrame, summary: Summary, rule: Disclosure) -> pl.DataFrame:
    """Return name, hits of people, untimed hits, and the fewest hits that no visitor made too many of."""
    tops = summary.days.select(schema.DAY, pl.col(schema.TOP_HITS).alias("day_top"))
    by_day = found.group_by(schema.DAY, _NAME).agg(pl.col(schema.TOP_HITS, _UNTIMED, PEOPLE).sum())
    most = pl.min_horizontal(schema.TOP_HITS, "day_top").alias(schema.TOP_HITS)
    names = by_day.join(tops, on=schema.DAY).with_columns(most).group_by(_NAME)
    share = -(-pl.col(schema.TOP_HITS) * 100 // rule.dominance_percent)
    sums = names.agg(pl.col(schema.TOP_HITS, _UNTIMED, PEOPLE).sum())
    return sums.select(_NAME, _UNTIMED, PEOPLE, share.alias(_SHARE))


def _ends_of_visitors(told: pl.DataFrame, k: int) -> pl.DataFrame:
    """Return for each name the times that k visitors of one page waited on one day, or longer, or less.

    Visitors of several pages may be the same: those of one page count, of that which tells most.
    """
    # Texts are sorted and grouped in several times the time of numbers.
    page = [_NAME, *_BY]
    numbers = told.select(page).unique().with_row_index(_PAGE)
    waited = (
        told.join(numbers, on=page, nulls_equal=True)
        .sort(_PAGE, schema.BUCKET)
        .with_columns(
            pl.col(schema.VISITORS).sum().over(_PAGE).alias("all"),
            pl.col(schema.VISITORS).cum_sum(reverse=True).over(_PAGE).alias("longer"),
            pl.col(schema.TOP_HITS).cum_sum().over(_PAGE).alias("less"),
        )
    )
    return _ends(waited.filter(pl.col("all") >= 2 * k - 1), pl.lit(k), "visitors")


def _ends_of_hits(buckets: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Return for each name the times that its share of hits of people took, or longer, or less."""
    taken = buckets.join(names.select(_NAME, _SHARE), on=_NAME).sort(_NAME, schema.BUCKET)
    taken = taken.with_columns(
        pl.col(PEOPLE).sum().over(_NAME).alias("all"),
        pl.col(PEOPLE).cum_sum(reverse=True).over(_NAME).alias("longer"),
        pl.col(PEOPLE).cum_sum().over(_NAME).alias("less"),
    )
    return _ends(taken.filter(pl.col("all") >= 2 * pl.col(_SHARE) - 1), pl.col(_SHARE), "hits")


def _ends(waited: pl.DataFrame, enough: pl.Expr, what: str) -> pl.DataFrame:
    bucket = pl.col(schema.BUCKET)
    return waited.group_by(_NAME).agg(
        bucket.filter(pl.col("less") >= enough).min().alias(f"{_LOW}_{what}"),
        bucket.filter(pl.col("longer") >= enough).max().alias(f"{_HIGH}_{what}"),
    )


def _join_ends(names: pl.DataFrame, ends: pl.DataFrame, rule: Disclosure) -> pl.DataFrame:
    """Return name, untimed hits and the two ends; null where they cross or one is not known."""
    whole = names.join(ends, on=_NAME, how="left")
    low, high = (
        pl.when(pl.all_horizontal(pl.col(f"{end}_visitors", f"{end}_hits").is_not_null())).then(
            within(f"{end}_visitors", f"{end}_hits")
        )
        for end, within in ((_LOW, pl.max_horizontal), (_HIGH, pl.min_horizontal))
    )
    # Where all are bots there is nobody to hide, and where k is 1 nothing is hidden.
    is_open = (pl.col(PEOPLE) == 0) | (rule.k == 1)
    bounded = whole.with_columns(
        pl.when(is_open).then(0).otherwise(low).alias(_LOW),
        pl.when(is_open).then(BUCKETS).otherwise(high).alias(_HIGH),
    )
    told = pl.col(_LOW) <= pl.col(_HIGH)
    return bounded.select(_NAME, _UNTIMED, *(pl.when(told).then(end).alias(end) for end in (_LOW, _HIGH)))


def _read_times(timed: _Timed) -> pl.DataFrame:
    """Return the times of each name that has any, none of them beyond its ends."""
    ordered = timed.buckets.join(timed.pages.filter(pl.col(_HIGH).is_not_null()), on=_NAME)
    rows = ordered.sort(_NAME, schema.BUCKET).with_columns(
        pl.col(schema.HITS).cum_sum().over(_NAME).alias("up_to"),
        pl.col(schema.HITS).sum().over(_NAME).alias("whole"),
        pl.col(schema.BUCKET).clip(_LOW, _HIGH),
    )
    return rows.group_by(_NAME).agg(
        *(_percentile(percent).alias(name) for percent, name in schema.PERCENTILES.items()),
        time_of(pl.col(schema.BUCKET).max()).alias(schema.MAX_US),
    )


def _percentile(percent: int) -> pl.Expr:
    """The first bucket up to which so many percent of the hits took."""
    rank = -(-pl.col("whole") * percent // 100)
    return time_of(pl.col(schema.BUCKET).filter(pl.col("up_to") >= rank).min())
