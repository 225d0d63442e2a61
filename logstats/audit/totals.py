"""The numbers of a report agree with each other: lines, rows and totals, formats, periods."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import polars as pl

from logstats.audit.check import Check, Examiner
from logstats.audit.finding import Finding
from logstats.audit.pieces import Document, Rows, Text
from logstats.audit.reports import COUNTS, Published, is_other, number, published
from logstats.audit.rules import Request

_SUMS: Final = "sums"
_SAME: Final = "same-numbers"
_PERIODS: Final = "periods"
# Tables of every hit: all their columns add up to the totals.
_WHOLE: Final = (
    "days", "hours", "weekday_hours", "statuses", "methods", "protocols", "referrers", "browsers", "systems",
    "devices", "vhosts", "countries", "networks", "cache", "tls",
)  # fmt: skip
# Tables of some hits: these totals tell how many. What is no page and no error is a static file.
_PARTS: Final = {"pages": ("pages",), "errors": ("client_errors", "server_errors"), "bots": ("bot_hits",)}
_NUMBER = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:[,\u202f\u00a0]\d{3})+|\d+)(?![\w.%])")
_NAME_END = re.compile(r" (?=\d)")


class _Sums(Examiner):
    """What must add up, adds up."""

    def document(self, document: Document) -> Iterable[Finding]:
        """Add up the lines and each table of a JSON report."""
        if (report := published(document)) is not None:
            yield from _lines(report)
            for name, rows, _ in report.tables():
                yield from _table(report, name, rows)
                yield from self._rounding(report, name, rows)

    def _rounding(self, report: Published, name: str, rows: list[dict[str, Any]]) -> Iterator[Finding]:
        for index, row in enumerate(rows, start=1):
            visitors = number(row.get("visitors"))
            if (
                visitors is not None
                and self.rules.round_visitors > 1
                and visitors % self.rules.round_visitors
            ):
                yield Finding(
                    report.file,
                    f"table {name}, row {index}",
                    _SUMS,
                    "visitors that are not rounded as the policy says",
                )


def _lines(report: Published) -> Iterator[Finding]:
    lines, totals = report.part("lines"), report.part("totals")
    rejected = lines.get("rejected")
    rejected_lines = sum(rejected.values()) if isinstance(rejected, dict) else 0
    read, parsed, blank, filtered = (
        number(lines.get(name)) for name in ("read", "parsed", "blank", "filtered")
    )
    if None not in (read, parsed, blank) and read != parsed + blank + rejected_lines:  # type: ignore[operator]
        yield Finding(report.file, "lines", _SUMS, "lines read are not parsed + blank + rejected")
    hits = number(totals.get("hits"))
    if None not in (parsed, hits, filtered) and parsed != hits + filtered:  # type: ignore[operator]
        yield Finding(report.file, "lines", _SUMS, "lines parsed are not hits + filtered")


def _table(report: Published, name: str, rows: list[dict[str, Any]]) -> Iterator[Finding]:
    for count in ("hits", "bot_hits", "bytes_sent"):
        values = [number(row.get(count)) for row in rows]
        total = number(report.part("totals").get(count))
        if not rows or total is None or None in values:
            continue
        found = sum(value for value in values if value is not None)
        if found > total or (name in _WHOLE and found != total):
            yield Finding(
                report.file, f"table {name}, column {count}", _SUMS, "rows do not add up to the total"
            )
    yield from _part(report, name, rows)
    for index, row in enumerate(rows, start=1):
        hits, bots = number(row.get("hits")), number(row.get("bot_hits"))
        if hits is not None and bots is not None and bots > hits:
            yield Finding(report.file, f"table {name}, row {index}", _SUMS, "more hits of bots than hits")


def _part(report: Published, name: str, rows: list[dict[str, Any]]) -> Iterator[Finding]:
    """Hold a table of some hits to the totals that tell how many they are."""
    values = [number(row.get("hits")) for row in rows]
    totals = [number(report.part("totals").get(total)) for total in _PARTS.get(name, ())]
    if not rows or not totals or None in values or None in totals:
        return
    if sum(value for value in values if value is not None) != sum(t for t in totals if t is not None):
        yield Finding(report.file, f"table {name}, column hits", _SUMS, "rows do not add up to the total")


class _SameNumbers(Examiner):
    """Every format of one run tells the same: tables row by row, pages by their numbers."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._reports: list[Published] = []
        self._tables: list[Rows] = []
        self._pages: dict[str, dict[str, list[set[int]]]] = {}

    def document(self, document: Document) -> Iterable[Finding]:
        """Keep the report: it is what the other formats are held to."""
        if (report := published(document)) is not None:
            self._reports.append(report)
        return ()

    def rows(self, rows: Rows) -> Iterable[Finding]:
        """Keep the tables that have the counts of a report."""
        if {"hits", "visitors"} <= set(rows.frame.columns):
            self._tables.append(rows)
        return ()

    def text(self, text: Text) -> Iterable[Finding]:
        """Keep the numbers of a page that says whose it is."""
        if (
            text.kind in ("visible", "markdown")
            and "!xl/" not in text.file
            and text.lines.str.contains("(?i)logstats|visitors").any()
        ):
            shown = self._pages.setdefault(text.file, {})
            for line in text.lines.drop_nulls():
                plain = " ".join(line.replace("|", " ").replace("`", " ").split())
                numbers = {int(re.sub(r"\D", "", found)) for found in _NUMBER.findall(line)}
                for end in (
                    [match.start() for match in _NAME_END.finditer(plain)][:4] if len(numbers) > 1 else ()
                ):
                    shown.setdefault(plain[:end], []).append(numbers)
        return ()

    def outputs_done(self) -> Iterator[Finding]:
        """Hold each table and page to the report of the same run, if there is exactly one beside it."""
        for rows in self._tables:
            if (report := self._beside(rows.file)) is not None:
                yield from _differing_rows(rows, report)
        for file, shown in self._pages.items():
            if (report := self._beside(file)) is not None:
                yield from _other_numbers(file, shown, report)

    def _beside(self, file: str) -> Published | None:
        """Return the report of a file's run: of the same name, or the only one in its directory."""
        folder = file.rpartition("/")[0]
        here = [r for r in self._reports if r.file.rpartition("/")[0] in (folder, folder.rpartition("/")[0])]
        same = [
            r
            for r in here
            if r.file.rsplit(".", 1)[0] in (file.rsplit(".", 1)[0], folder.removesuffix("_csv"))
        ]
        return same[0] if len(same) == 1 else here[0] if len(here) == 1 else None


def _differing_rows(rows: Rows, report: Published) -> Iterator[Finding]:
    stem = rows.file.rpartition("/")[2].split("!")[-1].rsplit(".", 1)[0]
    for name, wanted, _ in report.tables():
        frame = rows.frame
        if "table" in frame.columns:
            frame = frame.filter(pl.col("table").cast(pl.String) == name)
        elif name not in (stem, rows.table):
            continue
        counts = [count for count in COUNTS if count in frame.columns]
        found = frame.select(pl.col(counts).cast(pl.Int64, strict=False)).rows()
        expected = [tuple(number(row.get(count)) for count in counts) for row in wanted]
        if len(found) != len(expected):
            yield Finding(
                rows.file, f"table {name}", _SAME, "another number of rows than in the JSON of the same run"
            )
            continue
        for index, (one, other) in enumerate(zip(found, expected, strict=True), start=1):
            if one != other:
                yield Finding(
                    rows.file,
                    f"table {name}, row {index}",
                    _SAME,
                    "other numbers than in the JSON of the same run",
                )


def _other_numbers(file: str, shown: dict[str, list[set[int]]], report: Published) -> Iterator[Finding]:
    """Report the rows of the JSON that stand in a page under their name with other numbers."""
    for name, rows, table in report.tables():
        keys = [key for key in table.get("keys") or () if isinstance(key, str)]
        for index, row in enumerate(rows, start=1):
            wanted = {value for value in (number(row.get("hits")), number(row.get("visitors"))) if value}
            named = any(isinstance(row.get(key), str) for key in keys)
            lines = (
                shown.get(" ".join(str(row[key]) for key in keys if row.get(key) is not None))
                if named
                else None
            )
            if lines and not is_other(row) and not any(wanted <= numbers for numbers in lines):
                place = f"table {name}, row {index} of the JSON"
                yield Finding(file, place, _SAME, "other numbers than in the JSON of the same run")


class _Periods(Examiner):
    """No two reports of one site tell of periods that overlap: their difference would be a small group."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._periods: list[tuple[str, str, str, str, Any]] = []

    def document(self, document: Document) -> Iterable[Finding]:
        """Keep the period of each report."""
        if (report := published(document)) is not None:
            period = report.part("period")
            first, last = period.get("first"), period.get("last")
            if isinstance(first, str) and isinstance(last, str):
                site = str(report.content.get("site"))
                self._periods.append((site, first, last, report.file, report.part("totals")))
        return ()

    def outputs_done(self) -> Iterator[Finding]:
        """Compare each period with the one before it."""
        self._periods.sort(key=lambda period: period[:4])
        for one, other in zip(self._periods, self._periods[1:], strict=False):
            if one[0] != other[0] or other[1] > one[2]:
                continue
            if one[1:3] != other[1:3]:
                yield Finding(
                    other[3],
                    "period",
                    _PERIODS,
                    "overlaps the period of another report: their difference is a small group",
                )
            elif one[4] != other[4]:
                yield Finding(
                    other[3], "period", _PERIODS, "the same period is published twice with other totals"
                )


SUMS = Check(_SUMS, "Lines read, rows and totals add up", _Sums)
SAME = Check(_SAME, "Every format of one run tells the same numbers", _SameNumbers)
PERIODS = Check(_PERIODS, "The periods of reports do not overlap, and none is published twice", _Periods)
