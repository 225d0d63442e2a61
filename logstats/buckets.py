"""Durations in buckets: two numbers are in one bucket if they are about the same.

Buckets of the counted hits add up, whatever they were counted by, and every percentile read from them
is within 1 % of the exact one (the idea of DDSketch: Masson, Rim, Lee, "DDSketch: a fast and
fully-mergeable quantile sketch with relative-error guarantees", 2019, section 2).

Up to `EXACT_US` each microsecond has a bucket of its own: there whole numbers are further apart
than 1 %. Above it a bucket ends at `GROWTH` times its beginning.
"""

from __future__ import annotations

import math
from typing import Final

import polars as pl

EXACT_US: Final = 500
# A time read from a bucket is off by this share at most. Rounded to whole microseconds, of which
# there are more than 500, it is off by 0.1 % more: 1 % together.
ERROR: Final = 0.009
GROWTH: Final = (1 + ERROR) / (1 - ERROR)
# Eleven days: longer than any answer, and the end of the buckets.
LONGEST_US: Final = 10**12
BUCKETS: Final = EXACT_US + math.ceil(math.log(LONGEST_US / EXACT_US, GROWTH)) + 1


def bucket_of(duration_us: pl.Expr) -> pl.Expr:
    """Return the number of the bucket of a duration: the longer the duration, the higher.

    >>> pl.select(bucket_of(pl.lit(pl.Series([0, 500, 1000, 1001, 10**15])))).to_series().to_list()
    [0, 500, 539, 539, 1690]
    """
    time = duration_us.clip(0, LONGEST_US)
    above = (time.clip(lower_bound=EXACT_US) / EXACT_US).log(GROWTH).ceil()
    return pl.when(time <= EXACT_US).then(time).otherwise(EXACT_US + above).cast(pl.Int16)


def time_of(bucket: pl.Expr) -> pl.Expr:
    """Return the duration in microseconds that stands for all in a bucket, within 1 % of each.

    >>> pl.select(time_of(pl.lit(pl.Series([0, 500, 539])))).to_series().to_list()
    [0, 500, 1000]
    """
    upper = pl.lit(GROWTH).pow(bucket - EXACT_US) * EXACT_US
    middle = (upper * (2 / (GROWTH + 1))).round()
    return pl.when(bucket <= EXACT_US).then(bucket).otherwise(middle).cast(pl.Int64)
