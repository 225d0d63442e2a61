"""Which days the lines of a stretch belong to, before anything of them is counted.

A line without a time (blank, or of no format) belongs to the day of the line before it, so
that every line has a day, the same one whenever it is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final, cast

import polars as pl

from logstats import schema
from logstats.batches import MINUTE
from logstats.formats import LineReader, Rejected
from logstats.lines import split_lines
from logstats.parse import read_odd_line
from logstats.plan import plan_of
from logstats.split import split_block
from logstats.tally import Tally

if TYPE_CHECKING:
    from datetime import datetime

    from logstats.formats import Format

PARSED: Final = "parsed"
BLANK: Final = "blank"
_FATE: Final = "fate"


@dataclass(slots=True)
class Days:
    """The lines of a stretch by day; `undated` stand before the first line that has a day."""

    tallies: dict[date, Tally] = field(default_factory=dict)
    undated: Tally = field(default_factory=Tally)
    first: date | None = None
    last: date | None = None


def days_of_lines(data: bytes, formats: tuple[Format, ...], timezone: str, before: date | None) -> Days:
    """Return what becomes of the lines of each day.

    Args:
        data: Whole lines, none too long.
        formats: As `parse_block` takes them; none of blank lines only.
        timezone: Of the days.
        before: The day of the line before these, if there is one.
    """
    lines = _judge(data, formats)
    local = lines[schema.TIME].dt.convert_time_zone(timezone).dt.date()
    dated = lines.select(local.alias(schema.DAY).forward_fill(), _FATE)
    dated = dated.with_columns(pl.col(schema.DAY).fill_null(pl.lit(before, pl.Date)))
    known = dated[schema.DAY].drop_nulls()
    found = Days(first=known.item(0), last=known.item(-1)) if len(known) else Days(last=before)
    for day, fate, count in dated.group_by(schema.DAY, _FATE).len().iter_rows():
        tally = found.undated if day is None else found.tallies.setdefault(day, Tally())
        tally.add(tally_of(fate, count))
    return found


def tally_of(fate: str, count: int) -> Tally:
    """Return the account of lines of one fate: parsed, blank, or a reason for rejection."""
    tally = Tally(read=count)
    if fate == PARSED:
        tally.parsed = count
    elif fate == BLANK:
        tally.blank = count
    else:
        tally.rejected[fate] = count
    return tally


def _judge(data: bytes, formats: tuple[Format, ...]) -> pl.DataFrame:
    """Return time (null where there is none) and fate of every line."""
    plan = plan_of(formats[0]) if formats else None
    if plan is None:
        return _judge_odd(split_lines(data), formats)
    split = split_block(data, plan, keep_query=False)
    times = split.values[MINUTE][schema.TIME][split.codes[MINUTE]]
    lines = pl.DataFrame({schema.TIME: times, "ok": split.ok}).select(
        pl.when("ok").then(schema.TIME), pl.when("ok").then(pl.lit(PARSED)).alias(_FATE)
    )
    odd = split.odd_rows()
    if not odd:
        return lines
    judged = _judge_odd(split.odd_lines, formats).with_columns(pl.Series("row", odd, pl.UInt32))
    rows = lines.with_row_index("row").join(
        judged, on="row", how="left", suffix="_odd", maintain_order="left"
    )
    return rows.select(pl.coalesce(name, f"{name}_odd").alias(name) for name in (schema.TIME, _FATE))


def _judge_odd(lines: list[bytes], formats: tuple[Format, ...]) -> pl.DataFrame:
    times: list[datetime | None] = []
    fates: list[str] = []
    reader = LineReader(formats)
    for line in lines:
        hit = read_odd_line(line, reader)
        if hit is None:
            times.append(None)
            fates.append(BLANK)
        elif isinstance(hit, Rejected):
            times.append(None)
            fates.append(hit.reason)
        else:
            times.append(cast("datetime", hit[schema.TIME]))
            fates.append(PARSED)
    return pl.DataFrame(
        {schema.TIME: times, _FATE: fates}, schema={schema.TIME: pl.Datetime("us", "UTC"), _FATE: pl.String}
    )
