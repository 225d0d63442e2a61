"""Attacks with one kind of traffic each: the edges of k, long tails, bots, and persistent visitors."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats.tables import OTHER
from tests.attacks.site import DAY, DEFAULT, Hit, Site, crowd, rows_of
from tests.attacks.sites import EXAMPLES

K = DEFAULT.disclosure.k


def paths_of(site: Site) -> dict[str, dict[str, int]]:
    return {row["path"]: row for row in rows_of(site.report(), "pages")}


def small_in(site: Site) -> int:
    suppressed = site.report().tables["pages"].suppressed
    return suppressed.groups if suppressed else 0


def test_a_page_with_k_visitors_is_shown_and_one_with_k_minus_1_is_not():
    site = Site(
        crowd(40)
        + crowd(30, path="/b")
        + crowd(K, path="/k")
        + crowd(K - 1, path="/k-1", start=4)
        + crowd(K - 2, path="/k-2")
    )
    rows = paths_of(site)

    assert list(rows) == ["/", "/b", "/k", OTHER]
    assert rows["/k"]["visitors"] == K
    assert (rows[OTHER]["hits"], rows[OTHER]["visitors"]) == (2 * K - 3, K + 3)
    assert small_in(site) == 2


def test_two_small_pages_that_could_be_read_off_their_sum_take_a_third_with_them():
    """Nine and eight are the only ways for two groups under ten to have 17 visitors."""
    pages = crowd(40) + crowd(30, path="/b") + crowd(20, path="/c")
    rows = paths_of(Site(pages + crowd(9, path="/x") + crowd(8, path="/y", start=20)))

    assert list(rows) == ["/", "/b", OTHER]


def test_the_visitors_of_other_are_those_of_the_union():
    """Sixty pages of the same nine visitors are not sixty times as many."""
    same = [Hit(visitor, path=f"/p{page}") for page in range(60) for visitor in range(9)]
    rows = paths_of(Site(crowd(80) + crowd(50, path="/b") + crowd(30, path="/c") + same))

    assert list(rows) == ["/", "/b", OTHER]
    assert rows[OTHER]["visitors"] == 30


def test_one_small_page_takes_the_smallest_shown_page_with_it():
    rows = paths_of(Site(crowd(40) + crowd(30, path="/b") + crowd(15, path="/c") + crowd(3, path="/x")))

    assert list(rows) == ["/", "/b", OTHER]
    assert rows[OTHER]["visitors"] == 15  # of the union, not of the sum


def test_one_small_page_beside_one_large_hides_the_table():
    table = Site(crowd(40) + crowd(3, path="/x")).report().tables["pages"]

    assert table.rows.is_empty()
    assert table.suppressed
    assert "too few visitors" in table.suppressed.reason


def test_hits_do_not_stand_for_visitors():
    """Nine visitors make nine hundred hits and stay hidden."""
    site = Site(crowd(40) + crowd(30, path="/b") + crowd(20, path="/c") + crowd(K - 1, path="/busy") * 100)

    assert "/busy" not in paths_of(site)


def test_unique_urls_of_a_visitor_each_are_one_row():
    site = Site(crowd(60) + crowd(30, path="/b") + [Hit(v, path=f"/token/{v}") for v in range(50)])
    rows = paths_of(site)

    assert list(rows) == ["/", "/b", OTHER] or list(rows) == ["/", OTHER]
    assert sum(row["hits"] for row in rows.values()) == 140
    assert small_in(site) == 50


def test_a_long_tail_is_one_row_that_adds_up():
    tail = [Hit(page + n, path=f"/p{page}") for page in range(60) for n in range(page % 9 + 1)]
    rows = paths_of(Site(crowd(80) + crowd(50, path="/b") + tail))

    assert list(rows) == ["/", "/b", OTHER]
    assert sum(row["hits"] for row in rows.values()) == 130 + len(tail)


def test_one_bot_that_makes_nearly_all_hits_makes_no_page_visible():
    robot = [Hit(None, path="/x")] * 5_000
    site = Site(crowd(40) + crowd(30, path="/b") + crowd(20, path="/c") + crowd(3, path="/x") + robot)
    report = site.report()

    assert "/x" not in paths_of(site)
    assert next(iter(paths_of(site))) == "/"
    assert rows_of(report, "bots") == [
        {"bot": "robot", "hits": 5000, "bot_hits": 5000, "visitors": 0, "bytes_sent": 500_000}
    ]


def test_rows_of_bots_beyond_top_cost_no_page_its_place():
    pages = [hit for n in range(6) for hit in crowd(30 + n, path=f"/{n}")]
    tail = [Hit(n % 25, path=f"/small/{n // 3}") for n in range(60)]
    robots = [Hit(None, path=f"/probe/{n}") for n in range(300)]
    rows = paths_of(Site(pages + tail + robots))

    assert [path for path in rows if path[1:].isdigit()] == ["/5", "/4", "/3", "/2", "/1", "/0"]


def test_a_visitor_on_ten_days_is_not_ten_visitors():
    days = [DAY + timedelta(days=n) for n in range(10)]
    often = [Hit(1, path="/often", day=day) for day in days]
    rest = [hit for day in days for hit in crowd(40, day=day) + crowd(30, path="/b", day=day)]
    more = [hit for day in days for hit in crowd(20, path="/c", day=day)]
    site = Site(rest + more + often)

    assert "/often" not in paths_of(site)
    assert paths_of(site)["/"]["visitors"] == 400


def test_k_visitors_on_one_day_are_enough_for_the_period():
    other = DAY + timedelta(days=1)
    site = Site(crowd(40) + crowd(40, day=other) + crowd(K, path="/k") + crowd(2, path="/k", day=other))

    assert paths_of(site)["/k"]["visitors"] == K + 2


def test_hits_of_a_page_that_one_visitor_reloads_are_not_shown_nor_computable():
    site = Site(crowd(40) * 5 + crowd(30, path="/b") * 5 + crowd(15, path="/c") + [Hit(3, path="/c")] * 400)
    report = site.report()
    rows = {row["path"]: row for row in rows_of(report, "pages")}
    hidden = [row for row in rows.values() if row["hits"] is None]

    assert rows["/c"]["hits"] is None
    assert rows["/c"]["bytes_sent"] is None
    assert rows["/c"]["visitors"] == 15
    assert len(hidden) >= 2


def test_a_row_without_hits_does_not_stand_where_its_hits_would_put_it():
    """Most hits of all: its place would tell as much."""
    busy = crowd(15, path="/c") + [Hit(3, path="/c")] * 500
    site = Site(crowd(40) * 9 + crowd(30, path="/b") * 9 + crowd(30, path="/d") * 5 + busy)
    rows = [(row["path"], row["hits"]) for row in rows_of(site.report(), "pages") if row["path"] != OTHER]

    assert rows == [("/", 360), ("/b", 270), ("/d", None), ("/c", None)]


def test_one_page_beyond_top_takes_another_with_it():
    """Else (other) would be that page, and whoever knows the site its name."""
    site = Site(crowd(40) + crowd(30, path="/b") + crowd(20, path="/c"))
    rows = {row["path"]: row["visitors"] for row in rows_of(site.report(top=2), "pages")}

    assert rows == {"/": 40, OTHER: 30}


def test_errors_do_not_tell_the_sum_of_a_few_pages():
    """All hits are pages or errors, and the number of all is known."""
    report = Site(
        crowd(5) + crowd(20, path="/a", status=404, start=10) * 2 + crowd(20, path="/b", status=500, start=40)
    ).report()

    assert report.totals["hits"] == 65
    assert {report.totals[name] for name in ("pages", "client_errors", "server_errors")} == {None}


def test_an_hour_that_one_visitor_filled_is_made_wider():
    hits = [hit for hour in range(24) for hit in crowd(20, hour=hour) * 9] + [Hit(1, hour=4)] * 2_000
    rows = rows_of(Site(hits).report(), "hours")

    assert {row["span_hours"] for row in rows} == {3}


def test_an_exhausted_table_shows_visitors_only():
    """One visitor makes nearly all hits of the site: every sum would tell them."""
    site = Site(crowd(40) + crowd(30, path="/b") + [Hit(1)] * 5_000)

    assert all(row["hits"] is None for row in rows_of(site.report(), "pages"))


def test_a_small_site_shows_a_sentence_and_nothing_else():
    report = Site(crowd(K - 1) + [Hit(None)] * 100).report()

    assert report.tables == {}
    assert set(report.totals.values()) == {None}
    assert "Fewer than 10 visitors" in report.notes[-1]


def sums_of(ranges: list[range]) -> set[int]:
    """Every sum of one number out of each."""
    sums = {0}
    for numbers in ranges:
        sums = {found + number for found in sums for number in numbers}
    return sums


@settings(max_examples=EXAMPLES)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=6))
def test_no_count_of_a_hidden_browser_follows_from_the_rules_themselves(sizes):
    """The attack: try every way to fill (other) that ends in the report shown."""
    names = [f"b{n}" for n in range(len(sizes))]
    hits = [hit for n, size in enumerate(sizes) for hit in crowd(size, start=1000 * n, browser=names[n])]
    table = Site(hits, ["browsers"], check=False).report().tables.get("browsers")
    if table is None or table.suppressed is None or table.rows.is_empty():
        return
    seen = [row for row in table.rows.to_dicts() if row["browser"] != OTHER]
    other = table.rows.to_dicts()[-1]["visitors"]
    small, large = table.suppressed.groups, len(sizes) - len(seen) - table.suppressed.groups
    least = min(row["visitors"] for row in seen)
    rest = sums_of([range(1, K)] * (small - 1) + [range(K, least + 1)] * large)
    counts = {first for first in range(1, K) if other - first in rest}

    assert len(counts) >= DEFAULT.disclosure.room


@pytest.mark.parametrize(("other", "page"), [(404, "/a"), (403, "/b")], ids=["same path", "other path"])
def test_a_small_error_does_not_follow_from_its_status(other, page):
    """404 is shown in the table of statuses, so its errors cover one another."""
    site = Site(
        crowd(60)
        + crowd(30, path="/s.css")
        + crowd(30, path="/gone", status=404)
        + crowd(9, path=page, status=404)
        + crowd(9, path="/x", status=500, start=20)
        + crowd(20, path="/y", status=500)
        + crowd(12, path="/z", status=other)
    )
    report = site.report()
    statuses = {row["status"]: row["hits"] for row in rows_of(report, "statuses")}
    shown = [row for row in rows_of(report, "errors") if row["status"] == 404]

    left = (statuses.get(404) or 0) - sum(row["hits"] for row in shown)

    assert 404 in statuses
    assert left > 9
