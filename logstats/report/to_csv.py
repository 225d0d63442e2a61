"""A report as CSV: one tidy file, or a directory with a file per table.

RFC 4180 in UTF-8, with a header. A cell that a spreadsheet would run as a
formula gets a `'` in front. An empty cell is a count that must not be shown, or a
key that the table does not have.

Source: RFC 4180; OWASP, CSV Injection.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import polars as pl

from logstats.report.dictionary import STAMP, dictionary, extra_columns, key_columns, stamp
from logstats.report.to_json import SCHEMA
from logstats.schema import COUNTS, TABLE_KEYS
from logstats.tables import Report, Table

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def render(report: Report) -> bytes:
    """Return all tables as one tidy file: `table`, a column per key, counts, the stamp.

    The header is the same for every report, except for further measures
    (such as percentiles of durations), which stand after `bytes_sent`.
    """
    header = ["table", *key_columns(), *COUNTS, *extra_columns(report), *STAMP]
    marks = stamp(report)
    rows = (
        {"table": table.name, **row, **marks}
        for table in report.tables.values()
        for row in table.rows.iter_rows(named=True)
    )
    return _csv(header, ([row.get(name) for name in header] for row in rows))


def render_files(report: Report) -> dict[str, bytes]:
    """Return file name -> content: a file per table, `about.csv` and `columns.csv`."""
    marking = report.policy.get("marking")
    files = {f"{table.name}.csv": render_table(table, marking) for table in report.tables.values()}
    files["about.csv"] = _csv(("name", "value"), about(report))
    files["columns.csv"] = _csv(("file", "column", "type", "unit", "description"), _columns(report))
    return files


def all_files() -> frozenset[str]:
    """Return every file name that `render_files` may ever write."""
    return frozenset({f"{name}.csv" for name in TABLE_KEYS} | {"about.csv", "columns.csv"})


def render_table(table: Table, marking: str | None = None) -> bytes:
    """Return one table with its own columns, and the marking in one more if there is any.

    A file of a directory is sent on alone, without the one that tells about it.
    """
    names = [column.name for column in table.columns]
    rows = table.rows.select(names).iter_rows()
    if marking is None:
        return _csv(names, rows)
    return _csv([*names, "marking"], ((*row, marking) for row in rows))


def about(report: Report) -> list[tuple[str, Any]]:
    """Return what is not a table, as names with dots and values."""
    lines = report.lines
    pairs: list[tuple[str, Any]] = [
        ("schema", SCHEMA),
        ("generated", report.generated.isoformat(timespec="seconds")),
        ("site", report.site),
        ("period.first", report.period.first),
        ("period.last", report.period.last),
        ("period.days", report.period.days),
        ("period.timezone", report.period.timezone),
    ]
    pairs += [(f"policy.{name}", value) for name, value in report.policy.items()]
    pairs += [(f"lines.{name}", getattr(lines, name)) for name in ("read", "parsed", "blank", "filtered")]
    pairs += [(f"lines.rejected.{name}", n) for name, n in sorted(lines.rejected.items())]
    pairs += [(f"totals.{name}", value) for name, value in report.totals.items()]
    pairs += [(f"replaced.{name}", n) for name, n in sorted(report.replaced.items())]
    pairs += [(f"note.{i}", note) for i, note in enumerate(report.notes, 1)]
    for table in report.tables.values():
        if table.suppressed is not None:
            pairs.append((f"suppressed.{table.name}.groups", table.suppressed.groups))
            pairs.append((f"suppressed.{table.name}.reason", table.suppressed.reason))
    pairs += [(f"ledger.{name}", value) for name, value in (report.ledger or {}).items()]
    return pairs


def to_frame(report: Report) -> pl.DataFrame:
    """Return the tidy file as one typed frame, for outputs that know types."""
    columns = dictionary(report)
    frames = [
        table.rows.select(
            pl.lit(table.name).alias("table"),
            *(pl.col(c.name).cast(columns[c.name].dtype) for c in table.columns),
        )
        for table in report.tables.values()
    ]
    schema = {name: column.dtype for name, column in columns.items()}
    empty = pl.DataFrame(schema=schema)
    tidy = pl.concat([empty.drop(STAMP), *frames], how="diagonal")
    marks = stamp(report)
    return tidy.with_columns(pl.lit(marks[name], schema[name]).alias(name) for name in STAMP)


def safe_cell(value: object) -> object:
    """Return the value, with a `'` in front of text that a spreadsheet would run.

    >>> safe_cell("=1+1"), safe_cell(-1), safe_cell("a=b")
    ("'=1+1", -1, 'a=b')
    """
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value


def _csv(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return safe_cell(" ".join(map(str, value)))
    return safe_cell(value)


def _columns(report: Report) -> Iterable[tuple[Any, ...]]:
    described = dictionary(report)
    for table in report.tables.values():
        for column in table.columns:
            text = described[column.name].description
            yield f"{table.name}.csv", column.name, column.type, column.unit, text
        if report.policy.get("marking"):
            text = described["marking"].description
            yield f"{table.name}.csv", "marking", "string", None, text
