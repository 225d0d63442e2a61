"""Times to the minute: the minutes of a block are few, and only they are read."""

from __future__ import annotations

from typing import Final

import polars as pl

from logstats.batches import encode, encode_runs
from logstats.formats.times import TIME_READERS
from logstats.frozen import frozen
from logstats.texts.each import Fields
from logstats.texts.plain import Values


@frozen
class _Clock:
    """How times of a kind are written: where their seconds begin, and what stands before and behind that."""

    seconds: int
    head: str
    tail: str
    types: frozenset[str]


_CLOCKS: Final = (
    _Clock(
        17,
        r"[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}",
        r":[0-5][0-9](?:[.,][0-9]{1,9})?( ?[+-][0-9]{2}:?[0-9]{2})",
        frozenset({"clf", "any_time"}),
    ),
    _Clock(
        16,
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}",
        r":[0-5][0-9](?:[.,][0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})",
        frozenset({"iso", "any_time"}),
    ),
)
# Of times that are written in one way, one in so many may be odd, and this many zones.
_FEW: Final = 16
_FEW_ZONES: Final = 8
# Digits of a time in seconds, milliseconds and so on since 1970 (of this century), and its minutes.
_EPOCHS: Final = {"epoch": (10,), "epoch_ms": (13,), "epoch_us": (16,), "any_time": (10, 13, 16, 19)}
_EPOCH: Final = r"^([0-9]{10,19})(?:\.[0-9]{1,9})?$"
_MINUTES: Final = pl.Datetime("us", "UTC")
# A date and a clock in two fields, as W3C logs have them.
_DATE, _CLOCK = "%Y-%m-%d", "%H:%M:%S"
_DAY: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TIME_OF_DAY: Final = r"^([0-9]{2}:[0-9]{2}):[0-5][0-9]$"


def read_minutes(fields: Fields, height: int) -> Values:
    """Return the minute of every row, null where only the exact parser may read one."""
    if {one.type for one, _ in fields} == {"strftime"}:
        return _read_day_and_clock(fields, height)
    if not fields or len({one.type for one, _ in fields}) > 1:
        return _nothing(height)
    # Of several times the first one counts that says something.
    text = fields[0][1]
    for _, other in fields[1:]:
        text = text.zip_with((text != "").fill_null(value=False), other)
    # A log is sorted by time, more or less: what stands in row after row is read once.
    run_codes, runs = encode_runs(text)
    if len(runs) * 2 <= height:
        read = _read_texts(runs, fields[0][0].type)
        return Values(read.codes[run_codes], read.values)
    return _read_texts(text, fields[0][0].type)


def _read_texts(text: pl.Series, kind: str) -> Values:
    first = text.drop_nulls().head(1)
    if len(first) and first.str.contains(_EPOCH).all():
        codes, minutes = encode(_epoch_minute(text, _EPOCHS.get(kind, ())))
        return Values(codes, _read(minutes))
    for clock in _CLOCKS:
        if kind in clock.types and len(first) and first.str.contains(f"^{clock.head}{clock.tail}$").all():
            found = _read_clock(text, clock)
            if found is not None:
                return found
    codes, distinct = encode(text)
    written = [_minute(distinct, clock) for clock in _CLOCKS if kind in clock.types]
    written.append(_epoch_minute(distinct, _EPOCHS.get(kind, ())))
    again, minutes = encode(pl.select(pl.coalesce(written)).to_series())
    return Values(again[codes], _read(minutes))


def _read(minutes: pl.Series) -> pl.Series:
    read = TIME_READERS["any_time"]
    return pl.Series([read(minute) if minute else None for minute in minutes.to_list()], dtype=_MINUTES)


def _read_clock(text: pl.Series, clock: _Clock) -> Values | None:
    """Return minutes of times that are nearly all written in one way, None if too many are not."""
    head_codes, heads = encode(text.str.slice(0, clock.seconds))
    tail_codes, tails = encode(text.str.slice(clock.seconds))
    zone_codes, zones = encode(tails.str.extract(f"^{clock.tail}$"))
    if len(zones) > _FEW_ZONES:
        return None
    heads = pl.select(pl.when(heads.str.contains(f"^{clock.head}$")).then(heads)).to_series()
    minutes = pl.concat([_read(heads + ":00" + pl.Series([zone])) for zone in zones.to_list()])
    if len(zones) == 1:
        codes = head_codes
    else:
        codes = (zone_codes[tail_codes] * len(heads) + head_codes).cast(pl.UInt32)
    missing = int(minutes.is_null()[codes].sum()) if minutes.null_count() else 0
    return Values(codes, minutes) if missing * _FEW <= len(text) else None


def _nothing(height: int) -> Values:
    return Values(pl.zeros(height, pl.UInt32, eager=True), pl.Series([None], dtype=_MINUTES))


def _minute(text: pl.Series, clock: _Clock) -> pl.Series:
    """Return the text of a time with its seconds set to 0, null if it is not written so."""
    return text.str.slice(0, clock.seconds) + ":00" + text.str.extract(f"^{clock.head}{clock.tail}$")


def _epoch_minute(text: pl.Series, digits: tuple[int, ...]) -> pl.Series:
    """Return seconds since 1970, of whole minutes, as text."""
    whole = text.str.extract(_EPOCH)
    length = whole.str.len_bytes()
    number = whole.cast(pl.Int64, strict=False)
    seconds = pl.select(
        pl.coalesce(
            *(pl.when(length == size).then(number // 10 ** (size - 10)) for size in digits),
            pl.lit(None, pl.Int64),
        )
    ).to_series()
    return (seconds // 60 * 60).cast(pl.String)


def _read_day_and_clock(fields: Fields, height: int) -> Values:
    parts = {one.argument: texts for one, texts in fields}
    if len(fields) != 2 or parts.keys() != {_DATE, _CLOCK}:
        return _nothing(height)
    day_codes, days = encode(parts[_DATE])
    clock_codes, clocks = encode(parts[_CLOCK])
    again, minutes = encode(clocks.str.extract(_TIME_OF_DAY))
    # A time of day and a date are few each: the pairs of both are told by one number.
    codes, pairs = encode(day_codes.cast(pl.UInt64) * len(minutes) + again[clock_codes])
    dates = pl.select(pl.when(days.str.contains(_DAY)).then(days)).to_series()
    texts = dates[pairs // len(minutes)] + "T" + minutes[pairs % len(minutes)] + ":00"
    read = TIME_READERS["iso"]
    times = [read(text) if text else None for text in texts.to_list()]
    return Values(codes, pl.Series(times, dtype=_MINUTES))
