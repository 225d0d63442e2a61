"""Days, hours and weekdays as charts of characters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from rich.text import Text

from logstats.report import glyphs, labels
from logstats.report.glyphs import Glyphs
from logstats.report.terminal_tables import MARGIN, Row, wrapped
from logstats.schema import HITS, VISITORS
from logstats.tables import Table

CHARTS: Final = ("days", "hours", "weekday_hours")
HEIGHT: Final = 5
HOURS: Final = 24
WIDEST_COLUMN: Final = 6
LABEL: Final = 5
Series = list[int | None]


def draw_chart(table: Table, *, width: int, visitors: str, marks: Glyphs) -> list[Text]:
    """Return a table of times as a chart of hits; each line is at most `width` cells."""
    note = labels.suppressed_text(table)
    title = Text("  ").append(labels.visible(table.title), "bold")
    rows = [row for row in labels.rows_of(table) if not labels.is_other(row)]
    if not rows:
        return [title, *wrapped(note or "no hits", width, "dim italic")]
    match table.name:
        case "days":
            lines = _days(title, rows, width, visitors, marks)
        case "hours":
            lines = _hours(title, rows, width, marks)
        case _:
            lines = _weekdays(title, rows, width, marks)
    return lines + (wrapped(note, width, "dim italic") if note else [])


def _days(title: Text, rows: list[Row], width: int, visitors: str, marks: Glyphs) -> list[Text]:
    by_day = {row["day"]: row for row in rows}
    first, last = min(by_day), max(by_day)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    step, cells = _scale(len(days), width - MARGIN)
    hits = _binned([by_day[d][HITS] if d in by_day else 0 for d in days], step)
    seen = _binned([by_day[d][VISITORS] if d in by_day else 0 for d in days], step)
    most = _busiest(rows)
    if first == last:
        return [title.append(f"  all on {first}", "dim")]
    if most is not None:
        title.append(f"  most hits: {most[HITS]:,} on {most['day']}", "dim")
    lines = [title, *_columns(hits, cells, HEIGHT, "cyan", marks)]
    lines.append(_axis(first, last, len(hits) * cells))
    lines += [*_columns(seen, cells, 1, "green", marks), Text(f"  {visitors}", "dim")]
    if step > 1:
        lines += wrapped(f"a column is {step} days", width, "dim italic")
    return lines


def _hours(title: Text, rows: list[Row], width: int, marks: Glyphs) -> list[Text]:
    if all((row["span_hours"] or 1) >= HOURS for row in rows):
        return [title, *wrapped("too few visitors to tell hours apart", width, "dim italic")]
    # A bin of 3 hours has 3 columns of a third of its hits: the area stays the hits.
    values: Series = [None] * HOURS
    for row in rows:
        span = row["span_hours"] or 1
        for hour in range(row["hour"], min(HOURS, row["hour"] + span)):
            values[hour] = None if row[HITS] is None else row[HITS] // span
    cells = max(1, min(WIDEST_COLUMN - 2, (width - MARGIN) // HOURS))
    most = _busiest(rows)
    if most is not None:
        span_text = labels.hours_text(most["hour"], most["span_hours"])
        title.append(f"  most hits: {most[HITS]:,} at {span_text}", "dim")
    ticks = "".join(f"{hour:<{3 * cells}}" for hour in range(0, HOURS, 3))
    return [title, *_columns(values, cells, HEIGHT, "cyan", marks), Text("  " + ticks.rstrip(), "dim")]


def _weekdays(title: Text, rows: list[Row], width: int, marks: Glyphs) -> list[Text]:
    values: dict[tuple[int, int], int | None] = {}
    for row in rows:
        span = row["span_hours"] or 1
        for hour in range(row["hour"], min(HOURS, row["hour"] + span)):
            values[row["weekday"], hour] = None if row[HITS] is None else row[HITS] // span
    largest = max((v for v in values.values() if v), default=0)
    cells = max(1, min(3, (width - MARGIN - LABEL) // HOURS))
    lines = [title]
    for weekday, name in enumerate(labels.WEEKDAYS, 1):
        shades = "".join(
            glyphs.shade(values.get((weekday, hour)), largest, marks) * cells for hour in range(HOURS)
        )
        lines.append(Text.assemble("  ", (f"{name:<{LABEL}}", "dim"), (shades.rstrip(), "cyan")))
    ticks = "".join(f"{hour:<{3 * cells}}" for hour in range(0, HOURS, 3))
    scale = f"{marks.shades[1] * 2} few hits  {marks.shades[-1] * 2} {largest:,} an hour"
    return [*lines, Text(f"  {'':{LABEL}}{ticks.rstrip()}", "dim"), Text(f"  {'':{LABEL}}{scale}", "dim")]


def _busiest(rows: list[Row]) -> Row | None:
    return max((row for row in rows if row[HITS] is not None), key=lambda row: row[HITS], default=None)


def _scale(values: int, room: int) -> tuple[int, int]:
    """Return how many values go into a column, and how many cells a column has."""
    step = -(-values // max(1, room))
    return step, max(1, min(WIDEST_COLUMN, room // -(-values // step)))


def _binned(values: Sequence[int | None], step: int) -> Series:
    bins = [values[i : i + step] for i in range(0, len(values), step)]
    return [None if None in one else sum(v for v in one if v is not None) for one in bins]


def _columns(values: Series, cells: int, height: int, style: str, marks: Glyphs) -> list[Text]:
    lines = glyphs.columns(values, height, cells, marks)
    return [Text.assemble("  ", (line.rstrip(), style)) for line in lines]


def _axis(first: date, last: date, cells: int) -> Text:
    if first == last or cells < 2 * len(first.isoformat()) + 2:
        return Text(f"  {first}" if first == last else f"  {first} to {last}", "dim")
    return Text(f"  {first}{str(last).rjust(cells - len(str(first)))}", "dim")
