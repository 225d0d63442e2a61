"""Column charts and the heat map of the page, as coordinates and words.

A chart is one SVG without any text in it, stretched to the room there is; its
axes are text of the page, so that they keep their size on every screen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from logstats.frozen import frozen
from logstats.report import labels
from logstats.report.catalogue import Catalogue
from logstats.schema import BOT_HITS, HITS, VISITORS

HOURS: Final = 24
HEIGHT: Final = 100  # units of the SVG; a column is 10 wide
COLUMN: Final = 10
GAP: Final = 2
MOST_COLUMNS: Final = 120  # more would be thinner than a pixel on a phone
SHADES: Final = 9
Row = dict[str, Any]


@frozen
class Rect:
    """A part of a column: class p (people) or b (bots), and its place."""

    kind: str
    x: int
    y: float
    height: float


@frozen
class Chart:
    """One series over time, with what its axes say and one sentence that tells it."""

    title: str
    summary: str
    width: int
    rects: tuple[Rect, ...]
    tips: tuple[tuple[int, str], ...]
    top: str
    middle: str
    ticks: tuple[str, ...]
    note: str = ""


@frozen
class HeatMap:
    """Seven rows of weekdays: name, then (span, shade, words) for each bin of hours."""

    rows: tuple[tuple[str, tuple[tuple[int, str, str], ...]], ...]
    hours: tuple[str, ...]
    low: str
    high: str


@frozen
class _Point:
    when: str
    value: int | None
    light: int = 0


def day_charts(rows: Sequence[Row], texts: Catalogue) -> tuple[Chart, ...]:
    """Return hits and visitors by day; days are put together where there are too many to draw."""
    by_day: dict[date, Row] = {row["day"]: row for row in rows}
    first, last = min(by_day), max(by_day)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    step = math.ceil(len(days) / MOST_COLUMNS)
    bins = [days[i : i + step] for i in range(0, len(days), step)]
    ticks = tuple(texts.day_short(day) for day in (first, days[len(days) // 2], last))
    note = texts.text("page.each_column", n=step) if step > 1 else ""
    visitors = texts.text("columns.daily_visitors")
    return tuple(
        _chart(title, [_bin(one, by_day, count, light, texts) for one in bins], ticks, note, texts)
        for title, count, light in (
            (texts.text("columns.hits"), HITS, BOT_HITS),
            (visitors, VISITORS, None),
        )
    )


def _bin(
    days: Sequence[date], by_day: dict[date, Row], count: str, light: str | None, texts: Catalogue
) -> _Point:
    rows = [by_day[day] for day in days if day in by_day]
    values = [row[count] for row in rows]
    value = None if None in values else sum(values)
    bots = 0 if light is None or value is None else sum(row[light] or 0 for row in rows)
    return _Point(texts.day(days[0], "medium"), value, bots)


def hour_chart(rows: Sequence[Row], texts: Catalogue) -> Chart:
    """Return hits by hour; a bin of several hours is as many columns of its mean."""
    points = [_Point(f"{hour:02}:00", None) for hour in range(HOURS)]
    for row in rows:
        span = row["span_hours"] or 1
        when = labels.hours_text(row["hour"], span).replace("-", "–")
        value = None if row[HITS] is None else row[HITS] // span
        for hour in range(row["hour"], min(HOURS, row["hour"] + span)):
            points[hour] = _Point(when, value, (row[BOT_HITS] or 0) // span)
    ticks = tuple(f"{hour:02}" for hour in (0, 6, 12, 18, 24))
    return _chart(texts.text("columns.hits"), points, ticks, "", texts)


def _chart(
    title: str, points: Sequence[_Point], ticks: tuple[str, ...], note: str, texts: Catalogue
) -> Chart:
    known = [(point.value, point.when) for point in points if point.value is not None]
    largest = max(known, default=(0, ""))
    top = nice_top(largest[0])
    rects: list[Rect] = []
    for i, point in enumerate(points):
        if point.value:
            whole = HEIGHT * point.value / top
            light = HEIGHT * min(point.light, point.value) / top
            rects.append(Rect("p", i * COLUMN, round(HEIGHT - whole + light, 1), round(whole - light, 1)))
            if light:
                rects.append(Rect("b", i * COLUMN, round(HEIGHT - whole, 1), round(light, 1)))
    return Chart(
        title=title,
        summary=texts.text(
            "page.chart_summary",
            what=title,
            most=texts.number(largest[0]),
            when=largest[1],
            least=texts.number(min(known, default=(0, ""))[0]),
        ),
        width=len(points) * COLUMN,
        rects=tuple(rects),
        tips=tuple((i * COLUMN, f"{p.when}: {texts.number(p.value)}") for i, p in enumerate(points)),
        top=texts.number(top),
        middle=texts.number(top / 2 if top % 2 else top // 2),
        ticks=ticks,
        note=note,
    )


def nice_top(largest: int) -> int:
    """Return the round number at which an axis ends: 1, 2, 3, 4, 5, 6, 8 or 10 times a power of ten.

    >>> nice_top(92_608), nice_top(7), nice_top(0)
    (100000, 8, 1)
    """
    if largest <= 0:
        return 1
    power: int = 10 ** (len(str(largest)) - 1)
    return next(step * power for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * power >= largest)


def heat_map(rows: Sequence[Row], texts: Catalogue) -> HeatMap:
    """Return hits by weekday and hour; the shade is that of the hits in one hour."""
    rates = [row[HITS] // (row["span_hours"] or 1) for row in rows if row[HITS] is not None]
    largest = max(rates, default=0)
    cells: dict[int, list[tuple[int, int, str, str]]] = {weekday: [] for weekday in range(1, 8)}
    for row in rows:
        span = row["span_hours"] or 1
        when = labels.hours_text(row["hour"], span).replace("-", "–")
        shade = "" if row[HITS] is None else str(_shade(row[HITS] // span, largest))
        words = f"{texts.weekday(row['weekday'])} {when}: {texts.number(row[HITS])}"
        cells[row["weekday"]].append((row["hour"], span, shade, words))
    return HeatMap(
        rows=tuple((texts.weekday(weekday), _filled(found)) for weekday, found in cells.items()),
        hours=tuple(f"{hour:02}" for hour in range(0, HOURS, 3)),
        low=texts.text("page.heat_scale_low"),
        high=texts.text("page.heat_scale_high", n=texts.number(largest)),
    )


def _filled(found: list[tuple[int, int, str, str]]) -> tuple[tuple[int, str, str], ...]:
    """Return the bins of a day in order; hours of which nothing is shown become one empty bin."""
    row: list[tuple[int, str, str]] = []
    hour = 0
    for start, span, shade, words in sorted(found):
        if start > hour:
            row.append((start - hour, "", "–"))
        row.append((span, shade, words))
        hour = start + span
    if hour < HOURS:
        row.append((HOURS - hour, "", "–"))
    return tuple(row)


def _shade(value: int, largest: int) -> int:
    return 0 if not value or not largest else max(1, round(SHADES * value / largest))
