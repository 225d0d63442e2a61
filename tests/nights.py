"""Logs that are written, rotated and collected night after night, for tests of the store."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from logstats.collecting import Collected, Task, collect_logs
from logstats.enrich import Scope
from logstats.pipeline import Rules
from logstats.policy import load_policy
from logstats.store import Store, lock_store, open_store
from logstats.store.days import add_site
from logstats.store.exchange import export_store
from logstats.summaries import validate_summary

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def line(when: datetime, client: int = 1, path: str = "/", status: int = 200, size: int = 100) -> bytes:
    """Return a line of the combined format; clients have documentation addresses."""
    address = f"{('192.0.2', '198.51.100', '203.0.113')[client // 250 % 3]}.{client % 250 + 1}"
    stamp = when.strftime("%d/%b/%Y:%H:%M:%S +0000")
    text = f'{address} - - [{stamp}] "GET {path} HTTP/1.1" {status} {size} "-" "{AGENT}"\n'
    return text.encode()


def day_lines(day: date, count: int = 20, clients: int = 12, path: str = "/p") -> bytes:
    """Return lines spread over a day (UTC)."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    step = timedelta(days=1) / count
    return b"".join(line(start + step * i, i % clients, f"{path}{i % 5}", size=i) for i in range(count))


def at(text: str) -> datetime:
    """Return a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Nights:
    """A directory with logs and a store."""

    home: Path
    zone: str = "UTC"
    policy: str = "default"
    done: list[Collected] = field(default_factory=list)

    @property
    def store(self) -> Path:
        return self.home / "store"

    @property
    def log(self) -> Path:
        return self.home / "access.log"

    def write(self, data: bytes, name: str = "access.log") -> Path:
        with (self.home / name).open("ab") as file:
            file.write(data)
        return self.home / name

    def collect(self, now: str | datetime, *names: str, site: str = "www", **more: Any) -> Collected:
        """Collect the named logs, or all."""
        logs = tuple(str(self.home / name) for name in names or ("access.log*",))
        moment = at(now) if isinstance(now, str) else now
        rules = Rules(load_policy(self.policy), Scope(self.zone))
        with lock_store(self.store, "test"), open_store(self.store, create=True) as store:
            task = Task(add_site(store, site, self.zone), logs, rules, moment, **more)
            self.done.append(collect_logs(store, task))
        return self.done[-1]

    def days(self) -> list[dict[str, Any]]:
        """Return the stored days as their dump has them, without the store's own name."""
        with open_store(self.store) as store:
            return dump_days(store)

    def hits(self) -> dict[str, int]:
        """Return the hits of each stored day."""
        return {day["day"]: totals(day)["hits"] for day in self.days()}


def dump_days(store: Store) -> list[dict[str, Any]]:
    """Return all stored days as plain values; equal days are equal."""
    days = [json.loads(text) for text in export_store(store)]
    for day in days:
        del day["origin"]
    return days


def totals(day: dict[str, Any]) -> dict[str, int]:
    """Return the counts of a dumped day."""
    table = day["tables"]["days"]
    found: dict[str, int] = dict(zip(table["columns"], table["rows"][0], strict=True))
    return found


def rows(day: dict[str, Any], table: str) -> list[dict[str, Any]]:
    """Return the rows of a table of a dumped day."""
    content = day["tables"][table]
    return [dict(zip(content["columns"], row, strict=True)) for row in content["rows"]]


def truth(data: bytes) -> dict[str, tuple[int, int]]:
    """Return hits and distinct clients of each UTC day of lines that `line` made."""
    hits: Counter[str] = Counter()
    clients: dict[str, set[bytes]] = {}
    for text in data.splitlines():
        client, stamp = text.split(b" ")[0], text.split(b"[")[1][:11].decode()
        day = datetime.strptime(stamp, "%d/%b/%Y").replace(tzinfo=UTC).date().isoformat()
        hits[day] += 1
        clients.setdefault(day, set()).add(client)
    return {day: (count, len(clients[day])) for day, count in hits.items()}


__all__ = ["Nights", "at", "day_lines", "dump_days", "line", "rows", "totals", "truth", "validate_summary"]
