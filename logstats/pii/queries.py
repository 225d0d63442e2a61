"""Keep of a query what the policy lists by name, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from logstats.pii.detect import scrub_text
from logstats.pii.people import combined_kinds

_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")


def _pairs(query: str) -> list[tuple[str, str]]:
    pieces = re.split("[&;]", query)
    return [(name, value) for name, equals, value in (piece.partition("=") for piece in pieces) if equals]


def _kept(query: str, names: Sequence[str], value_pattern: re.Pattern[str], shown: dict[str, str]) -> str:
    """Return the listed parameters of one query; `shown` remembers values that were scrubbed before."""
    pairs = _pairs(query)
    mixed = combined_kinds(name for name, _ in pairs)
    kept = []
    for wanted in names:
        value = next((value for name, value in pairs if name == wanted), None)
        if value is None or not value_pattern.fullmatch(value):
            continue
        if value not in shown:
            shown[value] = scrub_text("/" + value)[1:]
        kept.append(f"{wanted}={'{combination}' if wanted.lower() in mixed else shown[value]}")
    return "&".join(kept)


def clean_query(
    raw: pl.Series, keep_params: Sequence[str], *, value_pattern: re.Pattern[str] = _VALUE
) -> pl.Series:
    """Return what may be shown of each query.

    Args:
        raw: Distinct queries without their `?`; nulls are allowed.
        keep_params: Names of the parameters that may stay.
        value_pattern: What a whole value must match to stay.

    Returns:
        For each row `name=value&...` in the order of `keep_params`, values scrubbed, or
        the empty text. Where two of birth date, zip code and gender meet, their values go.
    """
    raw = raw.cast(pl.String)
    kept = pl.repeat("", len(raw), dtype=pl.String, eager=True)
    if not keep_params:
        return kept
    names = "|".join(map(re.escape, keep_params))
    rows = raw.str.contains(rf"(?:^|[&;])(?:{names})=").fill_null(value=False).arg_true()
    if len(rows) == 0:
        return kept
    shown: dict[str, str] = {}
    texts = [_kept(text, keep_params, value_pattern, shown) for text in raw[rows].to_list()]
    return kept.scatter(rows, pl.Series(texts, dtype=pl.String))
