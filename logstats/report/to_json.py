"""A report as JSON: every number as a number, the names of `logstats.report/1`.

The schema is docs/reference/report.schema.json. A count that must not be shown is null.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from logstats import __version__
from logstats.tables import Report, Table

SCHEMA = "logstats.report/1"
ROW_DEPTH = 4  # tables > NAME > rows > one row: from here on a line holds a whole value


def render(report: Report) -> bytes:
    """Return the report as UTF-8 JSON, one table row a line, with a final newline.

    The same report gives the same bytes: tables and rows keep the report's
    order, reasons and classes are sorted by name.
    """
    return (_lay_out(to_dict(report), 0) + "\n").encode()


def to_dict(report: Report) -> dict[str, Any]:
    """Return the report in the shape of the JSON file, dates still dates."""
    lines, period = report.lines, report.period
    return {
        "schema": SCHEMA,
        "tool": {"name": "logstats", "version": __version__},
        "generated": report.generated.astimezone(UTC),
        "site": report.site,
        "period": {
            "first": period.first,
            "last": period.last,
            "days": period.days,
            "timezone": period.timezone,
        },
        "policy": dict(report.policy),
        "lines": {
            "read": lines.read,
            "parsed": lines.parsed,
            "blank": lines.blank,
            "rejected": dict(sorted(lines.rejected.items())),
            "filtered": lines.filtered,
        },
        "totals": dict(report.totals),
        "replaced": dict(sorted(report.replaced.items())),
        "notes": list(report.notes),
        "ledger": report.ledger,
        "tables": {name: _table(table) for name, table in report.tables.items()},
    }


def _table(table: Table) -> dict[str, Any]:
    hidden = table.suppressed
    return {
        "title": table.title,
        "section": table.section.value,
        "keys": list(table.keys),
        "columns": [{"name": c.name, "unit": c.unit, "type": c.type} for c in table.columns],
        "rows": table.rows.select([c.name for c in table.columns]).to_dicts(),
        "suppressed": hidden and {"groups": hidden.groups, "reason": hidden.reason},
    }


def _lay_out(value: object, depth: int) -> str:
    """Return JSON with one entry a line down to the rows of tables, and a row in one line."""
    pairs: list[str]
    if isinstance(value, dict) and value and depth < ROW_DEPTH:
        pairs = [f"{json.dumps(k)}: {_lay_out(v, depth + 1)}" for k, v in value.items()]
        opening, closing = "{", "}"
    elif isinstance(value, list) and value and isinstance(value[0], dict) and depth < ROW_DEPTH:
        pairs = [_lay_out(v, ROW_DEPTH) for v in value]
        opening, closing = "[", "]"
    else:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_date_text)
    indent = " " * depth
    return opening + "\n" + ",\n".join(f"{indent} {pair}" for pair in pairs) + f"\n{indent}{closing}"


def _date_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
