"""The attack: subtract two reports of the same days that differ by one visitor."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats.policy import Policy, load_policy
from logstats.tables import OTHER, Report
from tests.attacks.site import DEFAULT, TABLES, WITH_KINDS, Hit, Site
from tests.attacks.sites import EXAMPLES, PATHS, STATUSES, random_hits

PUBLIC = replace(load_policy("public"), id="ours", version="1")
NEW = 10_000  # a visitor the site has not seen


Change = Callable[[list[Hit], random.Random], tuple[list[Hit], list[Hit]]]

# Tables that are looked at together; each has its own random sites, so that thousands are cheap.
TABLES_OF = {
    "pages": ("kinds", "pages"),
    "errors": WITH_KINDS,
    "browsers": ("browsers",),
    "devices": ("devices", "systems"),
    "referrers": ("referrers", "methods", "protocols", "vhosts", "bots"),
    "delivery": ("cache", "tls"),
    "hours": ("hours",),
    "weekdays": ("weekday_hours",),
}
SITES = EXAMPLES * 3 // 4  # pairs of sites for each set of tables under `public`; a third under `default`


def add(hits: list[Hit], rng: random.Random) -> tuple[list[Hit], list[Hit]]:
    """A visitor comes who was not there."""
    more = [
        Hit(
            NEW,
            path=rng.choice((*PATHS, "/new")),
            status=rng.choice(STATUSES),
            hour=rng.choice((3, 9, 23)),
            browser=rng.choice(("Firefox", "Opera")),
            device=rng.choice(("desktop", "tv")),
            referrer=rng.choice(("example.org", "example.com")),
        )
        for _ in range(rng.randint(1, 4))
    ]
    return hits, hits + more


def remove(hits: list[Hit], rng: random.Random) -> tuple[list[Hit], list[Hit]]:
    """A visitor was never there."""
    gone = rng.choice([hit.visitor for hit in hits if hit.visitor is not None])
    return hits, [hit for hit in hits if hit.visitor != gone]


def move(hits: list[Hit], rng: random.Random) -> tuple[list[Hit], list[Hit]]:
    """A visitor read other pages, at another time, with another browser."""
    gone = rng.choice([hit.visitor for hit in hits if hit.visitor is not None])
    to = rng.choice((*PATHS, "/new"))
    told: dict[str, Any] = {"path": to, "hour": rng.choice((3, 9, 23)), "browser": "Opera", "device": "tv"}
    return hits, [replace(hit, **told) if hit.visitor == gone else hit for hit in hits]


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


def test_every_table_of_a_site_is_attacked() -> None:
    assert {name for names in TABLES_OF.values() for name in names} == set(TABLES)


@pytest.mark.parametrize("tables", TABLES_OF.values(), ids=TABLES_OF)
@settings(max_examples=SITES)
@given(seed=st.integers(0, 10**9), change=st.sampled_from([add, remove, move]))
def test_two_published_reports_that_differ_by_one_visitor_tell_no_small_cell(
    tables: tuple[str, ...], seed: int, change: Change
) -> None:
    """What is shown of visitors moves by no more than a step of rounding."""
    attack(PUBLIC, tables, seed, change)


@pytest.mark.parametrize("tables", TABLES_OF.values(), ids=TABLES_OF)
@settings(max_examples=SITES // 3)
@given(seed=st.integers(0, 10**9), change=st.sampled_from([add, remove, move]))
def test_two_reports_for_staff_that_differ_by_one_visitor_show_no_small_cell(
    tables: tuple[str, ...], seed: int, change: Change
) -> None:
    """And what is shown of visitors moves by one."""
    attack(DEFAULT, tables, seed, change)


def attack(policy: Policy, tables: tuple[str, ...], seed: int, change: Change) -> None:
    rng = random.Random(seed)
    old, new = change(random_hits(seed), rng)
    sites = Site(old, tables, check=False), Site(new, tables, check=False)
    reports = sites[0].report(policy), sites[1].report(policy)

    for site, report in zip(sites, reports, strict=True):
        rows_are_of_k_visitors(site, report, policy)
    if policy is PUBLIC:
        rows_come_and_go_at_k(sites, reports)
    visitors_move_by_no_more_than_a_step(reports, policy.disclosure.round_visitors)


def rows_are_of_k_visitors(site: Site, report: Report, policy: Policy) -> None:
    for (name, *keys), row in shown(report).items():
        if is_other(keys):
            assert row["visitors"] >= 10 or row["hits"] == row["bot_hits"], (name, keys)
        else:
            count = visitors_of(site, name, keys)

            assert count >= 10 or (count == 0 and policy is DEFAULT), (name, keys)


def rows_come_and_go_at_k(sites: tuple[Site, Site], reports: tuple[Report, Report]) -> None:
    """A group of fewer than k - 1 visitors in one of them is shown in neither."""
    first, second = (shown(report) for report in reports)
    for name, *keys in first.keys() ^ second.keys():
        if not is_other(keys):
            counts = [visitors_of(site, name, keys) for site in sites]

            assert min(counts) >= 9, (name, keys)


def visitors_move_by_no_more_than_a_step(reports: tuple[Report, Report], step: int) -> None:
    first, second = (shown(report) for report in reports)
    same = {name for name in reports[0].tables if keys_in(first, name) == keys_in(second, name)}
    for key in first.keys() & second.keys():
        if key[0] in same or not is_other(key[1:]):
            assert abs(first[key]["visitors"] - second[key]["visitors"]) in (0, step), key
    was, is_ = (report.totals["visitors"] for report in reports)
    assert was is None or is_ is None or abs(was - is_) in (0, step)
    if step > 1:
        for name in reports[0].tables.keys() & reports[1].tables.keys():
            groups = [told.groups for report in reports if (told := report.tables[name].suppressed)]
            assert len(groups) < 2 or abs(groups[0] - groups[1]) in (0, step), name


def is_other(keys: Sequence[Any]) -> bool:
    return OTHER in keys or list(keys) == [None]


def keys_in(rows: Iterable[tuple[Any, ...]], name: str) -> set[tuple[Any, ...]]:
    return {key for key in rows if key[0] == name}
