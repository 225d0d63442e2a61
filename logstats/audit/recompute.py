"""Count again: the visitors and hits of what was published, from the source, by other code.

A published row must not tell of more hits or visitors than the source has, and
must have k visitors on some day of the source. Days, statuses and methods must
be equal, up to the lines that the report itself says it left out.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from typing import Any, Final

import polars as pl

from logstats.audit.check import Check, Examiner
from logstats.audit.finding import Finding, Level
from logstats.audit.pieces import Document
from logstats.audit.reports import Published, is_other, number, published
from logstats.audit.rules import Request
from logstats.audit.source import SourceBlock

_ID: Final = "recount"
_KEYS: Final = {
    "days": "day",
    "statuses": "status",
    "methods": "method",
    "pages": "path",
    "static_files": "path",
    "durations": "path",
}
_WHOLE: Final = ("days", "statuses", "methods")
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
_MOST_PAIRS: Final = 30_000_000  # of (row, day, visitor) held at once, 24 bytes each


class _Recount(Examiner):
    """The rows published, and from the source who asked for them on which day."""

    wants_source = True

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._reports: list[Published] = []
        self._wanted: dict[str, pl.Series] = {}
        self._parts: dict[str, pl.DataFrame] = {}
        self._hits: dict[str, pl.DataFrame] = {}
        self._lines = self._odd = 0
        self._full = False
        # A seed of this run alone, so that nobody can choose visitors that fall together.
        self._seed = secrets.randbits(63)

    def document(self, document: Document) -> Iterable[Finding]:
        """Keep the report."""
        if self.request.sources and (report := published(document)) is not None:
            self._reports.append(report)
        return ()

    def outputs_done(self) -> Iterable[Finding]:
        """Collect the rows that are to be counted again."""
        for table, key in _KEYS.items():
            values = {
                str(row[key])
                for report in self._reports
                for name, rows, _ in report.tables()
                if name == table
                for row in rows
                if row.get(key) is not None and _PLAIN.fullmatch(str(row[key]))
            }
            self._wanted[table] = pl.Series(sorted(values), dtype=pl.String)
        return ()

    def source_block(self, block: SourceBlock) -> None:
        """Count the hits of a block, and keep who made them."""
        if not self._reports:
            return
        self._lines += block.pieces.height
        self._odd += block.pieces.height - block.hits.height
        zone = str(self._reports[0].part("period").get("timezone") or "UTC")
        frame = _keyed(block.hits, zone, self._seed)
        for table, key in _KEYS.items():
            rows = (
                frame.lazy()
                .filter(pl.col(key).is_in(self._wanted[table].implode()))
                .select(pl.col(key), "day_number", "visitor")
                .collect()
            )
            hits = rows.group_by(key).len("hits")
            self._hits[table] = _added(self._hits.get(table), hits, key)
            if not self._full:
                pairs = pl.concat([*([self._parts[table]] if table in self._parts else []), rows.unique()])
                self._parts[table] = pairs.unique() if len(pairs) > 2_000_000 else pairs
                self._full = len(self._parts[table]) > _MOST_PAIRS

    def finish(self) -> Iterator[Finding]:
        """Compare every row of every report that the source covers."""
        if not self._reports or not self._lines:
            return
        visitors = {
            table: _visitors(self._parts[table], key) for table, key in _KEYS.items() if table in self._parts
        }
        for report in self._reports:
            yield from self._lines_read(report)
            slack = self._odd + _left_out(report)
            for table, rows, _ in report.tables():
                if table in visitors:
                    for index, row in enumerate(rows, start=1):
                        place = f"table {table}, row {index}"
                        yield from self._row(report.file, place, table, row, visitors[table], slack)
        if self._odd * 2 > self._lines:
            kind = "most lines of the source are of no shape that the audit can count again"
            yield Finding("", "", _ID, kind, level=Level.INCONCLUSIVE)

    def _lines_read(self, report: Published) -> Iterator[Finding]:
        read = number(report.part("lines").get("read"))
        if read is not None and read != self._lines:
            said = f"the report says {read:,} lines were read, the source has {self._lines:,}"
            yield Finding(report.file, "lines.read", _ID, said)

    def _row(
        self,
        file: str,
        place: str,
        table: str,
        row: dict[str, Any],
        visitors: dict[str, tuple[int, int]],
        slack: int,
    ) -> Iterator[Finding]:
        value = str(row.get(_KEYS[table]))
        if is_other(row) or not _PLAIN.fullmatch(value):
            return
        found = dict(self._hits[table].iter_rows()).get(value, 0)
        hits, said = number(row.get("hits")), number(row.get("visitors"))
        short = table in _WHOLE and hits is not None and hits < found - slack
        if hits is not None and (hits > found + slack or short):
            yield Finding(file, place, _ID, "other hits than the source has")
        highest, total = visitors.get(value, (0, 0))
        if said is not None and not self._full:
            if said > total + self.rules.round_visitors - 1 + slack:
                yield Finding(file, place, _ID, "more visitors than the source has")
            if said and highest + slack < self.rules.k:
                yield Finding(
                    file,
                    place,
                    _ID,
                    f"the source has fewer than {self.rules.k} visitors for this row on every day",
                )


def _keyed(hits: pl.DataFrame, zone: str, seed: int) -> pl.DataFrame:
    """Return one row a hit: the keys of the tables, the day's number and a token of the visitor."""
    when = (
        pl.col("time")
        .str.to_datetime("%d/%b/%Y:%H:%M:%S %z", strict=False, time_zone="UTC")
        .dt.convert_time_zone(zone)
    )
    target = pl.col("target").str.split("?").list.first().str.split(";").list.first()
    return (
        hits.lazy()
        .select(
            day=when.dt.date().cast(pl.String),
            day_number=when.dt.date().to_physical(),
            status=pl.col("status").cast(pl.String),
            method="method",
            path=target,
            visitor=pl.struct("host", "agent").hash(seed),
        )
        .collect()
    )


def _added(before: pl.DataFrame | None, more: pl.DataFrame, key: str) -> pl.DataFrame:
    both = more if before is None else pl.concat([before, more])
    return both.group_by(key).agg(pl.sum("hits"))


def _visitors(pairs: pl.DataFrame, key: str) -> dict[str, tuple[int, int]]:
    """Return value -> (most visitors on a day, visitors summed over the days)."""
    days = pairs.lazy().unique().group_by(key, "day_number").len("n")
    frame = days.group_by(key).agg(pl.max("n").alias("highest"), pl.sum("n").alias("total")).collect()
    return {value: (highest, total) for value, highest, total in frame.iter_rows()}


def _left_out(report: Published) -> int:
    lines = report.part("lines")
    rejected = lines.get("rejected")
    return (number(lines.get("filtered")) or 0) + (
        sum(rejected.values()) if isinstance(rejected, dict) else 0
    )


CHECK = Check(
    _ID,
    "Counted again from the source, rows have the hits and at least k visitors, and no more than it has",
    _Recount,
)
