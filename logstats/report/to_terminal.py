"""A report on a terminal: key figures, three sections, and what was not shown.

Text of a log is only ever put into `Text`, never into markup, and every
control character is spelled out, so that a log cannot drive the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from logstats.report import labels
from logstats.report.glyphs import ASCII, UNICODE, Glyphs
from logstats.report.terminal_charts import CHARTS, draw_chart
from logstats.report.terminal_tables import MARGIN, draw_table, is_wide, wrapped
from logstats.tables import Report, Section, Table

ROWS: Final = 10
NARROWEST: Final = 40
WIDEST: Final = 160
TWO_COLUMNS: Final = 128
GUTTER: Final = 4
LABEL: Final = 10


def print_report(report: Report, console: Console, *, top: int | None = None) -> None:
    """Print a report on a console, or plainly aligned text where that is no terminal.

    Args:
        report: What `disclose` let through.
        console: Its width, colour and encoding are respected; `no_color` means no
            escape sequence at all.
        top: Rows of each table; 10 if None.
    """
    encoding = console.encoding or "utf-8"
    marks = UNICODE if encoding.lower().startswith("utf") else ASCII
    plain = console.no_color or not console.is_terminal
    for line in render_lines(report, width=console.width, top=top, marks=marks):
        if plain:
            text = line.plain.rstrip().encode(encoding, "backslashreplace").decode(encoding)
            console.file.write(text + "\n")
        else:
            console.print(line, soft_wrap=True, highlight=False, markup=False, emoji=False)
    console.file.flush()


def render(report: Report, *, width: int = 80, top: int | None = None) -> bytes:
    """Return the report as plain UTF-8 text of at most `width` cells a line."""
    lines = (line.plain.rstrip() for line in render_lines(report, width=width, top=top, marks=UNICODE))
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def render_lines(report: Report, *, width: int, top: int | None, marks: Glyphs) -> Iterator[Text]:
    """Yield the lines of a report, each at most `width` cells (but never fewer than 40)."""
    # The last column stays empty: some terminals break the line when it is written.
    width = max(NARROWEST, min(WIDEST, width - 1))
    for line in _report(report, width, top, marks):
        line.truncate(width)
        yield line


def _report(report: Report, width: int, top: int | None, marks: Glyphs) -> Iterator[Text]:
    yield from _header(report, width, marks)
    for section in Section:
        tables = [table for table in report.tables.values() if table.section is section]
        if tables:
            yield Text()
            yield _rule(section.value, width, marks)
            yield from _section(report, tables, width, ROWS if top is None else top, marks)
    yield Text()
    yield _rule("How this was made", width, marks)
    yield from _footer(report, width, marks)


def _header(report: Report, width: int, marks: Glyphs) -> Iterator[Text]:
    title = "Web statistics" + (f" of {labels.visible(report.site)}" if report.site else "")
    period = labels.period_text(report)
    yield Text()
    if cell_len(title) + len(period) + GUTTER > width:
        yield from wrapped(title, width, "bold")
        yield Text(f"  {period}", "dim")
    else:
        gap = width - MARGIN - cell_len(title) - len(period)
        yield Text.assemble("  ", (title, "bold"), " " * gap, (period, "dim"))
    if report.policy.get("marking"):
        yield from wrapped(labels.visible(str(report.policy["marking"])), width, "bold red")
    yield Text()
    yield from _figures(report, width, marks)
    for note in labels.notes_of(report):
        yield Text()
        yield from wrapped(note, width, "yellow")
    if report.tables:
        yield Text()
        legend = (
            f"{marks.bar * 2} hits by people  {marks.bots * 2} hits by known bots  {marks.none} not shown"
        )
        yield Text(f"  {legend}", "dim")


def _figures(report: Report, width: int, marks: Glyphs) -> Iterator[Text]:
    none, totals = marks.none, report.totals
    hits = totals.get("hits")
    figures = [
        (labels.count_text(hits, none), "hits"),
        (labels.count_text(totals.get("visitors"), none), labels.visitors_text(report)),
        (labels.count_text(totals.get("pages"), none), "pages"),
        (labels.bytes_text(totals.get("bytes_sent"), none), "sent"),
        (labels.share_text(totals.get("bot_hits"), hits, none), "by bots"),
        (labels.count_text(totals.get("client_errors"), none), "client errors"),
        (labels.count_text(totals.get("server_errors"), none), "server errors"),
    ]
    cell = max(max(map(len, figure)) for figure in figures) + 2
    per_line = max(1, (width - MARGIN) // cell)
    per_line = -(-len(figures) // -(-len(figures) // per_line))  # lines of about the same length
    for i in range(0, len(figures), per_line):
        some = figures[i : i + per_line]
        if i:
            yield Text()
        yield Text("  ").append("".join(number.ljust(cell) for number, _ in some).rstrip(), "bold")
        yield Text("  ").append("".join(name.ljust(cell) for _, name in some).rstrip(), "dim")


def _section(report: Report, tables: list[Table], width: int, top: int, marks: Glyphs) -> Iterator[Text]:
    beside: list[list[Text]] = []
    half = (width - GUTTER) // 2 if width >= TWO_COLUMNS else width
    for table in tables:
        chart = table.name in CHARTS
        wide = is_wide(table) or table.name == "days"
        room = width if wide else half
        block = (
            draw_chart(table, width=room, visitors=labels.visitors_text(report), marks=marks)
            if chart
            else draw_table(table, width=room, top=top, whole=_whole(report, table), marks=marks)
        )
        if room == width:
            yield Text()
            yield from block
        else:
            beside.append(block)
    yield from _side_by_side(beside, half)


def _side_by_side(blocks: list[list[Text]], half: int) -> Iterator[Text]:
    if len(blocks) % 2:
        blocks = [*blocks, []]
    for left, right in zip(blocks[::2], blocks[1::2], strict=True):
        yield Text()
        for a, b in zip_longest(left, right, fillvalue=Text()):
            line = a.copy()
            if b.plain:
                line.append(" " * (half + GUTTER - cell_len(a.plain))).append_text(b)
            yield line


def _whole(report: Report, table: Table) -> int | None:
    return report.totals.get("bot_hits" if table.name == "bots" else "hits")


def _rule(title: str, width: int, marks: Glyphs) -> Text:
    line = f"{marks.rule * MARGIN} {title} "
    return Text(line + marks.rule * (width - len(line)), "bold")


def _footer(report: Report, width: int, marks: Glyphs) -> Iterator[Text]:
    hidden = [table.suppressed for table in report.tables.values() if table.suppressed is not None]
    policy = labels.policy_text(report)
    if report.policy.get("k", 1) > 1:
        policy += f"; no group of fewer than {report.policy['k']} visitors is shown"
    lines = [
        ("period", labels.period_text(report)),
        ("lines", labels.lines_text(report)),
        ("policy", policy),
        ("hidden", _hidden_text(sum(one.groups for one in hidden), len(hidden))),
        ("replaced", f" {marks.dot} ".join(_replaced(report)) or "nothing personal found in paths"),
    ]
    if report.ledger:
        entry = " ".join(f"{name} {value}" for name, value in report.ledger.items())
        lines.append(("run", labels.visible(entry)))
    if report.period.days > 1:
        lines.append(("visitors", "counted for each day and summed; nobody is recognised on another day"))
    for name, text in lines:
        for i, line in enumerate(wrapped(text, width - LABEL, "")):
            yield Text.assemble("  ", ((name if not i else "").ljust(LABEL), "dim"), line.plain.strip())


def _hidden_text(groups: int, tables: int) -> str:
    if not tables:
        return "nothing"
    of = "1 table" if tables == 1 else f"{tables} tables"
    return f"{groups:,} groups of {of}, too small or too many to show; they are in (other) where it stands"


def _replaced(report: Report) -> list[str]:
    ordered = sorted(report.replaced.items(), key=lambda item: (-item[1], item[0]))
    return [f"{{{labels.visible(name)}}} {n:,}" for name, n in ordered if n]
