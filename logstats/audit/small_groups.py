"""No row that stands for fewer visitors than k, and no row for one visitor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import polars as pl

from logstats.audit.check import Check, Examiner
from logstats.audit.finding import Finding
from logstats.audit.pieces import Document, Rows
from logstats.audit.reports import number, published
from logstats.audit.walk import in_store

_ID: Final = "small-group"
_ROW_ID: Final = "visitor-row"
_FEWEST: Final = 20  # rows from which a column of nothing but different codes is no accident
_CODE: Final = (
    r"^(?:(?:tok_)?[0-9a-fA-F]{8,128}|"
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[A-Za-z0-9+/_-]{11,90}={0,2})$"
)
_ONE_VISITOR = re.compile(
    r"^(?:(?:client|remote|visitor|user|source|src)?_?(?:ip|ip_?addr(?:ess)?|addr|address)|(?:remote|client)_host|"
    r"(?:visitor|session|user|client|device|cookie)_?(?:id|token|hash|key|uuid)|fingerprint|session|cookie|token|"
    r"user_?name|login|user_?agent|ua)$",
    re.IGNORECASE,
)


class _SmallGroups(Examiner):
    """The column `visitors`, in every table of every format."""

    def rows(self, rows: Rows) -> Iterable[Finding]:
        """Judge the column of visitors of a table."""
        if "visitors" not in rows.frame.columns or in_store(rows.file, self.request):
            return
        counts = rows.frame.select(pl.col("visitors").cast(pl.Int64, strict=False)).with_row_index(
            "row", offset=1
        )
        small = counts.filter((pl.col("visitors") > 0) & (pl.col("visitors") < self.rules.k))
        for row, _ in small.iter_rows():
            yield Finding(
                rows.file, f"row {row}, column visitors", _ID, f"fewer than {self.rules.k} visitors"
            )

    def document(self, document: Document) -> Iterable[Finding]:
        """Judge the rows and the totals of a JSON report."""
        if (report := published(document)) is None:
            return
        total = number(report.part("totals").get("visitors"))
        shown = [name for name, rows, _ in report.tables() if rows]
        if total is not None and 0 < total < self.rules.k and shown:
            yield Finding(
                report.file,
                "totals.visitors",
                _ID,
                f"tables of a period with fewer than {self.rules.k} visitors",
            )
        for name, rows, _ in report.tables():
            for index, row in enumerate(rows, start=1):
                visitors = number(row.get("visitors"))
                if visitors is not None and 0 < visitors < self.rules.k:
                    yield Finding(
                        report.file, f"table {name}, row {index}", _ID, f"fewer than {self.rules.k} visitors"
                    )


class _VisitorRows(Examiner):
    """Columns that name a visitor, or hold a different code in every row."""

    def rows(self, rows: Rows) -> Iterator[Finding]:
        """Judge names and contents of columns."""
        for column in rows.frame.columns:
            place = f"column {column}" if rows.table == rows.file else f"table {rows.table}, column {column}"
            series = rows.frame[column]
            filled = len(series) - series.null_count()
            if _ONE_VISITOR.match(column) and filled:
                yield Finding(rows.file, place, _ROW_ID, "a column that names a visitor", count=filled)
            elif filled >= _FEWEST and _all_different_codes(series.drop_nulls()):
                yield Finding(rows.file, place, _ROW_ID, "a different code in every row", count=filled)


def _all_different_codes(series: pl.Series) -> bool:
    if series.dtype.is_nested() or series.n_unique() < 0.95 * len(series):
        return False
    if series.dtype == pl.Binary:
        return bool(series.bin.size().is_between(8, 64).all())
    if series.dtype.is_integer():
        return _share(series.cast(pl.Float64).abs() > 1 << 40) > 0.9
    if series.dtype != pl.String:
        return False
    code = series.str.contains(_CODE) & series.str.contains("[0-9]") & series.str.contains("[A-Za-z]")
    wide = series.str.contains("^[0-9]{12,}$")
    return _share(code | wide) > 0.9


def _share(series: pl.Series) -> float:
    return float(series.sum()) / max(1, len(series))


CHECK = Check(_ID, "No published row stands for fewer visitors than k", _SmallGroups)
ROWS = Check(
    _ROW_ID,
    "No table has a row per visitor: no column names one, none holds a different code in every row",
    _VisitorRows,
)
