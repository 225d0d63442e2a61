"""User names, query values, referrer paths and host names of the source stand nowhere in an output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote_plus

import polars as pl

from logstats.audit.check import Check, Examiner
from logstats.audit.finding import Finding, mask_value
from logstats.audit.pieces import Text
from logstats.audit.rules import Request
from logstats.audit.source import SourceBlock

_ID: Final = "source-text"
_WORD: Final = r"[^\s\"'<>,;&?=()\[\]{}|]{3,200}"
_HOST: Final = r"(?i)^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$"


class _SourceText(Examiner):
    """The words of the outputs, met by the private texts of the source, less what is public there."""

    wants_source = True

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._places: dict[str, tuple[str, str, int]] = {}
        self._words = pl.Series(dtype=pl.String)
        self._met: dict[str, str] = {}
        self._public: set[str] = set()

    def text(self, text: Text) -> Iterable[Finding]:
        """Collect the words of an output, whole and each part of a path."""
        if self.request.sources:
            for word, index, count in text.distinct(_WORD).iter_rows():
                place = (text.file, text.place(index), count)
                for part in {word, unquote_plus(word), word.strip("./:"), *word.split("/")}:
                    if len(part) >= 3:
                        self._places.setdefault(part, place)
        return ()

    def outputs_done(self) -> Iterable[Finding]:
        """Make the words ready to be met."""
        self._words = pl.Series(list(self._places), dtype=pl.String)
        return ()

    def source_block(self, block: SourceBlock) -> None:
        """Meet the private texts of one block, and note which words are public there."""
        hits = block.hits
        query = hits["target"].drop_nulls().unique()
        query = query.filter(query.str.contains("?", literal=True)).str.splitn("?", 2).struct.field("field_1")
        values = query.str.extract_all(r"=[^&=]+").explode(empty_as_null=False).str.slice(1)
        referrers = hits["referrer"].drop_nulls().unique()
        paths = referrers.str.extract(r"^[a-z]+://[^/]+(/[^?#]{5,})", 1)
        users = hits["user"].drop_nulls().unique()
        hosts = hits["host"].drop_nulls().unique()
        named = hosts.filter(hosts.str.contains(_HOST) & hosts.str.contains("[A-Za-z]"))
        self._meet("user name", users.filter((users.str.len_chars() >= 3) & (users != "-")))
        self._meet("query value", values.filter(values.str.len_chars() >= 6))
        self._meet("path of a referrer", pl.concat([paths, paths.str.strip_chars("/")]))
        self._meet("host name of a visitor", named)
        self._note_public(hits)

    def _meet(self, kind: str, values: pl.Series) -> None:
        known = values.drop_nulls().unique()
        for value in known.filter(known.is_in(self._words.implode())):
            self._met.setdefault(value, kind)
        for value in known.filter(known.str.contains("[%+]")):
            if (decoded := unquote_plus(value)) in self._places:
                self._met.setdefault(decoded, kind)

    def _note_public(self, hits: pl.DataFrame) -> None:
        """Note paths of the site, their parts and words of agents: no secrets of one visitor."""
        targets = hits["target"].drop_nulls().unique().str.split("?").list.first().unique()
        agents = hits["agent"].drop_nulls().unique()
        parts = pl.concat(
            [
                targets,
                targets.str.strip_chars("/"),
                targets.str.split("/").explode(),
                agents.str.extract_all("[A-Za-z]{3,}").explode(),
            ]
        )
        referring = hits["referrer"].drop_nulls().unique().str.extract(r"^[a-z]+://([^/:]+)", 1)
        known = pl.concat([parts, referring, hits["method"].unique()]).drop_nulls().unique()
        self._public.update(known.filter(known.is_in(self._words.implode())))

    def finish(self) -> Iterator[Finding]:
        """Report what was met and is not public."""
        for value, kind in self._met.items():
            if value not in self._public and not _is_plain(value):
                file, place, count = self._places[value]
                yield Finding(file, place, _ID, f"{kind} of the source", mask_value(value), count)


def _is_plain(value: str) -> bool:
    """Whether a text is a short number or a date: it stands in every output by chance."""
    return (value.isdecimal() and len(value) < 9) or (value.replace("-", "").isdecimal() and len(value) == 10)


CHECK = Check(
    _ID,
    "No user name, query value, referrer path or host name of the source stands in an output",
    _SourceText,
)
