"""Which tables a report has, in the order to read them, and what kind of table each is."""

from __future__ import annotations

from typing import Final

import polars as pl

from logstats import schema
from logstats.frozen import frozen
from logstats.tables import Column, Section


@frozen
class Entry:
    """What is fixed about a table.

    `by_people`: ranked by hits of people, else by all hits; `by_time`: in the order of its
    keys, without a limit on rows; `partition`: a visitor is in one group only, so that
    visitors of groups add up.
    """

    title: str
    section: Section
    by_people: bool = False
    by_time: bool = False
    partition: bool = False


CATALOGUE: Final[dict[str, Entry]] = {
    "pages": Entry("Pages", Section.INTEREST, by_people=True),
    "static_files": Entry("Files", Section.INTEREST, by_people=True),
    "referrers": Entry("Referring sites", Section.INTEREST, by_people=True),
    "vhosts": Entry("Virtual hosts", Section.INTEREST, by_people=True),
    "countries": Entry("Countries", Section.INTEREST, by_people=True, partition=True),
    "browsers": Entry("Browsers", Section.DESIGN, by_people=True, partition=True),
    "systems": Entry("Operating systems", Section.DESIGN, by_people=True, partition=True),
    "devices": Entry("Devices", Section.DESIGN, by_people=True, partition=True),
    "protocols": Entry("Protocols", Section.DESIGN),
    "tls": Entry("Encryption", Section.DESIGN),
    "bots": Entry("Bots", Section.DESIGN),
    "days": Entry("Days", Section.PERFORMANCE, by_time=True, partition=True),
    "hours": Entry("Hours of the day", Section.PERFORMANCE, by_time=True),
    "weekday_hours": Entry("Weekdays and hours", Section.PERFORMANCE, by_time=True),
    "errors": Entry("Errors", Section.PERFORMANCE),
    "statuses": Entry("Statuses", Section.PERFORMANCE),
    "methods": Entry("Methods", Section.PERFORMANCE),
    "cache": Entry("Cache", Section.PERFORMANCE),
    "networks": Entry("Networks", Section.PERFORMANCE, partition=True),
    "durations": Entry("Durations", Section.PERFORMANCE),
}

UNITS: Final[dict[str, str]] = {
    schema.HITS: "hits",
    schema.BOT_HITS: "hits",
    schema.VISITORS: "visitors",
    schema.BYTES_SENT: "bytes",
    schema.SPAN_HOURS: "hours",
    **dict.fromkeys(schema.TIMES, "us"),
}


def describe_columns(frame: pl.DataFrame) -> tuple[Column, ...]:
    """Return name, unit and type of the columns of a table."""
    return tuple(Column(name, UNITS.get(name), _type_name(kind)) for name, kind in frame.schema.items())


def _type_name(kind: pl.DataType) -> str:
    if kind == pl.Date:
        return "date"
    if kind.is_integer():
        return "integer"
    return "number" if kind.is_numeric() else "string"
