"""Periods: their words, and which of them may not both be published."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import polars as pl

from logstats import schema
from logstats.tables import Period


def read_period(days: pl.DataFrame, timezone: str) -> Period:
    """Return the days of a summary as a period; without a day it has no ends."""
    if days.is_empty():
        return Period(None, None, 0, timezone)
    found = days[schema.DAY].sort()
    return Period(found.item(0), found.item(-1), len(found), timezone)


def overlaps(period: Period, published: Iterable[Period]) -> list[Period]:
    """Return the published periods that share a day with this one, itself included.

    The difference of two reports whose periods overlap is a report on a shorter
    period, under whose small groups nothing was looked at. A day of another time zone
    shares hours with the days beside it.
    """
    return [other for other in published if _share_days(period, other)]


def _share_days(one: Period, other: Period) -> bool:
    if one.first is None or one.last is None or other.first is None or other.last is None:
        return False
    apart = timedelta(days=0 if one.timezone == other.timezone else 1)
    return other.first - one.last <= apart and one.first - other.last <= apart
