"""Requests that took some time, the logs that servers write of them, and their exact percentiles."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import polars as pl
from hypothesis import strategies as st

from logstats import formats
from logstats.aggregate import OpenDays
from logstats.disclose import disclose
from logstats.enrich import Enricher, Scope
from logstats.parse import batch_of_hits, parse_block
from logstats.policy import Policy, load_policy
from logstats.redact import Redactor
from logstats.seeds import Seeds
from logstats.summaries import Summary, table_schema
from logstats.tables import Report
from logstats.tally import Tally
from tests.hits import FIREFOX, GOOGLEBOT

TABLES: Final = ("pages", "static_files", "errors", "kinds", "statuses", "durations")
INTERNAL: Final = load_policy("internal")
DEFAULT: Final = load_policy("default")


@dataclass(frozen=True, slots=True)
class Timed:
    """One request; client 0 is a bot, and a duration of None is not logged."""

    duration_us: int | None = 1000
    client: int = 1
    path: str = "/"
    status: int = 200
    day: int = 1

    @property
    def agent(self) -> str:
        return FIREFOX if self.client else GOOGLEBOT

    @property
    def is_page(self) -> bool:
        return self.status < 400 and not self.path.endswith(".css")


hits = st.builds(
    Timed,
    duration_us=st.one_of(st.integers(0, 3000), st.integers(0, 10**8), st.sampled_from([0, 1000, 10**12])),
    client=st.integers(0, 15),
    path=st.sampled_from(["/", "/a", "/b/c", "/style.css"]),
    status=st.sampled_from([200, 200, 200, 304, 404, 500]),
    day=st.integers(1, 3),
)


def apache(hit: Timed) -> str:
    """The line of Apache with `%D` behind the combined form, or without it."""
    taken = "" if hit.duration_us is None else f" {hit.duration_us}"
    return (
        f"192.0.2.{hit.client} - - [{hit.day:02}/Feb/2026:10:00:00 +0000] "
        f'"GET {hit.path} HTTP/1.1" {hit.status} 100 "-" "{hit.agent}"{taken}\n'
    )


def nginx(hit: Timed) -> str:
    """The line of nginx with `$request_time` behind the combined form."""
    return apache(hit).rpartition(" ")[0] + f" {(hit.duration_us or 0) / 1e6:.3f}\n"


def in_json(hit: Timed) -> str:
    """The line of nginx with escape=json."""
    told = {
        "time": f"2026-02-{hit.day:02}T10:00:00+00:00",
        "remote_addr": f"192.0.2.{hit.client}",
        "request": f"GET {hit.path} HTTP/1.1",
        "status": str(hit.status),
        "body_bytes_sent": "100",
        "http_user_agent": hit.agent,
        "request_time": f"{(hit.duration_us or 0) / 1e6:.3f}",
    }
    return json.dumps(told) + "\n"


def lines(wanted: Iterable[Timed], write: Callable[[Timed], str] = apache) -> bytes:
    return "".join(map(write, wanted)).encode()


SEEDS: Final = Seeds()
FORMATS: Final = (formats.preset("combined_duration_us"), formats.preset("combined"))


def crowd(size: int = 200, **fields: Any) -> list[Timed]:
    """Hits of so many visitors, a millisecond apart."""
    return [Timed(1000 * number, number, **fields) for number in range(1, size + 1)]


def count(*parts: list[Timed], **bounds: Any) -> OpenDays:
    """Count hits as `report` does, each part as a block."""
    days = OpenDays(SEEDS, **bounds)
    for part in parts:
        parsed = parse_block(lines(part), FORMATS)
        odd = [batch_of_hits(parsed.odd_hits, FORMATS[0])] if parsed.odd_hits else []
        for batch in ([parsed.batch] if parsed.batch else []) + odd:
            redacted = Redactor(DEFAULT, SEEDS, places=False).redact_batch(batch)
            days.count(Enricher(Scope()).enrich_batch(redacted))
    return days


def report(days: OpenDays, policy: Policy = INTERNAL, *, size: int = 0) -> Report:
    return disclose(days.close(TABLES), policy, days.union, lines=Tally(size, size))


def durations(wanted: list[Timed], policy: Policy = INTERNAL) -> dict[str, dict[str, Any]]:
    """Return the rows of the table of durations by path; none if there is no such table."""
    return rows(report(count(wanted), policy), "durations")


def rows(found: Report, name: str) -> dict[str, dict[str, Any]]:
    table = found.tables.get(name)
    return {} if table is None else {row["path"]: row for row in table.rows.to_dicts()}


def buckets(summary: Summary) -> set[tuple[Any, ...]]:
    """Return the stored rows of durations: day, path, bucket, hits, bot hits."""
    frame = summary.tables.get("durations", pl.DataFrame(schema=table_schema("durations")))
    return set(frame.select("day", "path", "bucket", "hits", "bot_hits").rows())


def nearest_rank(values: list[int], percent: int) -> int:
    """Return the smallest value that so many percent of all do not exceed."""
    return sorted(values)[max(1, -(-len(values) * percent // 100)) - 1]


def by_path(wanted: Iterable[Timed]) -> dict[str, list[Timed]]:
    """Return the hits of each page that have a duration."""
    pages = sorted((hit for hit in wanted if hit.is_page and hit.duration_us is not None), key=_path)
    return {path: list(found) for path, found in groupby(pages, key=_path)}


def _path(hit: Timed) -> str:
    return hit.path


def most_of_one(wanted: Iterable[Timed]) -> int:
    """Return the hits of the person who made most, on its best day each added up."""
    days: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for hit in wanted:
        if hit.client:
            days[hit.day][hit.client] += 1
    return sum(max(clients.values()) for clients in days.values())
