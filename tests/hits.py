"""Hits as plain Python: lines of them, batches of those lines, and an independent way to count."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import polars as pl
from hypothesis import strategies as st

from logstats import formats
from logstats.batches import EnrichedBatch, ParsedBatch
from logstats.enrich import Enricher, Scope
from logstats.parse import parse_block
from logstats.policy import load_policy
from logstats.redact import Redactor
from logstats.seeds import Seeds
from logstats.summaries import SUMMARY_KEYS, Summary

FIREFOX: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
CHROME: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/121.0.0.0 Safari/537.36"
GOOGLEBOT: Final = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
# agent -> browser, its version, system, its version, device, bot
AGENTS: Final[dict[str, tuple[str | None, ...]]] = {
    FIREFOX: ("Firefox", "120", "Linux", None, "desktop", None),
    CHROME: ("Chrome", "121", "Windows", "10", "desktop", None),
    GOOGLEBOT: ("(bot)", None, "(bot)", None, "bot", "Googlebot"),
}
REFERRERS: Final = {
    "-": "(none)",
    "https://www.example.org/x": "example.org",
    "https://192.0.2.9/": "(ip address)",
}
TABLES: Final = (
    "pages", "static_files", "errors", "kinds", "referrers", "statuses", "methods", "protocols", "vhosts",
    "browsers", "systems", "devices",
)  # fmt: skip
COMBINED: Final = (formats.preset("combined"),)


@dataclass(frozen=True, slots=True)
class Hit:
    """One request, as a test means it."""

    day: int = 1
    hour: int = 10
    client: int = 1
    agent: str = FIREFOX
    path: str = "/"
    status: int = 200
    bytes_sent: int = 0
    referrer: str = "-"
    method: str = "GET"
    protocol: str = "HTTP/1.1"

    @property
    def line(self) -> str:
        """The line that a server writes of it."""
        return (
            f"192.0.2.{self.client} - - [{self.day:02}/Feb/2026:{self.hour:02}:00:00 +0000] "
            f'"{self.method} {self.path} {self.protocol}" {self.status} {self.bytes_sent} "{self.referrer}" "{self.agent}"'
        )


hits = st.builds(
    Hit,
    day=st.integers(1, 3),
    hour=st.integers(0, 23),
    client=st.integers(1, 6),
    agent=st.sampled_from(list(AGENTS)),
    path=st.sampled_from(["/", "/a", "/b/c", "/style.css", "/d"]),
    status=st.sampled_from([200, 200, 304, 404, 500]),
    bytes_sent=st.integers(0, 5000),
    referrer=st.sampled_from(list(REFERRERS)),
    method=st.sampled_from(["GET", "POST", "BREW"]),
    protocol=st.sampled_from(["HTTP/1.1", "HTTP/2.0"]),
)


def block_of(wanted: Iterable[Hit]) -> bytes:
    """Return the hits as a log."""
    return "".join(hit.line + "\n" for hit in wanted).encode()


def parsed_batch(data: bytes, *, keep_query: bool = False) -> ParsedBatch:
    """Return the hits of combined lines that the fast plan reads."""
    batch = parse_block(data, COMBINED, keep_query=keep_query).batch
    assert batch is not None
    return batch


def enriched_batch(wanted: Iterable[Hit], seeds: Seeds) -> EnrichedBatch:
    """Return hits as `aggregate` takes them."""
    redactor = Redactor(load_policy("default"), seeds, places=False)
    return Enricher(Scope()).enrich_batch(redactor.redact_batch(parsed_batch(block_of(wanted))))


def kind_of(hit: Hit) -> str:
    if hit.status >= 400:
        return "server_error" if hit.status >= 500 else "client_error"
    return "static_file" if hit.path.endswith(".css") else "page"


Keys = Callable[[Hit], tuple[Any, ...] | None]


def _only(key: Callable[[Hit], Any], *kinds: str) -> Keys:
    return lambda hit: key(hit) if kind_of(hit) in kinds else None


# table -> its key of a hit, None if the hit is not in the table
REFERENCE: Final[dict[str, Keys]] = {
    "pages": _only(lambda hit: (hit.path,), "page"),
    "static_files": _only(lambda hit: (hit.path,), "static_file"),
    "errors": _only(lambda hit: (hit.status, hit.path), "client_error", "server_error"),
    "kinds": lambda hit: (kind_of(hit),),
    "referrers": lambda hit: (REFERRERS[hit.referrer],),
    "statuses": lambda hit: (hit.status,),
    "methods": lambda hit: ("(other)" if hit.method == "BREW" else hit.method,),
    "protocols": lambda hit: (hit.protocol,),
    "vhosts": lambda _hit: ("(none)",),
    "browsers": lambda hit: AGENTS[hit.agent][0:2],
    "systems": lambda hit: AGENTS[hit.agent][2:4],
    "devices": lambda hit: AGENTS[hit.agent][4:5],
    "days": lambda _hit: (),
}


def is_bot(hit: Hit) -> bool:
    return AGENTS[hit.agent][5] is not None


def day_of(hit: Hit) -> date:
    return datetime(2026, 2, hit.day).date()  # noqa: DTZ001 - a day has no zone


def count_rows(wanted: Iterable[Hit], key: Keys) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """Count hits by sets and dicts: (day, *key) -> hits, bot_hits, visitors, bytes_sent, top_hits."""
    groups: defaultdict[tuple[Any, ...], list[Hit]] = defaultdict(list)
    for hit in wanted:
        found = key(hit)
        if found is not None:
            groups[day_of(hit), *found].append(hit)
    return {found: _counts(members) for found, members in groups.items()}


def _counts(members: Sequence[Hit]) -> tuple[int, ...]:
    people = Counter((hit.client, hit.agent) for hit in members if not is_bot(hit))
    bots = sum(is_bot(hit) for hit in members)
    return (
        len(members),
        bots,
        len(people),
        sum(hit.bytes_sent for hit in members),
        max(people.values(), default=0),
    )


def reference(wanted: Sequence[Hit]) -> dict[str, dict[tuple[Any, ...], tuple[int, ...]]]:
    """Return all tables of hits, counted by sets and dicts."""
    tables = {name: count_rows(wanted, key) for name, key in REFERENCE.items()}
    tables["bots"] = count_rows(wanted, lambda hit: AGENTS[hit.agent][5:6] if is_bot(hit) else None)
    tables["hours"] = {
        row: counts
        for span in (1, 3, 6, 24)
        for row, counts in count_rows(wanted, lambda hit, span=span: (hit.hour // span * span, span)).items()  # type: ignore[misc]
    }
    tables["weekday_hours"] = {
        (row[0], row[0].isoweekday(), *row[1:]): counts for row, counts in tables["hours"].items()
    }
    return tables


def rows_of_summary(summary: Summary) -> dict[str, dict[tuple[Any, ...], tuple[int, ...]]]:
    """Return the tables of a summary in the form of `reference`."""
    frames: dict[str, pl.DataFrame] = {"days": summary.days, **summary.tables}
    found = {}
    for name, frame in frames.items():
        keys = ["day", *SUMMARY_KEYS.get(name, ())]
        rows = frame.select(*keys, "hits", "bot_hits", "visitors", "bytes_sent", "top_hits").rows()
        found[name] = {row[: len(keys)]: row[len(keys) :] for row in rows}
        assert len(found[name]) == len(rows)
    return found
