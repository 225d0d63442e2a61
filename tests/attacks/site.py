"""A small site counted with dicts and sets: the reference that `disclose` is attacked with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from logstats.disclose import disclose
from logstats.policy import Policy, load_policy
from logstats.summaries import SUMMARY_KEYS, Summary, table_schema, validate_summary
from logstats.tables import Report
from logstats.tally import Tally

DAY = date(2026, 2, 2)
STATIC = (".css", ".png")
TABLES = tuple(name for name in SUMMARY_KEYS if name not in ("countries", "networks", "durations"))
# Tables that tell of one another, and kinds, by which they do. What they show depends on no other table
# (tests/test_disclose.py holds them to it), so an attack on them need not make the others.
LINKED = ("pages", "static_files", "errors", "statuses")
WITH_KINDS = (*LINKED, "kinds")


@dataclass(frozen=True, slots=True)
class Hit:
    """One request; a visitor is its address and agent, None is a bot."""

    visitor: int | None
    path: str = "/"
    status: int = 200
    day: date = DAY
    hour: int = 12
    bytes_sent: int = 100
    method: str = "GET"
    browser: str = "Firefox"
    system: str = "Linux"
    device: str = "desktop"
    referrer: str = "example.org"
    duration_us: int | None = None

    def on(self, day: date) -> Hit:
        """The same hit on another day."""
        return replace(self, day=day)


def kind_of(hit: Hit) -> str:
    if hit.status >= 500:
        return "server_error"
    if hit.status >= 400:
        return "client_error"
    return "static_file" if hit.path.endswith(STATIC) else "page"


FIXED: dict[str, Callable[[Hit], tuple[Any, ...]]] = {
    "kinds": lambda hit: (kind_of(hit),),
    "statuses": lambda hit: (hit.status,),
    "methods": lambda hit: (hit.method,),
    "protocols": lambda _hit: ("HTTP/1.1",),
    "vhosts": lambda _hit: ("(other host)",),
    "cache": lambda hit: ("HIT" if hit.path.endswith(STATIC) else "MISS",),
    "tls": lambda hit: ("TLSv1.3" if hit.browser == "Firefox" else "TLSv1.2", "TLS_AES_128_GCM_SHA256"),
    "referrers": lambda hit: (hit.referrer,),
    "browsers": lambda hit: (hit.browser, "1"),
    "systems": lambda hit: (hit.system, "1"),
    "devices": lambda hit: (hit.device,),
}


def keys_of(name: str, hit: Hit) -> Iterable[tuple[Any, ...]]:
    """The keys of the rows of a table that count a hit."""
    kind = kind_of(hit)
    if name in FIXED:
        yield FIXED[name](hit)
    elif name == "hours":
        yield from ((hit.hour // span * span, span) for span in (1, 3, 6, 24))
    elif name == "weekday_hours":
        yield from ((hit.day.isoweekday(), hit.hour // span * span, span) for span in (1, 3, 6, 24))
    elif name == "errors" and "error" in kind:
        yield hit.status, hit.path
    elif name.removesuffix("s") == kind:
        yield (hit.path,)
    elif name == "bots" and hit.visitor is None:
        yield ("robot",)


class Site:
    """Hits, their summary, and the exact count of any union.

    Unchecked are sites of which a law of their own says that their summaries are valid.
    """

    def __init__(self, hits: Iterable[Hit], tables: Iterable[str] = TABLES, *, check: bool = True) -> None:
        self.hits = list(hits)
        # table -> day and keys -> the hits of that row
        self.cells: dict[str, dict[tuple[Any, ...], list[Hit]]] = {}
        frames = {name: self._table(name) for name in tables}
        self.summary = Summary(self._table("days"), frames)
        if check:
            validate_summary(self.summary)

    def _table(self, name: str) -> pl.DataFrame:
        cells: dict[tuple[Any, ...], list[Hit]] = defaultdict(list)
        for hit in self.hits:
            for key in [()] if name == "days" else keys_of(name, hit):
                cells[(hit.day, *key)].append(hit)
        self.cells[name] = cells
        rows = [(*key, *count(hits)) for key, hits in sorted(cells.items())]
        return pl.DataFrame(rows, schema=table_schema(name), orient="row")

    def union(self, name: str, groups: pl.DataFrame) -> pl.DataFrame:
        wanted = set(groups.select(SUMMARY_KEYS[name]).iter_rows())
        found: dict[date, set[int | None]] = defaultdict(set)
        for (day, *keys), hits in self.cells[name].items():
            if tuple(keys) in wanted:
                found[day].update(hit.visitor for hit in hits)
        rows = [(day, len(visitors - {None})) for day, visitors in sorted(found.items())]
        return pl.DataFrame(rows, schema={"day": pl.Date, "visitors": pl.Int64}, orient="row")

    def report(self, policy: Policy | None = None, **options: Any) -> Report:
        n = len(self.hits)
        return disclose(self.summary, policy or DEFAULT, self.union, lines=Tally(read=n, parsed=n), **options)


def count(hits: list[Hit]) -> tuple[int, int, int, int, int]:
    """Hits, bot hits, visitors, bytes and the most hits of one visitor."""
    people = Counter(hit.visitor for hit in hits if hit.visitor is not None)
    sent = sum(hit.bytes_sent for hit in hits)
    return len(hits), len(hits) - people.total(), len(people), sent, max(people.values(), default=0)


def crowd(size: int, *, start: int = 0, **fields: Any) -> list[Hit]:
    """One hit each of so many visitors."""
    return [Hit(visitor, **fields) for visitor in range(start, start + size)]


def rows_of(report: Report, name: str) -> list[dict[str, Any]]:
    return report.tables[name].rows.to_dicts()


DEFAULT = load_policy("default")
