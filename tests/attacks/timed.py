"""Small sites whose pages took some time, and whoever reads their table of response times."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from scipy.optimize import linprog

from logstats import schema
from logstats.buckets import bucket_of
from logstats.policy import Policy
from logstats.summaries import table_schema, validate_summary
from logstats.tables import OTHER
from tests.attacks.site import DAY, DEFAULT, Hit, Site, kind_of

Days = list[dict[int, list[Hit]]]  # of each day and page, by bucket
PATHS = ("/", "/", "/a", "/a", "/b", "/c", "/d", "/s.css")


def timed_hits(seed: int, *, days: int = 1) -> list[Hit]:
    """A site of 12 to 120 visitors a day, some with one hit and some with many, some bots, some errors.

    Times are spread, or few that many hits share; one visitor may wait long each time.
    """
    rng = random.Random(seed)
    spread, once, bots = rng.choice((0.05, 0.5, 2.0)), rng.random() < 0.5, rng.choice((0, 0.1, 0.6))
    hits = []
    for day in range(days):
        size = rng.choice((12, 22, 40, 120))
        patient = rng.choice((None, rng.randrange(size)))
        for visitor in range(size):
            many = 1 if once else rng.choice((1, 1, 2, 3, 30))
            for _ in range(20 if visitor == patient and not once else many):
                bot = rng.random() < bots
                took = 10**7 if visitor == patient else round(rng.lognormvariate(6, spread))
                hits.append(
                    Hit(
                        None if bot else visitor,
                        path=rng.choice(PATHS),
                        status=404 if rng.random() < 0.05 else 200,
                        day=DAY + timedelta(days=day),
                        duration_us=rng.choice((1, took)) if bot else took,
                    )
                )
    return hits


class TimedSite(Site):
    """A site with its table of durations, counted with dicts and sets."""

    def __init__(self, hits: Iterable[Hit]) -> None:
        super().__init__(hits, ("kinds", "pages"), check=False)
        # day, path -> bucket -> hits
        self.times: dict[tuple[date, str], dict[int, list[Hit]]] = defaultdict(lambda: defaultdict(list))
        timed = [hit for hit in self.hits if hit.duration_us is not None and kind_of(hit) == "page"]
        for hit, bucket in zip(timed, buckets([hit.duration_us for hit in timed]), strict=True):
            self.times[hit.day, hit.path][bucket].append(hit)
        self.summary.tables["durations"] = self._durations()
        validate_summary(self.summary)

    def _durations(self) -> pl.DataFrame:
        rows = []
        for (day, path), found in sorted(self.times.items()):
            slowest = Counter(dict(reach(found)).values())
            fastest = Counter(dict(reach(found, fast=True)).values())
            for bucket, hits in found.items():
                bots = sum(hit.visitor is None for hit in hits)
                rows.append((day, path, bucket, len(hits), bots, slowest[bucket], 0, fastest[bucket]))
        return pl.DataFrame(rows, schema=table_schema("durations"), orient="row")

    def told(self, policy: Policy = DEFAULT) -> dict[str, dict[str, Any]]:
        """Return the rows of the table of response times by path, times as numbers of buckets."""
        table = self.report(policy).tables.get("durations")
        return {} if table is None else {row["path"]: as_buckets(row) for row in table.rows.to_dicts()}


def buckets(durations: Iterable[int | None]) -> list[int]:
    numbers: list[int] = (
        pl.select(bucket_of(pl.lit(pl.Series(durations, dtype=pl.Int64)))).to_series().to_list()
    )
    return numbers


def as_buckets(row: dict[str, Any]) -> dict[str, Any]:
    times = {name: row[name] for name in schema.TIMES if row[name] is not None}
    return {**row, **dict(zip(times, buckets(times.values()), strict=True))}


def reach(found: dict[int, list[Hit]], *, fast: bool = False) -> Iterator[tuple[int, int]]:
    """Yield each visitor of a page on a day and the bucket of the longest time, or of the shortest."""
    for bucket in sorted(found, reverse=fast):
        yield from ((hit.visitor, bucket) for hit in found[bucket] if hit.visitor is not None)


def pages_of(site: TimedSite, path: str, shown: Iterable[str]) -> Days:
    """Return the days of the pages that a row tells of."""
    names = {name for _, name in site.times} - set(shown) if path == OTHER else {path}
    return [found for (_, name), found in site.times.items() if name in names]


class TimesSolver:
    """Linear bounds of the hits of people by bucket of a row, for a reader who knows all times of bots.

    The reader knows each time that somebody waited, too, but not how many did.
    """

    def __init__(self, row: dict[str, Any], days: Days, k: int) -> None:
        found: Counter[int] = Counter()
        self.bots: Counter[int] = Counter()
        for day in days:
            for bucket, hits in day.items():
                people = sum(hit.visitor is not None for hit in hits)
                found[bucket] += people
                self.bots[bucket] += len(hits) - people
        self.truth = found
        self.atoms = sorted(found)
        self.most: list[tuple[list[float], float]] = []  # sum of weights times hits is at most this
        self.sum = sum(found.values())
        self._read(row, k)
        counts = np.array([found[atom] for atom in self.atoms])
        assert all(np.dot(weights, counts) <= most for weights, most in self.most)

    def _tell(self, wanted: Iterable[bool], *, most: float | None = None, least: float | None = None) -> None:
        weights = [float(one) for one in wanted]
        if most is not None:
            self.most.append((weights, most))
        if least is not None:
            self.most.append(([-one for one in weights], -least))

    def _read(self, row: dict[str, Any], k: int) -> None:
        whole = self.sum + self.bots.total()
        told = {percent: row[name] for percent, name in schema.PERCENTILES.items()}
        top = row["max_us"]
        for percent, time in told.items():
            rank = -(-whole * percent // 100)
            if time < top:  # the longest that is told may stand for a longer one
                up_to = sum(count for bucket, count in self.bots.items() if bucket <= time)
                self._tell((atom <= time for atom in self.atoms), least=rank - up_to)
            if time > min(told.values()):  # and the shortest for a shorter one
                before = sum(count for bucket, count in self.bots.items() if bucket < time)
                self._tell((atom < time for atom in self.atoms), most=rank - 1 - before)
        self._tell((atom >= top for atom in self.atoms), least=k)
        self._tell((atom <= min(told.values()) for atom in self.atoms), least=k)
        if sum(count for bucket, count in self.truth.items() if bucket > top) < k:
            # Who knows that each visitor came once.
            self._tell((atom > top for atom in self.atoms), most=k - 1)

    def spread(self, wanted: set[int]) -> float:
        """How far the fewest and the most hits are apart that these buckets can have."""
        goal = np.array([float(atom in wanted) for atom in self.atoms])
        ends = [
            linprog(
                sign * goal,
                A_ub=[weights for weights, _ in self.most] or None,
                b_ub=[most for _, most in self.most] or None,
                A_eq=[[1.0] * len(self.atoms)],
                b_eq=[self.sum],
                bounds=(0, None),
                method="highs",
            ).fun
            for sign in (1, -1)
        ]
        return float(-ends[1] - ends[0])
