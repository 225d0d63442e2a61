"""The attack: subtract two reports of the same days that differ by one visitor."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats.policy import Policy, load_policy
from logstats.tables import OTHER, Report
from tests.attacks.site import DEFAULT, WITH_KINDS, Hit, Site
from tests.attacks.sites import EXAMPLES, PATHS, STATUSES, random_hits

PUBLIC = replace(load_policy("public"), id="ours", version="1")
NEW = 10_000  # a visitor the site has not seen


def differ(seed: int, policy: Policy) -> tuple[Site, Report, Site, Report]:
    """Two sites, the second with hits of one more visitor."""
    rng = random.Random(seed)
    hits = random_hits(seed)
    more = [
        Hit(NEW, path=rng.choice((*PATHS, "/new")), status=rng.choice(STATUSES), hour=rng.choice((3, 9, 23)))
        for _ in range(rng.randint(1, 4))
    ]
    before, after = Site(hits, check=False), Site(hits + more, check=False)
    return before, before.report(policy), after, after.report(policy)


def shown(report: Report) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Every row of every table but that of bots, by table and keys."""
    return {
        (name, *(row[key] for key in table.keys)): row
        for name, table in report.tables.items()
        if name != "bots"
        for row in table.rows.to_dicts()
    }


def visitors_of(site: Site, name: str, keys: Iterable[Any]) -> int:
    wanted = tuple(keys)
    visitors = {
        hit.visitor
        for cell, hits in site.cells[name].items()
        if (cell if name == "days" else cell[1:]) == wanted
        for hit in hits
    }
    return len(visitors - {None})


@pytest.mark.parametrize("policy", [DEFAULT, PUBLIC], ids=["default", "public"])
@settings(max_examples=EXAMPLES)
@given(seed=st.integers(0, 10**9))
def test_no_row_of_either_report_is_of_fewer_than_k(policy, seed):
    """And under `public` the shown visitors move by no more than a step of rounding."""
    before, old, after, new = differ(seed, policy)
    for site, report in ((before, old), (after, new)):
        for (name, *keys), row in shown(report).items():
            if OTHER not in keys and keys != [None]:
                count = visitors_of(site, name, keys)

                assert count >= 10 or (count == 0 and policy is DEFAULT), (name, keys)
            elif row["hits"] is not None and row["hits"] > row["bot_hits"]:
                assert row["visitors"] >= 10, (name, keys)
    if policy is PUBLIC:
        visitors_move_by_no_more_than_a_step(old, new)


def visitors_move_by_no_more_than_a_step(old: Report, new: Report) -> None:
    was = shown(old)
    for key, row in shown(new).items():
        if key in was and OTHER not in key and None not in key:
            assert row["visitors"] - was[key]["visitors"] in (0, 5), key
    first, second = old.totals["visitors"], new.totals["visitors"]
    if first is not None and second is not None:
        assert second - first in (0, 5)


@settings(max_examples=EXAMPLES)
@given(seed=st.integers(0, 10**9))
def test_public_shows_and_hides_rows_only_where_a_group_reaches_k(seed):
    """A visitor to a group that stays under k changes no row but (other) and the sums."""
    hits = random_hits(seed)
    more = Hit(NEW, path="/new", hour=12)
    before, after = (Site(found, WITH_KINDS, check=False) for found in (hits, [*hits, more]))
    old, new = before.report(PUBLIC), after.report(PUBLIC)
    if not old.tables or old.tables["pages"].rows.is_empty() or new.tables["pages"].rows.is_empty():
        return
    keys = {key for key in shown(old) if key[0] == "pages"} ^ {key for key in shown(new) if key[0] == "pages"}
    gone = {path for _name, path in keys} - {OTHER}

    assert "/new" not in gone
    # What comes or goes has k visitors itself: it covers, or no longer covers, others.
    assert all(visitors_of(after, "pages", (path,)) >= 10 for path in gone)
