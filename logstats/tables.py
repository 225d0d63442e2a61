"""What may be shown: a report and its tables.

Only `disclose` makes a `Report`, and only a `Report` can be rendered. A
renderer reads the numbers and formats them; it computes none.
"""

from __future__ import annotations

from dataclasses import field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import polars as pl

from logstats.frozen import frozen
from logstats.tally import Tally

OTHER = "(other)"  # the row of all groups that are not shown


class Section(StrEnum):
    """The three purposes a log is used for, in the words of the notices."""

    INTEREST = "What is of most interest"
    DESIGN = "Technical design"
    PERFORMANCE = "Performance and problem areas"


@frozen
class Column:
    """One column of a table: `type` is string, integer, number or date; unit e.g. hits, bytes, us."""

    name: str
    unit: str | None
    type: str


@frozen
class Suppressed:
    """How many groups are in `(other)` or withheld, and why, in one sentence."""

    groups: int
    reason: str


@frozen
class Table:
    """Rows fit to be shown, in the order to show them; `(other)` stands last.

    `rows` has exactly `columns`. In the `(other)` row the first key column that
    is a string is `(other)` and the other key columns are null. A count that must not
    be shown is null. A table that cannot be shown has no rows and a reason.
    """

    name: str
    title: str
    section: Section
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: pl.DataFrame
    suppressed: Suppressed | None = None


@frozen
class Period:
    """The days of a report, both ends included; None if there was no hit."""

    first: date | None
    last: date | None
    days: int
    timezone: str


@frozen
class Report:
    """Everything an output shows; nothing else reaches a renderer."""

    generated: datetime
    period: Period
    policy: dict[str, Any]
    lines: Tally
    totals: dict[str, int | None]
    tables: dict[str, Table]
    site: str | None = None
    replaced: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    ledger: dict[str, Any] | None = None
