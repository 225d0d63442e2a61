"""The attack: solve for what is hidden, from totals and linked tables of one report."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attacks.site import DEFAULT, Site
from tests.attacks.sites import random_hits
from tests.attacks.solver import Solver, small_groups

pytest.importorskip("scipy")
K = DEFAULT.disclosure.k


def attack(seed: int, days: int) -> None:
    site = Site(random_hits(seed, days=days))
    report = site.report()
    if not report.tables:
        return
    solver = Solver(site, report)
    for name, atoms in small_groups(site, K):
        hits = sum(solver.truth[atom] for atom in atoms)
        low, high = solver.bounds(atoms)

        assert high - low >= min(K - 1, hits) - 1e-6, (seed, name, hits, low, high)


@settings(max_examples=150)
@given(st.integers(0, 10**9))
def test_no_hidden_group_is_bound_closer_than_its_size_on_one_day(seed):
    attack(seed, 1)


@settings(max_examples=40)
@given(st.integers(0, 10**9))
def test_no_hidden_group_is_bound_closer_than_its_size_over_three_days(seed):
    attack(seed, 3)
