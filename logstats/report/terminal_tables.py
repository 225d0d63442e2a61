"""One table as lines of text: names, bars and aligned numbers, at any width."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from rich.cells import cell_len, chop_cells
from rich.text import Text

from logstats.frozen import frozen
from logstats.report import glyphs, labels
from logstats.report.glyphs import Glyphs
from logstats.schema import BOT_HITS, BYTES_SENT, COUNTS, HITS, VISITORS
from logstats.tables import Table

MARGIN: Final = 2
SHARE_WIDTH: Final = 64  # from this width on there is room for a percentage
SENT_WIDTH: Final = 72
BOTS_WIDTH: Final = 110
LEAST_LABEL: Final = 16
MOST_LABEL: Final = 72
LEAST_BAR: Final = 6
MOST_BAR: Final = 40

Row = dict[str, Any]


@frozen
class NumberColumn:
    """A right-aligned column: its head and how a row reads in it."""

    head: str
    text: Callable[[Row], str]


def draw_table(table: Table, *, width: int, top: int, whole: int | None, marks: Glyphs) -> list[Text]:
    """Return the lines of a table, each at most `width` cells.

    Args:
        table: What to draw; a table without rows gives its reason.
        width: Cells of a line.
        top: How many rows; `(other)` comes on top of them.
        whole: Hits that a share is a share of; None if they are not known.
        marks: The characters to draw with.
    """
    note = labels.suppressed_text(table)
    title = labels.visible(table.title)
    if table.rows.is_empty():
        return [_line([(title, "bold")]), *wrapped(note or "no hits", width, "dim italic")]
    rows = labels.rows_of(table)
    shown = [row for row in rows if not labels.is_other(row)]
    others = [row for row in rows if labels.is_other(row)]
    more = len(shown) - top
    lines = _draw_rows(table, title, shown[:top] + others, width, whole, marks)
    if more > 0:
        lines += wrapped(f"and {more:,} more rows", width, "dim italic")
    return lines + (wrapped(note, width, "dim italic") if note else [])


def _draw_rows(
    table: Table, title: str, rows: list[Row], width: int, whole: int | None, marks: Glyphs
) -> list[Text]:
    columns = _number_columns(table, width, whole, marks)
    cells = [[column.text(row) for column in columns] for row in rows]
    widths = [
        max(len(column.head), *(len(line[i]) for line in cells)) + 2 for i, column in enumerate(columns)
    ]
    names = [labels.row_label(table, row) for row in rows]
    label, bar = _split_room(width - MARGIN - sum(widths), max(cell_len(name) for name in names))
    heads = "".join(column.head.rjust(w) for column, w in zip(columns, widths, strict=True))
    lines = [_line([(glyphs.fit(title, label + bar, marks), "bold"), (heads, "dim")])]
    largest = max((row[HITS] or 0 for row in rows), default=0)
    for name, row, line in zip(names, rows, cells, strict=True):
        numbers = "".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True))
        muted = "dim" if labels.is_other(row) else ""
        lines.append(
            _line(
                [
                    (glyphs.fit(name, label - 1, marks) + " ", muted),
                    *_bar_parts(table, row, largest, bar, marks),
                    (numbers, muted),
                ]
            )
        )
    return lines


def _number_columns(table: Table, width: int, whole: int | None, marks: Glyphs) -> list[NumberColumn]:
    none = marks.none
    columns = [NumberColumn("hits", lambda row: labels.count_text(row[HITS], none))]
    extras = [c for c in table.columns if c.name not in (*COUNTS, *table.keys)]
    if width >= SHARE_WIDTH and not extras:
        columns.append(NumberColumn("share", lambda row: labels.share_text(row[HITS], whole, none)))
    if width >= BOTS_WIDTH:
        columns.append(NumberColumn("by bots", lambda row: labels.count_text(row[BOT_HITS], none)))
    if table.name != "bots":
        columns.append(NumberColumn("visitors", lambda row: labels.count_text(row[VISITORS], none)))
    if not extras:
        if width >= SENT_WIDTH:
            columns.append(NumberColumn("sent", lambda row: labels.bytes_text(row[BYTES_SENT], none)))
        return columns
    room = extras if width >= SHARE_WIDTH else extras[-1:]
    return columns + [_measure(column.name, column.unit, none) for column in room]


def _measure(name: str, unit: str | None, none: str) -> NumberColumn:
    head = name.removesuffix("_us") if unit == "us" else name.replace("_", " ")
    text = labels.time_text if unit == "us" else labels.count_text
    return NumberColumn(head, lambda row: text(row[name], none))


def _split_room(room: int, longest: int) -> tuple[int, int]:
    """Return the cells for the names and for the bars; names come first, bars need some to be worth it.

    >>> _split_room(60, 10), _split_room(40, 80), _split_room(20, 80)
    ((20, 40), (34, 6), (20, 0))
    """
    bar = max(LEAST_BAR, min(MOST_BAR, room - min(longest + 1, MOST_LABEL)))
    if room - bar < min(longest, LEAST_LABEL):
        return max(1, room), 0
    return room - bar, bar


def _bar_parts(table: Table, row: Row, largest: int, cells: int, marks: Glyphs) -> Iterable[tuple[str, str]]:
    hits, bots = row[HITS] or 0, row[BOT_HITS] or 0
    people = hits if table.name == "bots" else hits - bots
    solid, light = glyphs.bar(people, hits - people, largest, cells, marks)
    colour = "red" if table.name == "errors" else "cyan"
    yield solid, "dim" if labels.is_other(row) else colour
    yield light.ljust(cells - len(solid)), "dim"


def wrapped(text: str, width: int, style: str) -> list[Text]:
    """Return text broken between words into lines of at most `width` cells, behind the margin."""
    lines: list[str] = []
    for word in text.split():
        room = width - MARGIN
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= room:
            lines[-1] += " " + word
        else:
            lines += chop_cells(word, max(1, room))
    return [_line([(line, style)]) for line in lines]


def _line(parts: Iterable[tuple[str, str]]) -> Text:
    return Text.assemble(" " * MARGIN, *((text, style) for text, style in parts if text))


def is_wide(table: Table) -> bool:
    """Whether a table has long names, so that it wants the whole width."""
    return "path" in table.keys
