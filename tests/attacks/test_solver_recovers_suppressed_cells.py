"""The attack: solve for what is hidden, from totals and linked tables of one report."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attacks.site import DEFAULT, WITH_KINDS, Site
from tests.attacks.sites import EXAMPLES, heavy_hits, random_hits
from tests.attacks.solver import Solver, dominated_groups, small_groups

pytest.importorskip("scipy")
K = DEFAULT.disclosure.k
PERCENT = DEFAULT.disclosure.dominance_percent


def attack(seed: int, days: int) -> None:
    site = Site(random_hits(seed, days=days), WITH_KINDS, check=False)
    report = site.report()
    if not report.tables:
        return
    solver = Solver(site, report)
    for name, atoms in small_groups(site, K):
        hits = sum(solver.truth[atom] for atom in atoms)
        room = min(K - 1, hits) - 1e-6
        spread = solver.spread(atoms, enough=room)

        assert spread >= room, (seed, name, hits, spread)


@settings(max_examples=EXAMPLES)
@given(st.integers(0, 10**9))
def test_no_hidden_group_is_bound_closer_than_its_size_on_one_day(seed):
    attack(seed, 1)


@settings(max_examples=EXAMPLES // 4)
@given(st.integers(0, 10**9))
def test_no_hidden_group_is_bound_closer_than_its_size_over_three_days(seed):
    attack(seed, 3)


def attack_heavy(seed: int) -> None:
    site = Site(heavy_hits(seed), WITH_KINDS, check=False)
    report = site.report()
    total = report.totals["hits"]
    tops = int(site.summary.days["top_hits"].sum())
    people = (total or 0) - (report.totals["bot_hits"] or 0)
    if not report.tables or tops * 100 > PERCENT * people:
        return  # the sum of all hits is no secret: it is the number of lines
    solver = Solver(site, report)
    for name, atoms in dominated_groups(site, PERCENT):
        hits = sum(solver.truth[atom] for atom in atoms)
        room = hits * (100 - PERCENT) / 100 - 1e-6
        spread = solver.spread(atoms, enough=room)

        assert spread >= room, (seed, name, hits, spread)


@settings(max_examples=EXAMPLES)
@given(st.integers(0, 10**9))
def test_hits_that_one_visitor_made_are_bound_no_closer_than_the_share_of_the_others(seed):
    attack_heavy(seed)
