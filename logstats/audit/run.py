"""Run all checks over the outputs, then over the source: each is read once."""

from __future__ import annotations

import itertools
import lzma
import stat
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

import polars as pl
import zstandard

from logstats.audit.check import Check, Entry, Examiner, capped
from logstats.audit.checks import CHECKS
from logstats.audit.finding import Finding, Level
from logstats.audit.notations import mask_text
from logstats.audit.opening import LimitReached
from logstats.audit.pieces import Document, Piece, Rows, Text, Trouble
from logstats.audit.rules import Request
from logstats.audit.source import source_blocks
from logstats.audit.unpack import file_pieces
from logstats.audit.walk import walk
from logstats.frozen import frozen

COMPLETE: Final = Check(
    "complete", "Every file, container and source could be read to its end, within the limits", Examiner
)
LEDGER: Final = Check(
    "ledger",
    "The ledger's chain holds, with the head that was published, and the outputs are what its runs made",
    Examiner,
)
_UNREADABLE: Final = (
    OSError,
    EOFError,
    LimitReached,
    zlib.error,
    lzma.LZMAError,
    zstandard.ZstdError,
    pl.exceptions.PolarsError,
)


@frozen
class Result:
    """All findings in order, and how much was looked at."""

    findings: tuple[Finding, ...]
    files: int
    source_lines: int
    checks: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 passed, 1 a finding, 3 inconclusive; a finding weighs more than what could not be checked."""
        levels = {finding.level for finding in self.findings}
        if Level.FINDING in levels:
            return 1
        return 3 if Level.INCONCLUSIVE in levels else 0


def run_audit(request: Request, extra: Iterable[Finding] = ()) -> Result:
    """Return what the audit finds in the outputs of a request.

    Args:
        request: What to read and the rules to hold it to.
        extra: Findings made elsewhere (the ledger), reported with the others.
    """
    examiners = [check.start(request) for check in CHECKS]
    found: list[Finding] = list(extra)
    files = 0
    for entry in _entries(request):
        if isinstance(entry, Trouble):
            found.append(_inconclusive(entry))
            continue
        files += stat.S_ISREG(entry.status.st_mode)
        found += _examine_entry(entry, examiners, request)
    found += itertools.chain.from_iterable(examiner.outputs_done() for examiner in examiners)
    lines = _read_sources(request, [e for e in examiners if e.wants_source], found)
    found += itertools.chain.from_iterable(examiner.finish() for examiner in examiners)
    ids = (*(check.id for check in CHECKS), LEDGER.id, COMPLETE.id)
    return Result(tuple(sorted(capped(dict.fromkeys(found)))), files, lines, ids)


def _entries(request: Request) -> Iterator[Entry | Trouble]:
    for path in request.paths:
        yield from walk(path, "output")
    for path in request.stores:
        yield from walk(path, "store")


def _examine_entry(entry: Entry, examiners: list[Examiner], request: Request) -> list[Finding]:
    found = list(itertools.chain.from_iterable(examiner.entry(entry) for examiner in examiners))
    name = Text(entry.name, pl.Series([entry.path.name]), "name", "", places=pl.Series(["file name"]))
    found += _examine(name, examiners)
    if stat.S_ISREG(entry.status.st_mode):
        for piece in file_pieces(entry.path, entry.name, request.limits):
            found += _examine(piece, examiners)
    return found


def _examine(piece: Piece, examiners: list[Examiner]) -> list[Finding]:
    match piece:
        case Trouble():
            return [_inconclusive(piece)]
        case Text():
            return list(itertools.chain.from_iterable(examiner.text(piece) for examiner in examiners))
        case Rows():
            return list(itertools.chain.from_iterable(examiner.rows(piece) for examiner in examiners))
        case Document():
            return list(itertools.chain.from_iterable(examiner.document(piece) for examiner in examiners))


def _inconclusive(trouble: Trouble) -> Finding:
    return Finding(trouble.file, "", COMPLETE.id, trouble.reason, level=Level.INCONCLUSIVE)


def _read_sources(request: Request, examiners: list[Examiner], found: list[Finding]) -> int:
    lines = 0
    for path in request.sources:
        name = mask_text(str(path))
        try:
            for block in source_blocks(path, name, request.limits):
                lines += block.pieces.height
                for examiner in examiners:
                    examiner.source_block(block)
        except _UNREADABLE:
            found.append(_inconclusive(Trouble(name, "the source cannot be read to its end")))
    return lines
