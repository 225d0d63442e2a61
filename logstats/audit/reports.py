"""Read a logstats report from its JSON, without trusting a number in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from logstats.audit.pieces import Document
from logstats.frozen import frozen

COUNTS: Final = ("hits", "bot_hits", "visitors", "bytes_sent")
OTHER: Final = "(other)"


@frozen
class Published:
    """A JSON report: the file and its content, of the schema `logstats.report/1`."""

    file: str
    content: dict[str, Any]

    def part(self, name: str) -> dict[str, Any]:
        """Return an object of the report, or an empty one."""
        value = self.content.get(name)
        return value if isinstance(value, dict) else {}

    def tables(self) -> Iterator[tuple[str, list[dict[str, Any]], dict[str, Any]]]:
        """Yield (name, rows, table) of each table."""
        for name, table in self.part("tables").items():
            rows = table.get("rows") if isinstance(table, dict) else None
            if isinstance(rows, list):
                yield name, [row for row in rows if isinstance(row, dict)], table


def published(document: Document) -> Published | None:
    """Return the report in a JSON document, or None if it is something else."""
    content = document.content
    if isinstance(content, dict) and str(content.get("schema", "")).startswith("logstats.report/"):
        return Published(document.file, content)
    return None


def is_other(row: dict[str, Any]) -> bool:
    """Whether a row stands for all groups that are not shown."""
    return OTHER in row.values()


def number(value: object) -> int | None:
    """Return a count, or None for what is hidden or is no whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
