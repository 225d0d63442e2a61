"""A small site counted with dicts and sets: the reference that `disclose` is attacked with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
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
TABLES = (
    "pages static_files errors kinds statuses methods protocols referrers browsers systems devices bots "
    "hours weekday_hours vhosts"
).split()


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


def kind_of(hit: Hit) -> str:
    if hit.status >= 500:
        return "server_error"
    if hit.status >= 400:
        return "client_error"
    return "static_file" if hit.path.endswith(STATIC) else "page"


def keys_of(name: str, hit: Hit) -> Iterable[tuple[Any, ...]]:
    kind = kind_of(hit)
    match name:
        case "pages" | "static_files":
            yield from [(hit.path,)] if kind == name.removesuffix("s") else []
        case "errors":
            yield from [(hit.status, hit.path)] if "error" in kind else []
        case "kinds":
            yield (kind,)
        case "statuses":
            yield (hit.status,)
        case "methods":
            yield (hit.method,)
        case "protocols":
            yield ("HTTP/1.1",)
        case "vhosts":
            yield ("(other host)",)
        case "referrers":
            yield (hit.referrer,)
        case "browsers":
            yield (hit.browser, "1")
        case "systems":
            yield (hit.system, "1")
        case "devices":
            yield (hit.device,)
        case "bots":
            yield from [("robot",)] if hit.visitor is None else []
        case "hours":
            yield from ((hit.hour // span * span, span) for span in (1, 3, 6, 24))
        case "weekday_hours":
            yield from ((hit.day.isoweekday(), hit.hour // span * span, span) for span in (1, 3, 6, 24))


class Site:
    """Hits, their summary, and the exact count of any union."""

    def __init__(self, hits: Iterable[Hit], tables: Iterable[str] = TABLES) -> None:
        self.hits = list(hits)
        frames = {name: self._table(name) for name in tables}
        self.summary = Summary(self._table("days"), frames)
        validate_summary(self.summary)

    def _table(self, name: str) -> pl.DataFrame:
        cells: dict[tuple[Any, ...], list[Hit]] = defaultdict(list)
        for hit in self.hits:
            for key in [()] if name == "days" else keys_of(name, hit):
                cells[(hit.day, *key)].append(hit)
        rows = [(*key, *count(hits)) for key, hits in sorted(cells.items())]
        return pl.DataFrame(rows, schema=table_schema(name), orient="row")

    def union(self, name: str, groups: pl.DataFrame) -> pl.DataFrame:
        wanted = set(groups.select(SUMMARY_KEYS[name]).iter_rows())
        found: dict[date, set[int | None]] = defaultdict(set)
        for hit in self.hits:
            if wanted & set(keys_of(name, hit)):
                found[hit.day].add(hit.visitor)
        rows = [(day, len(visitors - {None})) for day, visitors in sorted(found.items())]
        return pl.DataFrame(rows, schema={"day": pl.Date, "visitors": pl.Int64}, orient="row")

    def report(self, policy: Policy | None = None, **options: Any) -> Report:
        n = len(self.hits)
        return disclose(
            self.summary, policy or DEFAULT, self.union, lines=Tally(read=n, parsed=n), **options
        )


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
