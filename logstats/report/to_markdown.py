"""A report as Markdown tables, for a wiki or an issue.

Everything that came from a log stands in a code span: nothing in it becomes a link, a
mention, an emoji or markup.

Source: GitHub Flavored Markdown 0.29, sections 4.10 (tables) and 6.3 (code spans).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from logstats.report import labels
from logstats.schema import BOT_HITS, BYTES_SENT, COUNTS, HITS, VISITORS
from logstats.tables import Report, Section, Table

ROWS: Final = 25
BACKTICKS: Final = re.compile("`+")


def render(report: Report) -> bytes:
    """Return the report as GitHub Flavored Markdown, 25 rows of each table."""
    return ("\n".join(_lines(report)) + "\n").encode()


def code(text: str) -> str:
    r"""Return text as a code span that may stand in a cell of a table.

    >>> code("/a|b"), code("a`b")
    ('`/a\\|b`', '`` a`b ``')
    """
    safe = labels.visible(text).replace("|", "\\|")
    longest = max((len(run) for run in BACKTICKS.findall(safe)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or safe != safe.strip() or not safe else ""
    return f"{fence}{pad}{safe}{pad}{fence}"


def _lines(report: Report) -> Iterator[str]:
    yield "# Web statistics" + (f" of {code(report.site)}" if report.site else "")
    yield ""
    if report.policy.get("marking"):
        yield f"**{code(str(report.policy['marking']))}**"
        yield ""
    yield labels.period_text(report)
    yield ""
    yield from _grid(("figure", "number"), _figures(report), left=1)
    for note in labels.notes_of(report):
        yield from ("", f"> {code(note)}")
    for section in Section:
        tables = [table for table in report.tables.values() if table.section is section]
        if tables:
            yield from ("", f"## {section.value}")
        for table in tables:
            yield from ("", f"### {labels.visible(table.title)}", "")
            yield from _table(report, table)
    yield from ("", "## How this was made", "")
    yield f"- lines: {labels.lines_text(report)}"
    yield f"- policy: {code(labels.policy_text(report))}"
    if report.period.days > 1:
        yield "- visitors are counted for each day and summed"
    for name, n in sorted(report.replaced.items()):
        yield f"- replaced in paths: {code(name)} {n:,}"
    if report.ledger:
        yield "- run: " + ", ".join(f"{name} {code(str(value))}" for name, value in report.ledger.items())


def _figures(report: Report) -> Iterable[tuple[str, str]]:
    for name, value in report.totals.items():
        text = labels.visitors_text(report) if name == VISITORS else name.replace("_", " ")
        yield text, labels.bytes_text(value) if name == BYTES_SENT else labels.count_text(value)


def _table(report: Report, table: Table) -> Iterator[str]:
    rows = labels.rows_of(table)
    if rows:
        others = [row for row in rows if labels.is_other(row)]
        shown = [row for row in rows if not labels.is_other(row)]
        limit = ROWS if "string" in {c.type for c in table.columns} else len(shown)
        extras = [c for c in table.columns if c.name not in (*COUNTS, *table.keys)]
        whole = report.totals.get(BOT_HITS if table.name == "bots" else HITS)
        heads = (" ".join(table.keys).replace("_", " "), "hits", "share", "by bots", "visitors", "sent")
        yield from _grid(
            (*heads, *(c.name for c in extras)),
            (
                (*_cells(table, row, whole), *(_measure(row[c.name], c.unit) for c in extras))
                for row in shown[:limit] + others
            ),
            left=1,
        )
        if len(shown) > limit:
            yield from ("", f"and {len(shown) - limit:,} more rows")
    note = labels.suppressed_text(table)
    if note:
        yield from ("", code(note))


def _cells(table: Table, row: dict[str, Any], whole: int | None) -> tuple[str, ...]:
    label = labels.row_label(table, row)
    return (
        label if labels.is_other(row) else code(label),
        labels.count_text(row[HITS]),
        labels.share_text(row[HITS], whole),
        labels.count_text(row[BOT_HITS]),
        labels.count_text(row[VISITORS]),
        labels.bytes_text(row[BYTES_SENT]),
    )


def _measure(value: float | None, unit: str | None) -> str:
    return labels.time_text(value) if unit == "us" else labels.count_text(value)


def _grid(heads: Iterable[str], rows: Iterable[Iterable[str]], *, left: int) -> Iterator[str]:
    heads = tuple(heads)
    yield f"| {' | '.join(heads)} |"
    yield f"|{'|'.join(' --- ' if i < left else ' ---: ' for i in range(len(heads)))}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
