"""The data dictionary: every column that an output may have, and what it means.

docs/reference/outputs.md tells the same in prose; a test keeps the two together.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl
from polars.datatypes import DataTypeClass

from logstats.frozen import frozen
from logstats.schema import COUNTS, TABLE_KEYS
from logstats.tables import Report

# Constant in every row, so that files of many months can be put one after the other and
# every copy of a row still says under which policy it was published.
STAMP: Final = (
    "period_first",
    "period_last",
    "policy_id",
    "policy_version",
    "policy_effective",
    "policy_digest",
    "marking",
)

DTYPES: Final[dict[str, DataTypeClass]] = {
    "string": pl.String,
    "integer": pl.Int64,
    "number": pl.Float64,
    "date": pl.Date,
}


@frozen
class Described:
    """One column: its type (string, integer, number, date), unit and meaning."""

    type: str
    unit: str | None
    description: str

    @property
    def dtype(self) -> DataTypeClass:
        """The polars type of the column."""
        return DTYPES[self.type]


MEANINGS: Final[dict[str, Described]] = {
    "table": Described("string", None, "name of the table that the row belongs to"),
    "day": Described("date", None, "day in the time zone of the report"),
    "hour": Described("integer", "hours", "first hour of the bin, 0 to 23"),
    "span_hours": Described("integer", "hours", "length of the bin: 1, 3, 6 or 24"),
    "weekday": Described("integer", None, "day of the week, 1 = Monday"),
    "path": Described("string", None, "path without query; what looked personal is a token such as {id}"),
    "status": Described("integer", None, "HTTP status code"),
    "method": Described("string", None, "HTTP method"),
    "protocol": Described("string", None, "protocol and version"),
    "referrer": Described("string", None, "registrable domain of the referring site"),
    "browser": Described("string", None, "browser family"),
    "browser_version": Described("string", None, "major version of the browser"),
    "system": Described("string", None, "operating system"),
    "system_version": Described("string", None, "major version of the operating system"),
    "device": Described("string", None, "class of device"),
    "bot": Described("string", None, "name of a known bot"),
    "country": Described("string", None, "country of the shortened address, ISO 3166-1 code"),
    "network": Described("string", None, "shortened address"),
    "vhost": Described("string", None, "virtual host that the configuration lists"),
    "cache_status": Described("string", None, "whether the answer came from a cache, as the server calls it"),
    "tls_protocol": Described("string", None, "version of TLS, (none) without"),
    "tls_cipher": Described("string", None, "cipher of the connection"),
    "hits": Described("integer", "hits", "all requests; empty where they must not be shown"),
    "bot_hits": Described("integer", "hits", "requests of known bots among the hits"),
    "visitors": Described("integer", "visitors", "distinct visitors a day, bots left out, summed over days"),
    "bytes_sent": Described("integer", "bytes", "bytes sent for the hits"),
    "p50_us": Described("integer", "us", "half of the hits took at most so long, within 1 %"),
    "p90_us": Described("integer", "us", "90 % of the hits took at most so long, within 1 %"),
    "p95_us": Described("integer", "us", "95 % of the hits took at most so long, within 1 %"),
    "p99_us": Described("integer", "us", "99 % of the hits took at most so long, within 1 %"),
    "max_us": Described("integer", "us", "longest time that k visitors waited at least, within 1 %"),
    "period_first": Described("date", None, "first day of the report"),
    "period_last": Described("date", None, "last day of the report"),
    "policy_id": Described("string", None, "policy that the report was made under"),
    "policy_version": Described("string", None, "version of the policy"),
    "policy_effective": Described("string", None, "date from which the policy is in force"),
    "policy_digest": Described("string", None, "digest of the policy file"),
    "marking": Described("string", None, "what the policy writes on every output, such as INTERNAL"),
}


def key_columns() -> tuple[str, ...]:
    """Return every key column of any table once, in the order of the tables.

    >>> key_columns()[:4]
    ('day', 'hour', 'span_hours', 'weekday')
    """
    return tuple(dict.fromkeys(key for keys in TABLE_KEYS.values() for key in keys))


def extra_columns(report: Report) -> tuple[str, ...]:
    """Return the measures of this report beside the four counts."""
    known = {*COUNTS, *key_columns()}
    names = (c.name for table in report.tables.values() for c in table.columns)
    return tuple(dict.fromkeys(name for name in names if name not in known))


def dictionary(report: Report) -> dict[str, Described]:
    """Return all columns of the tidy file, in its order."""
    names = ("table", *key_columns(), *COUNTS, *extra_columns(report), *STAMP)
    extras = {
        column.name: Described(column.type, column.unit, column.name.replace("_", " "))
        for table in report.tables.values()
        for column in table.columns
        if column.name not in MEANINGS
    }
    return {name: (MEANINGS | extras)[name] for name in names}


def stamp(report: Report) -> dict[str, Any]:
    """Return the constant columns of this report."""
    policy = report.policy
    return {
        "period_first": report.period.first,
        "period_last": report.period.last,
        "policy_id": _text(policy.get("id")),
        "policy_version": _text(policy.get("version")),
        "policy_effective": _text(policy.get("effective")),
        "policy_digest": _text(policy.get("digest")),
        "marking": _text(policy.get("marking")),
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
