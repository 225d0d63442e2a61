"""Response times tell no more than the table of pages, and none where few visitors were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from logstats.audit.check import Check, Examiner
from logstats.audit.finding import Finding
from logstats.audit.pieces import Document
from logstats.audit.reports import COUNTS, number, published

_ID: Final = "times"
_TABLE: Final = "durations"
_RISING: Final = ("p50_us", "p90_us", "p95_us", "p99_us", "max_us")


class _Times(Examiner):
    """The table of durations, row by row, beside that of pages."""

    def document(self, document: Document) -> Iterable[Finding]:
        """Judge the response times of a JSON report."""
        if (report := published(document)) is None:
            return
        tables = {name: rows for name, rows, _ in report.tables()}
        pages = {row.get("path"): row for row in tables.get("pages", [])}
        for index, row in enumerate(tables.get(_TABLE, []), start=1):
            for problem in self._problems(row, pages.get(row.get("path"))):
                yield Finding(report.file, f"table {_TABLE}, row {index}", _ID, problem)

    def _problems(self, row: dict[str, Any], page: dict[str, Any] | None) -> Iterator[str]:
        times = [time for name in _RISING if (time := number(row.get(name))) is not None]
        if times != sorted(times):
            yield "a percentile that is longer than a higher one"
        counts = [number(row.get(name)) for name in COUNTS]
        if page is None:
            yield "a page that the table of pages does not show"
        elif counts not in ([number(page.get(name)) for name in COUNTS], [None] * len(COUNTS)):
            yield "other counts than the table of pages has: the difference is a group of its own"
        hits, bots = number(row.get("hits")), number(row.get("bot_hits"))
        # So many visitors waited as long as any time that is told, and so many as long or less.
        least = 2 * self.rules.k - 1
        if times and hits is not None and bots is not None and 0 < hits - bots < least:
            yield f"times of fewer than {least} visitors"


CHECK = Check(
    _ID,
    "Response times are of pages that are shown, with the same counts, and rise with the percentile",
    _Times,
)
