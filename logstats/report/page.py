"""What stands on the page: figures, charts and tables, in words of one language.

Plain values only; how they look is in templates/.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from logstats import __version__
from logstats.report import labels
from logstats.report.catalogue import Catalogue
from logstats.report.page_charts import Chart, HeatMap, day_charts, heat_map, hour_chart
from logstats.schema import BOT_HITS, BYTES_SENT, COUNTS, HITS, VISITORS
from logstats.tables import OTHER, Column, Report, Section, Table

OPEN_ROWS: Final = 10  # rows that are seen before `more rows` is opened
PERCENT: Final = 100
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PageRow:
    """A row: classes that tell the length of its bar, its name, its numbers."""

    marks: str
    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
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

    @property
    def wide(self) -> bool:
        """Whether the card wants the room of two."""
        return self.layout == "m" or self.name in {"days", "pages", "static_files", "errors", "weekday_hours"}


@dataclass(frozen=True, slots=True)
class PageSection:
    """One of the three purposes, with its cards."""

    id: str
    title: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the template shows."""

    title: str
    period: str
    policy: str
    marking: str
    figures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    small: str
    sections: tuple[PageSection, ...]
    footer: tuple[tuple[str, str], ...]


def make_page(report: Report, texts: Catalogue) -> Page:
    """Return the page of a report in the language of the catalogue."""
    site = labels.visible(report.site) if report.site else ""
    k = report.policy.get("k", 1)
    other = texts.word("names", OTHER)
    return Page(
        title=texts.text("page.title_of", site=site) if site else texts.text("page.title"),
        period=_period(report, texts),
        policy=_policy(report, texts),
        marking=labels.visible(str(report.policy.get("marking") or "")),
        figures=tuple(_figures(report, texts)),
        notes=tuple(texts.why(note, k) for note in labels.notes_of(report)),
        small=texts.text("page.small", k=texts.number(k), other=other) if k > 1 else "",
        sections=tuple(_sections(report, texts)),
        footer=tuple(_footer(report, texts)),
    )


def _period(report: Report, texts: Catalogue) -> str:
    period = report.period
    if period.first is None or period.last is None:
        return texts.text("page.no_hits")
    zone = texts.text("page.timezone", zone=period.timezone)
    if period.first == period.last:
        return f"{texts.day(period.first)}, {zone}"
    span = texts.text("page.period", first=texts.day(period.first), last=texts.day(period.last))
    return f"{span}, {texts.plural('page.days', period.days)}, {zone}"


def _policy(report: Report, texts: Catalogue) -> str:
    policy = report.policy
    effective = policy.get("effective")
    if isinstance(effective, str):
        try:
            effective = date.fromisoformat(effective)
        except ValueError:
            return labels.policy_text(report)
    since = texts.day(effective) if isinstance(effective, date) else labels.policy_text(report)
    values = {"id": policy.get("id"), "version": policy.get("version"), "effective": since}
    return labels.visible(texts.text("page.policy", **values))


def _figures(report: Report, texts: Catalogue) -> Sequence[tuple[str, str]]:
    totals = report.totals
    visitors = "daily_visitors" if report.period.days > 1 else VISITORS
    share = texts.share(totals.get(BOT_HITS), totals.get(HITS))
    return [
        (texts.text("figures.hits"), texts.number(totals.get(HITS))),
        (texts.text(f"figures.{visitors}"), texts.number(totals.get(VISITORS))),
        (texts.text("figures.pages"), texts.number(totals.get("pages"))),
        (texts.text("figures.bytes_sent"), texts.bytes(totals.get(BYTES_SENT))),
        (texts.text("figures.bot_hits"), share),
        (texts.text("figures.client_errors"), texts.number(totals.get("client_errors"))),
        (texts.text("figures.server_errors"), texts.number(totals.get("server_errors"))),
    ]


def _sections(report: Report, texts: Catalogue) -> Sequence[PageSection]:
    sections = []
    for section in Section:
        tables = [table for table in report.tables.values() if table.section is section]
        cards = tuple(_card(report, table, texts) for table in tables)
        if cards:
            title = texts.word("sections", section.name, section.value)
            sections.append(PageSection(section.name.lower(), title, cards))
    return sections


def _card(report: Report, table: Table, texts: Catalogue) -> Card:
    rows = labels.rows_of(table)
    largest = max((row[HITS] or 0 for row in rows), default=0)
    whole = report.totals.get(BOT_HITS if table.name == "bots" else HITS)
    made = [
        PageRow(_marks(table, row, largest), row_name(table, row, texts), _cells(table, row, whole, texts))
        for row in rows
    ]
    listed = [m for m, row in zip(made, rows, strict=True) if not labels.is_other(row)]
    others = [m for m, row in zip(made, rows, strict=True) if labels.is_other(row)]
    # Times are told by their chart; their numbers are one click away.
    opened = 0 if table.name in {"days", "hours", "weekday_hours"} else OPEN_ROWS
    more = listed[opened:]
    charts, heat, notes = _drawn(table, texts)
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
        if all((row["span_hours"] or 1) >= 24 for row in rows) and table.name == "hours":
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
        case ("hour", _) if (row["span_hours"] or 1) >= 24:
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


def _footer(report: Report, texts: Catalogue) -> Sequence[tuple[str, str]]:
    hidden = sum(table.suppressed.groups for table in report.tables.values() if table.suppressed is not None)
    replaced = sorted(report.replaced.items(), key=lambda item: (-item[1], item[0]))
    classes = [
        f"{texts.number(n)} {texts.word('classes', labels.visible(name))}" for name, n in replaced if n
    ]
    nothing = texts.text("footer.nothing")
    entries = {
        "period": _period(report, texts),
        "lines": _lines(report, texts),
        "policy": _policy(report, texts),
        "digest": str(report.policy.get("digest") or labels.count_text(None)),
        "hidden": texts.plural("footer.hidden_text", hidden) if hidden else nothing,
        "replaced": ", ".join(classes) or nothing,
    }
    if report.period.days > 1:
        entries["visitors"] = texts.text("footer.visitors_text")
    if report.ledger:
        entries["ledger"] = ", ".join(f"{name} {value}" for name, value in report.ledger.items())
    entries["generated"] = texts.moment(report.generated)
    entries["tool"] = f"logstats {__version__}"
    return [(texts.text(f"footer.{name}"), labels.visible(value)) for name, value in entries.items()]


def _lines(report: Report, texts: Catalogue) -> str:
    lines = report.lines
    counts = {"read": lines.read, "parsed": lines.parsed, "blank": lines.blank}
    numbers = {name: texts.number(n) for name, n in counts.items()}
    text = texts.text("footer.lines_text", **numbers, rejected=texts.number(lines.rejected.total()))
    reasons = sorted(lines.rejected.items(), key=lambda item: (-item[1], item[0]))
    if reasons:
        parts = (f"{texts.word('reasons', name)} {texts.number(n)}" for name, n in reasons)
        text += f" ({', '.join(parts)})"
    return text + (
        f"; {texts.text('footer.filtered', n=texts.number(lines.filtered))}" if lines.filtered else ""
    )
