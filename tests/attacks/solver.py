"""Whoever reads a report and can solve equations: bounds of what is not shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import linprog

from logstats.tables import OTHER, Report
from tests.attacks.site import LINKED, WITH_KINDS, Hit, Site, keys_of, kind_of

Atom = tuple[str, int, str, int]  # kind, status, path, day number


def atom_of(hit: Hit) -> Atom:
    return kind_of(hit), hit.status, hit.path, hit.day.toordinal()


class Solver:
    """Linear equations of a report over hits of people by (kind, status, path, day).

    It knows more than any reader does: the names of all groups that exist.
    """

    def __init__(self, site: Site, report: Report) -> None:
        self.truth = Counter(atom_of(hit) for hit in site.hits if hit.visitor is not None)
        self.atoms = list(self.truth)
        self.rows: list[list[int]] = []
        self.values: list[int] = []
        self._tell(lambda _atom: True, report.totals["hits"], report.totals["bot_hits"])
        self._read_totals(site, report)
        for name in LINKED:
            self._read_table(name, report)
        self._read_days(report)
        hits = [self.truth[atom] for atom in self.atoms]
        assert not self.rows or (np.array(self.rows) @ hits == self.values).all()

    def _tell(self, holds: Callable[[Atom], bool], hits: int | None, bots: int | None) -> None:
        if hits is not None and bots is not None:
            self.rows.append([int(holds(atom)) for atom in self.atoms])
            self.values.append(hits - bots)

    def _read_totals(self, site: Site, report: Report) -> None:
        bots = Counter(kind_of(hit) for hit in site.hits if hit.visitor is None)
        for name, kind in (
            ("pages", "page"),
            ("client_errors", "client_error"),
            ("server_errors", "server_error"),
        ):
            # Hits of bots alone are no secret.
            self._tell(partial(_is_kind, kind), report.totals[name], bots[kind])

    def _read_table(self, name: str, report: Report) -> None:
        rows = report.tables[name].rows.to_dicts()
        keys = report.tables[name].keys
        shown = {tuple(row[key] for key in keys) for row in rows}
        for row in rows:
            key = tuple(row[key] for key in keys)
            is_other = OTHER in key or key == (None,)

            def holds(atom: Atom, key: tuple[Any, ...] = key, *, is_other: bool = is_other) -> bool:
                found = group_of(name, atom)
                return found is not None and (found not in shown if is_other else found == key)

            self._tell(holds, row["hits"], row["bot_hits"])

    def _read_days(self, report: Report) -> None:
        rows = report.tables["days"].rows.to_dicts()
        shown = {row["day"].toordinal() for row in rows if row["day"]}
        for row in rows:
            day = row["day"].toordinal() if row["day"] else None

            def holds(atom: Atom, day: int | None = day) -> bool:
                return atom[3] == day if day else atom[3] not in shown

            self._tell(holds, row["hits"], row["bot_hits"])

    def spread(self, atoms: Iterable[Atom], *, enough: float) -> float:
        """How far the fewest and the most hits that some atoms can have are apart, looked at until it is enough.

        The truth lies between them: one end that is far enough from it saves the search for the other.
        """
        wanted = set(atoms)
        truth = sum(self.truth[atom] for atom in wanted)
        below = truth - self._end(wanted, 1)
        return below if below >= enough else below + self._end(wanted, -1) - truth

    def _end(self, wanted: set[Atom], sign: int) -> float:
        goal = np.array([float(atom in wanted) for atom in self.atoms])
        found = linprog(sign * goal, A_eq=self.rows, b_eq=self.values, bounds=(0, None), method="highs")
        assert found.status in (0, 3), found.message
        return float(sign * found.fun) if found.status == 0 else float("inf")


def _is_kind(kind: str, atom: Atom) -> bool:
    return atom[0] == kind


def group_of(name: str, atom: Atom) -> tuple[Any, ...] | None:
    kind, status, path, _day = atom
    found = list(keys_of(name, Hit(0, path=path, status=status)))
    assert not found or kind
    return found[0] if found else None


def _groups_of_people(site: Site) -> Iterator[tuple[str, list[Hit]]]:
    """Yield each group of the linked tables and their sums: its table, and the hits of people in it."""
    people = [hit for hit in site.hits if hit.visitor is not None]
    for name in (*WITH_KINDS, "days"):
        groups: dict[Any, list[Hit]] = {}
        for hit in people:
            for key in [(hit.day,)] if name == "days" else keys_of(name, hit):
                groups.setdefault(key, []).append(hit)
        yield from ((name, hits) for hits in groups.values())


def small_groups(site: Site, k: int) -> Iterator[tuple[str, set[Atom]]]:
    """Yield every group with 0 < visitors < k on each day."""
    for name, hits in _groups_of_people(site):
        days: dict[date, set[int | None]] = {hit.day: set() for hit in hits}
        for hit in hits:
            days[hit.day].add(hit.visitor)
        if max(map(len, days.values())) < k:
            yield name, {atom_of(hit) for hit in hits}


def dominated_groups(site: Site, percent: int) -> Iterator[tuple[str, set[Atom]]]:
    """Yield every group of which one visitor made more than this share of the hits of people."""
    for name, hits in _groups_of_people(site):
        top = Counter(hit.visitor for hit in hits).most_common(1)[0][1]
        if top * 100 > percent * len(hits):
            yield name, {atom_of(hit) for hit in hits}
