"""What a check is: an id, a sentence, and an examiner that sees every piece once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import stat_result
from pathlib import Path
from typing import Final

from logstats.audit.finding import Finding, Level
from logstats.audit.pieces import Document, Rows, Text
from logstats.audit.rules import Request
from logstats.audit.source import SourceBlock
from logstats.frozen import frozen

MOST_PER_FILE: Final = 25  # findings of one check in one file; the rest is one finding with their count


@frozen
class Entry:
    """A file or directory that was walked, as the file system tells it."""

    path: Path
    name: str
    status: stat_result
    group: str  # output, store, source


class Examiner:
    """A check at work. It is given outputs first, then the source in blocks, once each."""

    wants_source = False

    def __init__(self, request: Request) -> None:
        """Begin with nothing seen."""
        self.request = request
        self.rules = request.rules

    def entry(self, entry: Entry) -> Iterable[Finding]:  # noqa: ARG002
        """Look at a file's name, mode, owner and age."""
        return ()

    def text(self, text: Text) -> Iterable[Finding]:  # noqa: ARG002
        """Look at lines of text."""
        return ()

    def rows(self, rows: Rows) -> Iterable[Finding]:  # noqa: ARG002
        """Look at a table."""
        return ()

    def document(self, document: Document) -> Iterable[Finding]:  # noqa: ARG002
        """Look at a JSON document."""
        return ()

    def outputs_done(self) -> Iterable[Finding]:
        """Say what follows from all outputs together; the source comes next."""
        return ()

    def source_block(self, block: SourceBlock) -> None:
        """Look at a block of a source log."""

    def finish(self) -> Iterable[Finding]:
        """Say what follows from outputs and source."""
        return ()


@frozen
class Check:
    """One thing that is checked: `id` stands in findings, `sentence` in `audit --list`."""

    id: str
    sentence: str
    start: Callable[[Request], Examiner]


def capped(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with at most `MOST_PER_FILE` of one check in one file, and how many more there are."""
    kept: list[Finding] = []
    number: dict[tuple[str, str, Level], int] = {}
    for finding in findings:
        key = (finding.check, finding.file, finding.level)
        number[key] = number.get(key, 0) + 1
        if number[key] <= MOST_PER_FILE:
            kept.append(finding)
    for (check, file, level), total in number.items():
        if total > MOST_PER_FILE:
            kept.append(Finding(file, "", check, f"{total - MOST_PER_FILE:,} more of these", level=level))
    return kept
