"""A block of JSON lines as columns: names are found in a few lines, values in all lines at once.

What is read from distinct values is read by the readers of the exact parser; only times and
numbers, which differ from line to line, have a way of their own. A row that is not as the
looked-at lines are, in the names or kinds of its values, is odd: the exact parser decides.

Two things are not told apart: a name that stands twice in an object, in two spellings, and the
numbers 200 and 200.0; no server writes either.
"""

from __future__ import annotations

import io
from typing import Final

import polars as pl

from logstats import schema
from logstats.formats import Format
from logstats.lines import split_lines
from logstats.split_json.names import Found, find_names, folded, has_unknown_names, sample_objects, types_of
from logstats.split_json.table import GROUPS, JsonSplit, Table

__all__ = ["JsonSplit", "split_json"]

# Of lines that are no JSON the culprit is searched by halving, down to so many.
_LEAST: Final = 32


def split_json(data: bytes, format_: Format, *, keep_query: bool) -> JsonSplit | None:
    """Return a block of JSON lines in columns, or None if its lines are too different for that."""
    lines = split_lines(data)
    rows = [row for row, line in enumerate(lines) if line[:1] == b"{" and line.rstrip()[-1:] == b"}"]
    found, elsewhere = find_names(sample_objects([lines[row] for row in rows]), format_)
    columns = {one.field.column for one in found}
    if not {schema.TIME, schema.HOST, schema.STATUS} <= columns:
        return None
    texts, rows = _read(lines, rows, found)
    if texts is None:
        return None
    ok = [
        ~texts.select(pl.any_horizontal(pl.all().str.contains(r"^[\[{]"))).to_series().fill_null(value=False)
    ]
    raw = pl.Series([lines[row] for row in rows], dtype=pl.Binary).cast(pl.String, strict=False)
    ok.append(~has_unknown_names(raw, texts, found, format_, elsewhere))
    table = Table(texts, ok)
    table.read_time(next(one for one in found if one.field.column == schema.TIME))
    for code, wanted in GROUPS.items():
        table.read_group(code, [one for one in found if one.field.column in wanted], keep_query=keep_query)
    table.read_numbers(found)
    table.read_delivery([one for one in found if one.field.column in schema.DELIVERY])
    for name in format_.requires:
        table.require([one for one in found if folded(one.path) == folded(tuple(name.split(".")))])
    return table.finish(lines, rows, format_)


def _read(lines: list[bytes], rows: list[int], found: list[Found]) -> tuple[pl.DataFrame | None, list[int]]:
    """Return the texts of the fields, a row a line, and which lines these are: all that are JSON objects."""
    types, parts, kept = types_of(found), [], []
    waiting = [rows] if rows else []
    while waiting:
        some = waiting.pop()
        try:
            frame = pl.read_ndjson(
                io.BytesIO(b"\n".join([lines[row] for row in some])), schema=types, ignore_errors=True
            )
        except pl.exceptions.PolarsError:
            frame = pl.DataFrame()
        if frame.height == len(some):
            parts.append(frame.select(_text_of(one) for one in {one.name: one for one in found}.values()))
            kept.append(some)
        elif len(some) > _LEAST:
            half = len(some) // 2
            waiting += [some[half:], some[:half]]
    return (pl.concat(parts) if parts else None), [row for some in kept for row in some]


def _text_of(one: Found) -> pl.Expr:
    value = pl.col(one.path[0])
    for name in one.path[1:]:
        value = value.struct.field(name)
    return (value.list.first() if one.in_list else value).alias(one.name)
