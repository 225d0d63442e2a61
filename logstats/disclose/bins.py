"""Time in the finest bins that are all safe; bins are made wider, never shown small."""

from __future__ import annotations

import polars as pl

from logstats import schema
from logstats.disclose.groups import BEST, PEOPLE, Groups
from logstats.disclose.withholding import is_dominated
from logstats.policy import Disclosure


def choose_span(groups: Groups, rule: Disclosure, *, per_day: int) -> pl.DataFrame | None:
    """Return the rows of the finest span whose bins may all be shown, or None.

    Args:
        groups: All spans of a table of time, keyed by `span_hours` among others.
        rule: k, the spans allowed, and whether a bin without people may be seen.
        per_day: How often the 24 hours stand in the table: 1, or once for each weekday of the period.
    """
    for span in sorted(rule.time_spans):
        rows = groups.rows.filter(pl.col(schema.SPAN_HOURS) == span)
        full = rows.height == per_day * (24 // span)
        if rows.height and (full or rule.show_zeros) and _all_safe(rows, rule):
            return rows
    return None


def _all_safe(rows: pl.DataFrame, rule: Disclosure) -> bool:
    bins = rows.select(BEST, PEOPLE, schema.TOP_HITS).iter_rows()
    return all(_is_safe(rule, best, people, top) for best, people, top in bins)


def _is_safe(rule: Disclosure, best: int, people: int, top: int) -> bool:
    if people == 0:
        return rule.show_zeros
    return best >= rule.k and not is_dominated(people, top, rule.dominance_percent)
