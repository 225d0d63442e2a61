"""A table of the report as a card of the page: names, numbers, lengths of bars, notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from logstats.frozen import frozen
from logstats.report import labels
from logstats.report.catalogue import Catalogue
from logstats.report.labels import Row
from logstats.report.page_charts import Chart, HeatMap, day_charts, heat_map, hour_chart
from logstats.schema import BOT_HITS, BYTES_SENT, COUNTS, HITS, VISITORS
from logstats.tables import OTHER, Column, Report, Table

OPEN_ROWS: Final = 10  # rows that are seen before `more rows` is opened
PERCENT: Final = 100
A_DAY: Final = 24  # hours


@frozen
class PageRow:
    """A row: classes that tell the length of its bar, its name, its numbers."""

    marks: str
    name: str
    cells: tuple[str, ...]


@frozen
class Card:
    """A table or a chart with its title and what is not shown of it."""

    name: str
    title: str
    layout: str
    heads: tuple[str, ...]
    rows: tuple[PageRow, ...]
    others: tuple[PageRow, ...]
    more_text: str
    more: tuple[PageRow, ...]
    notes: tuple[str, ...]
    charts: tuple[Chart, ...] = ()
    heat: HeatMap | None = None
    alone: bool = False  # nothing stands beside it

    @property
    def wide(self) -> bool:
        """Whether the card wants the room of two."""
        if not self.rows and not self.charts and self.heat is None:
            return False
        return self.layout == "m" or self.name in {"days", "pages", "static_files", "errors", "weekday_hours"}


def make_card(report: Report, table: Table, texts: Catalogue) -> Card:
    """Return a table of a report in the words of the catalogue."""
    rows = labels.rows_of(table)
    largest = max((row[HITS] or 0 for row in rows), default=0)
    whole = report.totals.get(BOT_HITS if table.name == "bots" else HITS)
    made = [
        PageRow(_marks(table, row, largest), row_name(table, row, texts), _cells(table, row, whole, texts))
        for row in rows
    ]
    listed = [m for m, row in zip(made, rows, strict=True) if not labels.is_other(row)]
    others = [m for m, row in zip(made, rows, strict=True) if labels.is_other(row)]
    charts, heat, notes = _drawn(table, texts)
    # Times are told by their chart; their numbers are one click away.
    opened = 0 if charts or heat else OPEN_ROWS
    more = listed[opened:]
    return Card(
        name=table.name,
        title=texts.word("tables", table.name, labels.visible(table.title)),
        layout=_layout(table),
        heads=_heads(report, table, texts),
        rows=tuple(listed[:opened]),
        others=tuple(others),
        more_text=_more_text(opened, len(more), texts),
        more=tuple(more),
        notes=(*notes, *_suppressed(table, report.policy.get("k", 1), texts)),
        charts=charts,
        heat=heat,
    )


def _more_text(opened: int, more: int, texts: Catalogue) -> str:
    if not more:
        return ""
    return texts.plural("page.more", more) if opened else texts.text("page.as_table")


def _drawn(table: Table, texts: Catalogue) -> tuple[tuple[Chart, ...], HeatMap | None, tuple[str, ...]]:
    """Return the charts of a table of times, and a note where they would tell nothing."""
    rows = [row for row in labels.rows_of(table) if not labels.is_other(row)]
    if table.name == "days" and len(rows) > 1:
        return day_charts(rows, texts), None, ()
    if table.name in {"hours", "weekday_hours"} and rows:
        if all((row["span_hours"] or 1) >= A_DAY for row in rows) and table.name == "hours":
            return (), None, (texts.text("page.not_drawn"),)
        if table.name == "hours":
            return (hour_chart(rows, texts),), None, ()
        return (), heat_map(rows, texts), ()
    return (), None, ()


def _marks(table: Table, row: Row, largest: int) -> str:
    """Return classes `aN bM`: bar of people up to N percent, of bots from there to M percent."""
    hits = row[HITS]
    if hits is None or not largest:
        return ""
    bots = 0 if table.name == "bots" else row[BOT_HITS] or 0
    end = max(1, round(PERCENT * hits / largest)) if hits else 0
    people = max(1, round(PERCENT * (hits - bots) / largest)) if hits > bots else 0
    return f"a{people} b{max(end, people)}" if bots else f"a{people}"


def _layout(table: Table) -> str:
    """Return which columns a table has: b (bots), m (measures) or s (the usual ones)."""
    if table.name == "bots":
        return "b"
    return "m" if _measures(table) else "s"


def _measures(table: Table) -> list[Column]:
    return [column for column in table.columns if column.name not in (*COUNTS, *table.keys)]


def _cells(table: Table, row: Row, whole: int | None, texts: Catalogue) -> tuple[str, ...]:
    hits, visitors = texts.number(row[HITS]), texts.number(row[VISITORS])
    share, sent = texts.share(row[HITS], whole), texts.bytes(row[BYTES_SENT])
    match _layout(table):
        case "b":
            return (hits, share, sent)
        case "m":
            values = ((row[c.name], c.unit) for c in _measures(table))
            return (hits, visitors, *(_measure(value, unit, texts) for value, unit in values))
    return (hits, share, texts.number(row[BOT_HITS]), visitors, sent)


def _measure(value: float | None, unit: str | None, texts: Catalogue) -> str:
    return texts.duration(value) if unit == "us" else texts.number(value)


def _heads(report: Report, table: Table, texts: Catalogue) -> tuple[str, ...]:
    names = {name: texts.text(f"columns.{name}") for name in (HITS, "share", BOT_HITS, BYTES_SENT)}
    visitors = texts.text("columns.daily_visitors" if report.period.days > 1 else "columns.visitors")
    match _layout(table):
        case "b":
            return (names[HITS], names["share"], names[BYTES_SENT])
        case "m":
            measures = (texts.word("columns", c.name, c.name.replace("_", " ")) for c in _measures(table))
            return (names[HITS], visitors, *measures)
    return (names[HITS], names["share"], names[BOT_HITS], visitors, names[BYTES_SENT])


def row_name(table: Table, row: Row, texts: Catalogue) -> str:
    """Return what a row is about, in the words of the language."""
    if labels.is_other(row):
        return texts.word("names", OTHER)
    match table.keys:
        case ("day",):
            return texts.day(row["day"], "medium")
        case ("country",):
            return labels.visible(texts.country(row["country"]))
        case ("hour", _) if (row["span_hours"] or 1) >= A_DAY:
            return texts.word("names", "whole_day")
        case ("weekday", "hour", _):
            span = labels.hours_text(row["hour"], row["span_hours"]).replace("-", "–")
            return f"{texts.weekday(row['weekday'])} {span}"
    name = labels.row_label(table, row)
    return texts.word("names", name)


def _suppressed(table: Table, k: int, texts: Catalogue) -> Sequence[str]:
    hidden = table.suppressed
    if hidden is None:
        return ()
    if table.rows.is_empty():
        reason = texts.text("suppressed.reason", reason=texts.why(labels.visible(hidden.reason), k))
        return (f"{texts.text('suppressed.withheld')} {reason}",)
    return (texts.plural("suppressed.other", hidden.groups),) if hidden.groups else ()
