"""Nothing in an output acts on who opens it: no control characters, formulas or scripts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import polars as pl

from logstats.audit.check import Check, Examiner
from logstats.audit.finding import Finding
from logstats.audit.pieces import Rows, Text

_ID: Final = "safe-output"
_CONTROL: Final = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F\x{80}-\x{9F}]"
_HIDDEN: Final = r"[\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{FEFF}]"
_FORMULA: Final = r"^[=+@\t\r＝＋＠－-]"
_NUMERIC: Final = r"^[+-]?[0-9.,]+(?:[eE][+-]?[0-9]+)?%?$|^-$"
_PAGE: Final = (
    ("a script that is read from elsewhere", re.compile(r"<script[^>]+src\s*=", re.IGNORECASE)),
    ("a handler of events", re.compile(r"<[a-z][^>]*\son[a-z]{3,20}\s*=", re.IGNORECASE)),
    ("a script as address", re.compile(r"(?:href|src|action)\s*=\s*[\"']?\s*javascript:", re.IGNORECASE)),
    (
        "something loaded from outside",
        re.compile(
            r"<(?:img|link|iframe|object|embed|source|video|audio|form|base)\b[^>]*(?:src|href|data|action)\s*=\s*[\"']?\s*(?:https?:)?//",
            re.IGNORECASE,
        ),
    ),
    (
        "a style loaded from outside",
        re.compile(r"(?:@import|url\()\s*[\"']?\s*(?:https?:)?//", re.IGNORECASE),
    ),
)
_POLICY: Final = re.compile(r"Content-Security-Policy", re.IGNORECASE)


class _SafeOutput(Examiner):
    """Characters in every text, formulas in tables, what a page loads."""

    def text(self, text: Text) -> Iterable[Finding]:
        """Look for characters that act, and at what a page does."""
        if text.kind in ("strings", "column"):
            return
        for kind, pattern in (("control character", _CONTROL), ("invisible or direction character", _HIDDEN)):
            lines = text.lines.str.strip_suffix("\r")
            if text.first == 1 and text.places is None and len(lines):
                lines = pl.concat([lines.head(1).str.strip_prefix("\ufeff"), lines.slice(1)])
            hit = lines.str.contains(pattern).fill_null(value=False)
            if hit.any():
                yield Finding(text.file, text.place(hit.arg_max() or 0), _ID, kind, count=int(hit.sum()))
        if text.kind == "html":
            yield from _page(text)

    def rows(self, rows: Rows) -> Iterator[Finding]:
        """Look for cells that a spreadsheet would run."""
        if rows.kind != "csv":
            return
        for column in rows.frame.columns:
            cells = rows.frame[column].cast(pl.String)
            hit = (cells.str.contains(_FORMULA) & ~cells.str.contains(_NUMERIC)).fill_null(value=False)
            if hit.any():
                place = f"column {column}, row {(hit.arg_max() or 0) + 1}"
                yield Finding(
                    rows.file, place, _ID, "a cell that a spreadsheet runs as a formula", count=int(hit.sum())
                )


def _page(text: Text) -> Iterator[Finding]:
    whole = "\n".join(text.lines.fill_null(""))
    for kind, pattern in _PAGE:
        if match := pattern.search(whole):
            line = whole.count("\n", 0, match.start())
            yield Finding(text.file, text.place(line), _ID, kind)
    if re.search(r"<html\b", whole, re.IGNORECASE) and not _POLICY.search(whole) and "logstats" in whole:
        yield Finding(text.file, "", _ID, "no Content-Security-Policy")


CHECK = Check(
    _ID,
    "No control or direction characters, formulas, scripts or outside addresses in an output",
    _SafeOutput,
)
