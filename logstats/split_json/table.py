"""Texts of fields become codes of distinct values, minutes and numbers."""

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
    encode,
)
from logstats.formats import Field, Format, Hit, Rejected
from logstats.formats.exact import EMPTY, finish, read_field
from logstats.formats.json_lines import plain_number
from logstats.formats.times import TIME_READERS
from logstats.split_json.names import Found

_REQUEST_COLUMNS: Final = (schema.METHOD, schema.PATH, schema.QUERY, schema.PROTOCOL, schema.VHOST, "request")
_TARGETS: Final = frozenset({"target", "url"})
_REQUESTS: Final = frozenset({"request", "url_request"})
_UNITS_US: Final = {"seconds": 1e6, "milliseconds": 1e3, "microseconds": 1.0, "nanoseconds": 1e-3}
_DURATION: Final = r"^[0-9]{1,9}(?:\.[0-9]{1,9})?$"
_COUNT: Final = r"^[0-9]{1,18}$"
_STATUS: Final = r"^[0-9]{3}$"
# Where the seconds of a time begin, and what may follow.
_CLOCKS: Final = (
    (
        17,
        (
            r"^[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-5][0-9]"
            r"(?:[.,][0-9]{1,9})?( ?[+-][0-9]{2}:?[0-9]{2})$"
        ),
    ),
    (
        16,
        (
            r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-5][0-9]"
            r"(?:[.,][0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})$"
        ),
    ),
)
# Digits of a time in seconds, milliseconds and so on since 1970 (of this century), and its minutes.
_EPOCHS: Final = {"epoch": (10,), "epoch_ms": (13,), "epoch_us": (16,), "any_time": (10, 13, 16, 19)}
GROUPS: Final = {
    CLIENT: (schema.HOST,),
    REQUEST: _REQUEST_COLUMNS,
    REFERRER: (schema.REFERRER,),
    AGENT: (schema.AGENT,),
}


@dataclass(slots=True)
class JsonSplit:
    """A block of JSON lines as hits, and the numbers of the lines that only the exact parser can read."""

    batch: ParsedBatch | None
    odd: list[int]
    lines: list[bytes]

    def odd_lines(self) -> list[bytes]:
        """Return the lines of the odd rows."""
        return [self.lines[row] for row in self.odd]


@dataclass(slots=True)
class Table:
    """The texts of a block and what has been read from them."""

    texts: pl.DataFrame
    ok: list[pl.Series]
    codes: dict[str, pl.Series] = field(default_factory=dict)
    values: dict[str, pl.DataFrame] = field(default_factory=dict)
    numbers: dict[str, pl.Series] = field(default_factory=dict)

    def read_time(self, found: Found) -> None:
        """Read the minute of every row; minutes are few."""
        text = self.texts[found.name]
        minutes = pl.select(
            pl.coalesce(*(_minute(text, *clock) for clock in _CLOCKS), pl.lit(None, pl.String))
        ).to_series()
        if minutes.null_count():
            minutes = pl.select(
                pl.coalesce(minutes, _epoch_minute(text, _EPOCHS.get(found.field.type, ())))
            ).to_series()
        self.codes[MINUTE], distinct = encode(minutes)
        read = TIME_READERS["any_time"]
        times = [read(one) if one else None for one in distinct.to_list()]
        self.values[MINUTE] = pl.DataFrame({schema.TIME: pl.Series(times, dtype=pl.Datetime("us", "UTC"))})
        self.ok.append(self.values[MINUTE][schema.TIME].is_not_null().gather(self.codes[MINUTE]))

    def read_group(self, code: str, found: list[Found], *, keep_query: bool) -> None:
        """Read what several fields tell together, each distinct combination once, by the exact readers."""
        fields = [one for one in found if keep_query or one.field.column != schema.QUERY]
        texts = [self._shortened(one, keep_query=keep_query).fill_null(_NULL) for one in fields]
        frame = pl.DataFrame([text.alias(str(number)) for number, text in enumerate(texts)])
        joined = frame.select(pl.concat_str(pl.all(), separator=_BETWEEN)).to_series() if fields else None
        if joined is None:
            joined = pl.repeat(_NULL, self.texts.height, dtype=pl.String, eager=True)
        self.codes[code], distinct = encode(joined)
        if code == CLIENT and {one.field.type for one in fields} <= _NEVER_FAIL:
            self._read_clients(distinct, [one.field for one in fields])
            return
        hits = [_read_fields([one.field for one in fields], text) for text in distinct.to_list()]
        rows = [hit if hit is not None else EMPTY for hit in hits]
        for name, columns in _VALUES[code].items():
            self.values[name] = pl.DataFrame(
                {column: pl.Series([row[column] for row in rows], dtype=pl.String) for column in columns}
            )
            self.codes[name] = self.codes[code]
        self.ok.append(
            pl.Series([hit is not None for hit in hits], dtype=pl.Boolean).gather(self.codes[code])
        )

    def _read_clients(self, distinct: pl.Series, fields: list[Field]) -> None:
        """Read clients, who are many: a plain first text is the client, the others are read one by one."""
        hosts = distinct.str.extract(_PLAIN_HOST)
        odd = hosts.is_null().arg_true()
        hits = [_read_fields(fields, text) or EMPTY for text in distinct.gather(odd).to_list()]
        read = pl.Series([hit[schema.HOST] for hit in hits], dtype=pl.String)
        self.values[CLIENT] = pl.DataFrame({schema.HOST: hosts.scatter(odd, read)})

    def _shortened(self, one: Found, *, keep_query: bool) -> pl.Series:
        text = self.texts[one.name]
        if keep_query:
            return text
        if one.field.type in _TARGETS:
            return text.str.split_exact("?", 1).struct.field("field_0")
        if one.field.type in _REQUESTS:
            return text.str.replace(r"\?.*( [A-Z]{2,8}/[0-9]{1,2}(?:\.[0-9]{1,2})?)$", "$1")
        return text

    def read_delivery(self, found: list[Found]) -> None:
        """Read the words of the server on how it delivered, each distinct one once."""
        for one in found:
            column = one.field.column or ""
            codes, distinct = encode(self.texts[one.name])
            if column in self.codes or distinct.null_count() == len(distinct):
                continue
            hits = [_read_fields([one.field], text or _NULL) or {} for text in distinct.to_list()]
            self.codes[column] = codes
            self.values[column] = pl.DataFrame(
                {column: pl.Series([hit.get(column) for hit in hits], dtype=pl.String)}
            )

    def read_numbers(self, found: list[Found]) -> None:
        """Read status, bytes and duration of every row, and check all other numbers."""
        for one in found:
            text, column, kind = self.texts[one.name], one.field.column or "", one.field.type
            if kind == "status":
                self._add(schema.STATUS, text.cast(pl.UInt16, strict=False), text.str.contains(_STATUS))
            elif kind == "integer":
                told = text.str.contains(_COUNT) | text.is_null() | text.is_in(["", "-"])
                self._add(column, text.cast(pl.Int64, strict=False), told)
            elif kind in _UNITS_US:
                # As the exact parser does, cut off; a number of nine decimals is off by less than this.
                us = (
                    (text.cast(pl.Float64, strict=False) * _UNITS_US[kind] + 1e-4)
                    .floor()
                    .cast(pl.Int64, strict=False)
                )
                self._add(column, us, text.str.contains(_DURATION) | text.is_null() | text.is_in(["", "-"]))

    def _add(self, column: str, number: pl.Series, told: pl.Series) -> None:
        self.ok.append(told)
        before = self.numbers.get(column)
        self.numbers[column] = (
            number if before is None else pl.select(pl.coalesce(before, number)).to_series()
        )

    def require(self, found: list[Found]) -> None:
        """Say that rows without this field are of another format."""
        there = [self.texts[one.name].is_not_null() for one in found[:1]]
        self.ok += there or [pl.repeat(value=False, n=self.texts.height, dtype=pl.Boolean, eager=True)]

    def finish(self, lines: list[bytes], rows: list[int], format_: Format) -> JsonSplit:
        """Return the rows to be trusted as hits, and all others as odd."""
        every = pl.DataFrame([check.alias(str(number)) for number, check in enumerate(self.ok)])
        ok = every.select(pl.all_horizontal(pl.all()).fill_null(value=False)).to_series()
        trusted = set(pl.Series(rows, dtype=pl.Int64).filter(ok).to_list())
        odd = [row for row in range(len(lines)) if row not in trusted] if len(trusted) < len(lines) else []
        nothing = pl.repeat(None, self.texts.height, dtype=pl.Int64, eager=True)
        for name in (REFERRER, AGENT):
            if name in format_.columns:
                self.values[name] = self.values[name].with_columns(pl.col(name).fill_null(NOTHING))
        numbers = {
            schema.STATUS: self.numbers[schema.STATUS].fill_null(0),
            schema.BYTES_SENT: self.numbers.get(schema.BYTES_SENT, nothing).fill_null(0),
            schema.DURATION_US: self.numbers.get(schema.DURATION_US, nothing),
        }
        hits = pl.DataFrame({**self.codes, **numbers}).filter(ok)
        return JsonSplit(ParsedBatch(Batch(hits, self.values)) if hits.height else None, odd, lines)


_NULL: Final = "\x00\x1e"
_BETWEEN: Final = "\x1f"
_PLAIN_HOST: Final = r"^([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})(?:\x1f|$)"
# For these any text will do.
_NEVER_FAIL: Final = frozenset({"address_port", "text"})
_VALUES: Final = {
    CLIENT: {CLIENT: [schema.HOST]},
    REQUEST: {
        REQUEST: [schema.METHOD, schema.PATH, schema.QUERY],
        PROTOCOL: [schema.PROTOCOL],
        VHOST: [schema.VHOST],
    },
    REFERRER: {REFERRER: [schema.REFERRER]},
    AGENT: {AGENT: [schema.AGENT]},
}


def _read_fields(fields: list[Field], joined: str) -> Hit | None:
    """Return what the fields tell together, None if one is not of its type."""
    texts = joined.split(_BETWEEN)
    if fields and len(texts) != len(fields):
        return None
    hit = dict(EMPTY)
    for one, text in zip(fields, texts, strict=False):
        plain = plain_number(text)
        if text == _NULL or (one.column in hit and hit[one.column or ""] is not None and text != ""):
            continue
        if plain and not read_field(hit, one, plain):
            return None
    read = finish(hit)
    return None if isinstance(read, Rejected) else read


def _minute(text: pl.Series, seconds: int, pattern: str) -> pl.Series:
    """Return the text of a time with its seconds set to 0, null if it is none of the pattern."""
    zone = text.str.extract(pattern)
    return text.str.slice(0, seconds) + ":00" + zone


def _epoch_minute(text: pl.Series, digits: tuple[int, ...]) -> pl.Series:
    """Return seconds since 1970, of whole minutes, as text."""
    whole = text.str.extract(r"^([0-9]{10,19})(?:\.[0-9]{1,9})?$")
    length = whole.str.len_bytes()
    number = whole.cast(pl.Int64, strict=False)
    seconds = pl.select(
        pl.coalesce(
            *(pl.when(length == size).then(number // 10 ** (size - 10)) for size in digits),
            pl.lit(None, pl.Int64),
        )
    ).to_series()
    return (seconds // 60 * 60).cast(pl.String)
