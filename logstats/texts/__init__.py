"""Texts of fields, a column each, become a batch: codes of distinct values, minutes, numbers.

What a text means is said by the readers of the exact parser. Plain texts, which they leave as
they are, are told by one pattern for all distinct values; the readers are called for the
others, once a distinct value. A row with a text that is not of its field's type is odd.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from logstats import schema
from logstats.batches import (
    AGENT,
    CLIENT,
    MINUTE,
    NOTHING,
    PROTOCOL,
    REFERRER,
    REQUEST,
    VHOST,
    Batch,
    ParsedBatch,
)
from logstats.dictionary import Dictionaries, Era
from logstats.formats import Field, Format
from logstats.formats.model import REQUEST as WHOLE_REQUEST
from logstats.formats.types import TYPES
from logstats.texts.clients import read_clients
from logstats.texts.each import NEVER_FAIL
from logstats.texts.numbers import NUMBERS, read_number
from logstats.texts.plain import Values, is_text, read_lasting, read_values
from logstats.texts.requests import read_requests
from logstats.texts.times import read_minutes

__all__ = ["Texts", "is_needed", "is_text"]

_REQUEST_COLUMNS: Final = (
    schema.METHOD,
    schema.PATH,
    schema.QUERY,
    schema.PROTOCOL,
    schema.VHOST,
    WHOLE_REQUEST,
)
_TEXT_COLUMNS: Final = (*_REQUEST_COLUMNS, schema.TIME, schema.HOST, schema.REFERRER, schema.AGENT)


def is_needed(one: Field, *, keep_query: bool) -> bool:
    """Whether a field tells something that is counted, or may be of no use to its type."""
    if one.column is None or (one.column == schema.QUERY and not keep_query):
        return False
    wanted = one.column in (*_TEXT_COLUMNS, *NUMBERS, *schema.DELIVERY)
    return wanted or TYPES[one.type].read not in NEVER_FAIL


@dataclass(slots=True)
class Texts:
    """The texts of the fields of a block, a row a line, and what has been read from them.

    Attributes:
        format: Whose fields these are.
        height: The number of rows.
        by_name: Whether of several fields for a column the first that tells it counts, as
            where values have names, and numbers may be in powers of ten.
        keep_query: Whether queries are wanted.
        known: What was read in other blocks.
        checks: What must hold in a row that is to be trusted.
    """

    format: Format
    height: int
    by_name: bool
    keep_query: bool
    known: Dictionaries = field(default_factory=Dictionaries)
    fields: list[tuple[Field, pl.Series]] = field(default_factory=list)
    checks: list[pl.Series] = field(default_factory=list)
    codes: dict[str, pl.Series] = field(default_factory=dict)
    values: dict[str, pl.DataFrame] = field(default_factory=dict)
    eras: dict[str, Era] = field(default_factory=dict)

    def add(self, one: Field, texts: pl.Series) -> None:
        """Add a field; null where a line does not have it."""
        self.fields.append((one, texts))

    def read(self) -> tuple[ParsedBatch | None, pl.Series]:
        """Return the rows to be trusted as hits, and which these are."""
        self._read_times()
        self._read_clients()
        self._read_requests()
        for code, column in ((REFERRER, schema.REFERRER), (AGENT, schema.AGENT)):
            read = read_lasting(self._of(column), self.height, self.known, by_name=self.by_name)
            filled = read.values.fill_null(NOTHING) if column in self.format.columns else read.values
            self._keep(code, column, Values(read.codes, filled, read.ok, read.era))
        self._read_delivery()
        numbers = self._read_numbers()
        every = pl.DataFrame([check.alias(str(number)) for number, check in enumerate(self.checks)])
        ok = every.select(pl.all_horizontal(pl.all()).fill_null(value=False)).to_series()
        hits = pl.DataFrame({**self.codes, **numbers})
        hits = hits if ok.all() else hits.filter(ok)
        return (ParsedBatch(Batch(hits, self.values, self.eras)) if hits.height else None), ok

    def _of(self, *columns: str) -> list[tuple[Field, pl.Series]]:
        return [(one, texts) for one, texts in self.fields if one.column in columns]

    def _keep(self, code: str, column: str, read: Values) -> None:
        self.codes[code] = read.codes
        self.values[code] = read.values.alias(column).to_frame()
        if read.era is not None:
            self.eras[code] = read.era
        if read.ok is not None:
            self.checks.append(read.ok)

    def _read_times(self) -> None:
        minutes = read_minutes(self._of(schema.TIME), self.height)
        self.codes[MINUTE] = minutes.codes
        self.values[MINUTE] = minutes.values.alias(schema.TIME).to_frame()
        self.checks.append(minutes.values.is_not_null()[minutes.codes])

    def _read_clients(self) -> None:
        read = read_clients(self._of(schema.HOST), self.height, by_name=self.by_name)
        self.codes[CLIENT], self.values[CLIENT] = read.codes, read.values
        if read.ok is not None:
            self.checks.append(read.ok)

    def _read_requests(self) -> None:
        fields = self._of(*_REQUEST_COLUMNS)
        read = read_requests(
            fields, self.height, self.known, by_name=self.by_name, keep_query=self.keep_query
        )
        if read.era is not None:
            self.eras[REQUEST] = read.era
        self.codes |= {REQUEST: read.request, PROTOCOL: read.protocol, VHOST: read.vhost}
        self.values |= {REQUEST: read.requests, PROTOCOL: read.protocols, VHOST: read.vhosts}
        self.checks += read.checks

    def _read_delivery(self) -> None:
        """Read the words of the server on how it delivered, where it says any."""
        for column in schema.DELIVERY:
            read = read_values(self._of(column), self.height, by_name=self.by_name)
            if read.values.null_count() < len(read.values):
                self._keep(column, column, read)

    def _read_numbers(self) -> dict[str, pl.Series]:
        numbers: dict[str, pl.Series] = {}
        for one, texts in self.fields:
            if one.column in (*_TEXT_COLUMNS, *schema.DELIVERY):
                continue
            number, ok = read_number(one, texts, by_name=self.by_name)
            self.checks.append(ok)
            before = numbers.get(one.column or "")
            numbers[one.column or ""] = (
                number if before is None else pl.select(pl.coalesce(before, number)).to_series()
            )
        nothing = pl.repeat(None, self.height, dtype=pl.Int64, eager=True)
        status = numbers.get(schema.STATUS, nothing)
        # Any text may have a time; a hit has a client or an answer.
        hosts = self.values[CLIENT][schema.HOST].is_not_null()[self.codes[CLIENT]]
        self.checks.append(status.is_not_null() | hosts)
        return {
            schema.STATUS: status.clip(0, 999).fill_null(0).cast(pl.UInt16),
            schema.BYTES_SENT: numbers.get(schema.BYTES_SENT, nothing).fill_null(0),
            schema.DURATION_US: numbers.get(schema.DURATION_US, nothing),
        }
