"""A report as a workbook: a sheet about it, then one sheet a table.

Every text is written as text and every number as a number, so no cell is ever a
formula or a link.
"""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any, Final

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from logstats.report import labels
from logstats.report.to_csv import about
from logstats.tables import Report, Table

LONGEST_TEXT: Final = 32_767  # what a cell can hold (Excel specifications and limits)
WIDEST_COLUMN: Final = 60
NARROWEST_COLUMN: Final = 10
FORMATS: Final = {"hits": "#,##0", "visitors": "#,##0", "bytes": "#,##0", "us": "#,##0"}


def render(report: Report) -> bytes:
    """Return the report as xlsx; an empty cell is a count that must not be shown."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    created = report.generated.astimezone(UTC).replace(tzinfo=None)
    book.set_properties({"title": "Web statistics", "created": created})
    formats = {
        "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": False}),
        "date": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
        **{unit: book.add_format({"num_format": pattern}) for unit, pattern in FORMATS.items()},
    }
    _about_sheet(book, report, formats)
    for table in report.tables.values():
        _table_sheet(book, table, formats)
    book.close()
    return file.getvalue()


def _about_sheet(book: xlsxwriter.Workbook, report: Report, formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet("about")
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 1, WIDEST_COLUMN)
    sheet.write_row(0, 0, ("name", "value"), formats["head"])
    sheet.freeze_panes(1, 0)
    for line, (name, value) in enumerate(about(report), 1):
        sheet.write_string(line, 0, labels.visible(name))
        _write(sheet, line, 1, value, None, formats)


def _table_sheet(book: xlsxwriter.Workbook, table: Table, formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet(table.name)
    names = [column.name for column in table.columns]
    rows = table.rows.select(names).rows()
    sheet.write_row(0, 0, names, formats["head"])
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(names) - 1)
    elif table.suppressed is not None:
        sheet.write_string(1, 0, labels.visible(table.suppressed.reason))
    for i, column in enumerate(table.columns):
        longest = max((len(str(row[i])) for row in rows if row[i] is not None), default=0)
        sheet.set_column(i, i, max(NARROWEST_COLUMN, len(column.name) + 3, min(WIDEST_COLUMN, longest + 3)))
        for line, row in enumerate(rows, 1):
            _write(sheet, line, i, row[i], column.unit, formats)


def _write(
    sheet: Worksheet, line: int, i: int, value: object, unit: str | None, formats: dict[str, Any]
) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, i, value)
    elif isinstance(value, (int, float)):
        sheet.write_number(line, i, value, formats.get(unit or ""))
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC).replace(tzinfo=None)
        sheet.write_datetime(line, i, moment, formats["date"])
    else:
        text = " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        sheet.write_string(line, i, labels.visible(text)[:LONGEST_TEXT])
