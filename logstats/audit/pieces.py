"""What a file is made of once it is unpacked: text with places, rows with types, troubles.

Reading makes these and nothing else; checks see only these.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

from logstats.audit.decode import BASE64_TEXT, HEX_TEXT
from logstats.audit.notations import Sighting, sightings
from logstats.frozen import frozen

_DOT: Final = (
    r"(?:[.\x{3002}\x{ff0e}\x{ff61}\x{2024}\x{b7}_-]|%(?:25)*2[eE]|&#0*46;|&#[xX]0*2[eE];|&period;|"
    r"\\u002[eE]|\\x2[eE]|\\056|\s?[\[({]\s?(?:\.|dot)\s?[\])}]\s?|[ _]dot[ _])"
)
_COLON: Final = r"(?::|%(?:25)*3[aA]|&#0*58;|&#[xX]0*3[aA];|&colon;|\\u003[aA]|\\x3[aA]|\\072|[\[({]:[\])}])"
_OCTET: Final = r"(?:0[xX][0-9A-Fa-f]{1,2}|[0-9\x{ff10}-\x{ff19}]{1,4})"
_SHAPES: Final = "|".join(
    (
        rf"{_OCTET}(?:{_DOT}{_OCTET}){{3}}",
        rf"{_COLON}{_COLON}",
        rf"[0-9A-Fa-f]{{1,4}}(?:{_COLON}[0-9A-Fa-f]{{1,4}}){{5}}",
        r"(?:%(?:25)*3[0-9]){2}",
        r"(?:\\u003[0-9]|\\x3[0-9]|&#x3[0-9];|&#[45][0-9];){2}",
        r"[0-9a-fA-F]{1,4}(?:-[0-9a-fA-F]{1,4}){7}",
        r"\.ipv6-literal",
        r"(?:[0-9a-fA-F]\.){9}",
        r"0[xX][0-9A-Fa-f]{8}",
        r"[23fF][0-9A-Fa-f]{31}",
        r"[0-2][0-9]{11}[.-][A-Za-z]",
        r"://(?:[^/@\s]*@)?[0-9]{8,10}",
        r"(?i:(?:ip|ipv4|addr|address|host|client|remote_?ip)[\"']?\s{0,2}[=:]\s{0,2}[\"']?[0-9a-f]{8,10})",
        BASE64_TEXT,
        HEX_TEXT,
    )
)
# A shape with up to 40 characters before it on its line, and the rest of its word: enough to judge it.
# Rust's engine is linear in the text; every further step sees distinct snippets only.
SNIPPET: Final = rf"[^\n]{{0,40}}?(?:{_SHAPES})[^\s\"'<>]{{0,200}}(?: (?:[G-KPS-X][a-z]|[-(/] ?))?"


@frozen
class Snippet:
    """A distinct piece of text that may hold an address: its first place and how often it stands there."""

    text: str
    place: str
    count: int
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True)
class Text:
    """Lines of text of one file, or one column's values, or the strings of a binary file.

    `kind` is one of text, html, csv, json, markdown, column, strings, name. A place is
    `unit` and a number: `first` + index, or `places[index]`.
    """

    file: str
    lines: pl.Series
    kind: str = "text"
    unit: str = "line"
    first: int = 1
    places: pl.Series | None = None

    def place(self, index: int) -> str:
        """Return where a line stands, for a finding."""
        number = self.first + index if self.places is None else self.places[index]
        return f"{self.unit} {number}" if self.unit else str(number)

    def distinct(self, pattern: str) -> pl.DataFrame:
        """Return the distinct matches of a pattern: text, index of the first line, count."""
        frame = pl.DataFrame({"text": self.lines}).with_row_index("index")
        hits = frame.lazy().filter(pl.col("text").str.contains(pattern))
        found = hits.select("index", pl.col("text").str.extract_all(pattern)).explode(
            "text", empty_as_null=False
        )
        grouped = found.group_by("text").agg(pl.col("index").min(), pl.len().alias("count"))
        return grouped.sort("index", "text").collect()

    @cached_property
    def snippets(self) -> list[Snippet]:
        """Every distinct snippet in which an address stands, likely or not."""
        found = []
        for text, index, count in self.distinct(SNIPPET).iter_rows():
            if seen := tuple(sightings(text)):
                found.append(Snippet(text, self.place(index), count, seen))
        return found


@frozen
class Rows:
    """A table of a file: typed columns (Parquet, SQLite) or text ones (CSV), rows numbered from 1."""

    file: str
    table: str
    frame: pl.DataFrame
    kind: str


@frozen
class Document:
    """A JSON file, parsed."""

    file: str
    content: Any


@frozen
class Trouble:
    """Something that could not be read to its end: the audit cannot say that it is clean."""

    file: str
    reason: str


Piece = Text | Rows | Document | Trouble
