"""Bars, columns and shades made of characters.

Everything here is text of a known number of cells; colour comes later, so
that a chart reads the same without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len, chop_cells

from logstats.frozen import frozen


@frozen
class Glyphs:
    """The characters of one kind of terminal; `columns` from empty to full."""

    bar: str
    bar_parts: str
    bots: str
    columns: str
    shades: str
    rule: str
    dot: str
    ellipsis: str
    none: str


UNICODE: Final = Glyphs(
    bar="█",
    bar_parts="▏▎▍▌▋▊▉",
    bots="░",
    columns=" ▁▂▃▄▅▆▇█",
    shades=" ·░▒▓█",
    rule="─",
    dot="·",
    ellipsis="…",
    none="–",
)
ASCII: Final = Glyphs(
    bar="#",
    bar_parts="",
    bots=".",
    columns=" #",
    shades=" .:+*#",
    rule="-",
    dot="-",
    ellipsis="...",
    none="-",
)


def bar(people: float, bots: float, largest: float, cells: int, glyphs: Glyphs) -> tuple[str, str]:
    """Return the bar of people and the bar of bots that follows it, together at most `cells` long.

    What is more than nothing shows at least the thinnest mark.

    >>> bar(3, 1, 4, 4, UNICODE)
    ('███', '░')
    >>> bar(1, 0, 10_000, 4, UNICODE)
    ('▏', '')
    """
    if largest <= 0 or cells <= 0:
        return "", ""
    steps = len(glyphs.bar_parts) + 1
    level = min(cells * steps, round(max(0.0, people) / largest * cells * steps))
    full, part = divmod(max(level, 1 if people > 0 else 0), steps)
    solid = glyphs.bar * full + (glyphs.bar_parts[part - 1] if part else "")
    whole = min(cells, round((people + max(0.0, bots)) / largest * cells))
    return solid, glyphs.bots * max(0, whole - len(solid))


def columns(values: Sequence[float | None], height: int, cells: int, glyphs: Glyphs) -> list[str]:
    """Return a column chart as `height` lines, each value `cells` wide, the largest one full.

    >>> columns([1, 2, None, 4], 2, 1, UNICODE)
    ['   █', '▄█ █']
    """
    steps = len(glyphs.columns) - 1
    largest = max((v for v in values if v is not None), default=0)
    levels = [_level(value, largest, height * steps) for value in values]
    gap = " " if cells > 1 else ""
    width = cells - len(gap)
    return [
        "".join(glyphs.columns[max(0, min(steps, level - row * steps))] * width + gap for level in levels)
        for row in reversed(range(height))
    ]


def shade(value: float | None, largest: float, glyphs: Glyphs) -> str:
    """Return the character whose darkness stands for a value.

    >>> shade(0, 8, UNICODE), shade(1, 8, UNICODE), shade(8, 8, UNICODE)
    (' ', '·', '█')
    """
    return glyphs.shades[_level(value, largest, len(glyphs.shades) - 1)]


def _level(value: float | None, largest: float, steps: int) -> int:
    if not value or largest <= 0:
        return 0
    return max(1, min(steps, round(value / largest * steps)))


def cut_middle(text: str, cells: int, glyphs: Glyphs) -> str:
    """Return text of at most `cells` cells; what does not fit is cut out of the middle.

    >>> cut_middle("/documents/2026/report.html", 14, UNICODE)
    '/docum…rt.html'
    """
    if cell_len(text) <= cells:
        return text
    room = cells - len(glyphs.ellipsis)
    if room <= 1:
        return (chop_cells(text, cells) or [""])[0] if cells > 0 else ""
    tail_cells = room // 2 + (room % 2)
    head = chop_cells(text, room - tail_cells)[0]
    # Only the end is wanted: what is far from it cannot reach it.
    tail = text[-tail_cells:]
    while cell_len(tail) > tail_cells:
        tail = tail[1:]
    return head + glyphs.ellipsis + tail


def fit(text: str, cells: int, glyphs: Glyphs) -> str:
    """Return text of exactly `cells` cells, cut in the middle or filled with spaces.

    >>> fit("ab", 4, UNICODE)
    'ab  '
    """
    short = cut_middle(text, cells, glyphs)
    return short + " " * (cells - cell_len(short))
