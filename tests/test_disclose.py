"""What a report shows: laws of its tables, and the order and words of them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from logstats import schema
from logstats.disclose import disclose, overlaps
from logstats.policy import INTERNAL, NotYourOwnPolicy, load_policy
from logstats.summaries import empty_summary
from logstats.tables import OTHER, Period, Report, Section
from logstats.tally import Tally
from tests.attacks.site import DAY, DEFAULT, LINKED, WITH_KINDS, Hit, Site, crowd, rows_of
from tests.attacks.sites import EXAMPLES, random_hits
from tests.corpus import ROOT

PUBLIC = replace(load_policy("public"), id="ours", version="1")
INTERNALLY = load_policy("internal")
FULL = ("days", "statuses", "methods", "protocols", "referrers", "browsers", "systems", "devices", "vhosts")
SUMS = ("hits", "bot_hits", "bytes_sent")


def sums_of(report: Report, name: str) -> tuple[int | None, ...]:
    rows = rows_of(report, name)
    return tuple(
        None if any(row[column] is None for row in rows) else sum(row[column] for row in rows)
        for column in SUMS
    )


@pytest.mark.parametrize("policy", [DEFAULT, PUBLIC, INTERNALLY], ids=["default", "public", "internal"])
@settings(max_examples=EXAMPLES // 4)
@given(seed=st.integers(0, 10**9), days=st.integers(1, 3))
def test_rows_of_a_table_add_up_to_its_total(policy, seed, days):
    report = Site(random_hits(seed, days=days), check=False).report(policy)
    whole = tuple(report.totals[column] for column in SUMS)
    for name in (*FULL, "hours", "weekday_hours"):
        if name in report.tables and rows_of(report, name):
            for found, wanted in zip(sums_of(report, name), whole, strict=True):
                assert found in (wanted, None), name


@pytest.mark.parametrize("policy", [DEFAULT, PUBLIC], ids=["default", "public"])
@settings(max_examples=EXAMPLES // 10)
@given(seed=st.integers(0, 10**9), days=st.integers(1, 3))
def test_tables_that_tell_of_one_another_are_the_same_beside_others_and_alone(policy, seed, days):
    """So that attacks on them need no other tables."""
    hits = random_hits(seed, days=days)
    alone, beside = (
        Site(hits, *names, check=False).report(policy, generated=datetime(2026, 2, 9, tzinfo=UTC))
        for names in ([WITH_KINDS], [])
    )

    assert alone.totals == beside.totals
    assert alone.tables.keys() == ({"days", *LINKED} & beside.tables.keys())
    for name, table in alone.tables.items():
        assert table.suppressed == beside.tables[name].suppressed
        assert_frame_equal(table.rows, beside.tables[name].rows)


@settings(max_examples=EXAMPLES // 4)
@given(seed=st.integers(0, 10**9))
def test_pages_files_and_errors_add_up_to_their_totals(seed):
    report = Site(random_hits(seed), WITH_KINDS, check=False).report()
    for name, totals in (("pages", ["pages"]), ("errors", ["client_errors", "server_errors"])):
        known = [report.totals[total] for total in totals]
        if report.tables and rows_of(report, name) and None not in known:
            assert sums_of(report, name)[0] in (sum(filter(None, known)), None)


@settings(max_examples=EXAMPLES // 4)
@given(seed=st.integers(0, 10**9))
def test_internal_shows_every_count(seed):
    site = Site(random_hits(seed), check=False)
    report = site.report(INTERNALLY)

    assert report.notes == (INTERNAL,)
    assert report.policy["marking"] == INTERNAL
    assert None not in report.totals.values()
    for name, table in report.tables.items():
        assert table.suppressed is None
        assert sum(table.rows.null_count().row(0)) == 0, name


@settings(max_examples=EXAMPLES // 4)
@given(seed=st.integers(0, 10**9), days=st.integers(1, 2))
def test_a_table_has_the_shape_that_renderers_rely_on(seed, days):
    for table in Site(random_hits(seed, days=days), check=False).report().tables.values():
        keys = schema.TABLE_KEYS[table.name]
        types = {"string": pl.String, "integer": pl.Int64, "date": pl.Date}

        assert table.keys == keys
        assert table.rows.columns == [*keys, *schema.COUNTS] == [column.name for column in table.columns]
        assert [types[column.type] for column in table.columns] == table.rows.dtypes
        marks = [
            n for n, row in enumerate(table.rows.iter_rows()) if OTHER in row or row[: len(keys)] == (None,)
        ]
        assert marks in ([], [table.rows.height - 1])


def test_the_three_sections_in_the_words_of_notices():
    report = Site(crowd(30)).report()
    sections = {name: table.section for name, table in report.tables.items()}

    assert list(dict.fromkeys(sections.values())) == list(Section)
    assert {n for n, s in sections.items() if s is Section.INTEREST} == {
        "pages",
        "static_files",
        "referrers",
        "vhosts",
    }
    assert {n for n, s in sections.items() if s is Section.DESIGN} == {
        "browsers",
        "systems",
        "devices",
        "protocols",
        "tls",
        "bots",
    }


def test_interest_ranks_by_people_and_performance_by_hits():
    robot = [Hit(None, path="/b", method="HEAD")] * 500
    report = Site(crowd(40) + crowd(30, path="/b") + crowd(20, method="HEAD") + robot).report()

    assert [row["path"] for row in rows_of(report, "pages")] == ["/", "/b"]
    assert [row["method"] for row in rows_of(report, "methods")] == ["HEAD", "GET"]


def test_bots_together_rank_by_all_hits():
    report = Site(crowd(40) + crowd(30, path="/b") + [Hit(None, path="/b")] * 500).report(bots="together")

    assert [row["path"] for row in rows_of(report, "pages")] == ["/b", "/"]


def test_rows_beyond_top_go_to_other_without_being_called_small():
    site = Site([hit for n in range(8) for hit in crowd(20 + n, path=f"/{n}")])
    table = site.report(top=3).tables["pages"]

    assert table.rows["path"].to_list() == ["/7", "/6", "/5", OTHER]
    assert table.suppressed is None


def test_a_status_beyond_the_shown_ones_is_a_row_of_nulls():
    hits = crowd(40) + crowd(30, status=304) + crowd(20, status=301) + crowd(3, status=206)
    rows = rows_of(Site(hits).report(), "statuses")

    assert [row["status"] for row in rows] == [200, 304, None]


def test_rows_without_people_are_shown_to_staff_and_not_published():
    site = Site(crowd(40) + crowd(30, path="/b") + crowd(20, path="/c") + [Hit(None, path="/probe")] * 9)

    assert "/probe" in [row["path"] for row in rows_of(site.report(), "pages")]
    assert "/probe" not in [row["path"] for row in rows_of(site.report(PUBLIC), "pages")]


def test_public_rounds_visitors_everywhere():
    report = Site(crowd(41) + crowd(33, path="/b") + crowd(22, path="/c")).report(PUBLIC)

    assert [row["visitors"] for row in rows_of(report, "pages")] == [40, 35, 20]
    assert report.totals["visitors"] == 40


def test_public_needs_the_site_s_own_policy():
    with pytest.raises(NotYourOwnPolicy):
        Site(crowd(30)).report(load_policy("public"))


@pytest.mark.parametrize(
    ("hours", "span"),
    [((9, 10, 11), 1), ((0, 23), 1)],
    ids=["three hours", "both ends"],
)
def test_hours_are_shown_as_fine_as_they_are_safe(hours, span):
    site = Site([hit for hour in hours for hit in crowd(12, hour=hour)])

    assert {row["span_hours"] for row in rows_of(site.report(), "hours")} == {span}


@pytest.mark.parametrize(("lone", "span"), [(10, 3), (13, 6), (1, 24)])
def test_one_thin_hour_makes_all_bins_wider(lone, span):
    hits = [hit for hour in (9, 14, 18) for hit in crowd(12, hour=hour)] + crowd(2, hour=lone)
    if span == 6:
        hits = [hit for hour in (9, 15) for hit in crowd(12, hour=hour)] + crowd(2, hour=20)
    rows = rows_of(Site(hits).report(), "hours")

    assert {row["span_hours"] for row in rows} <= {3, 6, 24}
    assert all(row["visitors"] >= 10 for row in rows)


def test_published_hours_do_not_tell_when_nobody_came():
    """All 24 hours are there, or the bins are wider."""
    rows = rows_of(Site([hit for hour in (9, 10) for hit in crowd(30, hour=hour)]).report(PUBLIC), "hours")

    assert [row["span_hours"] for row in rows] == [24]


def test_a_quiet_day_is_hidden_among_others_and_weekdays_do_not_tell_it():
    days = [DAY + timedelta(days=n) for n in range(9)]
    hits = [hit for n, day in enumerate(days) for hit in crowd(3 if n == 7 else 40 + n, day=day)]
    report = Site(hits).report()
    shown = [row["day"] for row in rows_of(report, "days")]

    assert days[7] not in shown
    assert shown[-1] is None
    assert rows_of(report, "weekday_hours") == []


def test_a_quiet_server_error_is_in_no_total():
    site = Site(
        crowd(60)
        + crowd(40, path="/s.css")
        + crowd(30, path="/gone", status=404)
        + crowd(25, path="/no", status=403)
        + crowd(2, path="/", status=500)
    )
    totals = site.report().totals

    assert (totals["client_errors"], totals["server_errors"]) == (None, None)
    assert totals["pages"] == 60


def test_a_networks_table_is_not_shown_beside_countries():
    site = Site(crowd(40))
    row = {"hits": 40, "bot_hits": 0, "visitors": 40, "bytes_sent": 4000, "top_hits": 1}
    more = {
        name: pl.DataFrame([{"day": DAY, key: "x", **row}])
        for name, key in (("countries", "country"), ("networks", "network"))
    }
    summary = replace(site.summary, tables=site.summary.tables | more)
    report = disclose(summary, DEFAULT, site.union, lines=Tally())

    assert report.tables["networks"].rows.is_empty()
    assert not report.tables["countries"].rows.is_empty()


def test_groups_folded_by_the_cap_are_part_of_other():
    site = Site(crowd(40) + crowd(30, path="/b") + crowd(20, path="/c"))
    pages = site.summary.tables["pages"].with_columns(
        pl.when(pl.col("path") == "/c").then(None).otherwise("path").alias("path")
    )
    folded = replace(site.summary, tables=site.summary.tables | {"pages": pages})
    report = disclose(
        folded,
        DEFAULT,
        lambda _name, keys: pl.DataFrame({"day": [DAY], "visitors": [20 if keys.height == 1 else 30]}),
        lines=Tally(),
    )

    assert [row["path"] for row in rows_of(report, "pages")] == ["/", OTHER]


def test_an_empty_log_has_totals_of_zero_and_no_tables():
    report = disclose(empty_summary(), DEFAULT, lambda *_: pl.DataFrame(), lines=Tally())

    assert set(report.totals.values()) == {0}
    assert report.tables == {}
    assert report.period == Period(None, None, 0, "UTC")


def test_what_is_handed_in_stands_in_the_report():
    when = datetime(2026, 2, 3, tzinfo=UTC)
    report = Site(crowd(30)).report(
        generated=when, timezone="Europe/Paris", replaced={"email": 2}, site="a.example"
    )

    assert (report.generated, report.period.timezone, report.replaced, report.site) == (
        when,
        "Europe/Paris",
        {"email": 2},
        "a.example",
    )
    assert report.policy["digest"] == DEFAULT.digest


@pytest.mark.parametrize(
    ("first", "last", "shared"),
    [(1, 7, True), (7, 9, True), (8, 14, False), (3, 4, True)],
    ids=["same", "one day", "next", "inside"],
)
def test_periods_that_share_a_day_overlap(first, last, shared):
    published = Period(date(2026, 2, 1), date(2026, 2, 7), 7, "UTC")
    period = Period(date(2026, 2, first), date(2026, 2, last), last - first + 1, "UTC")

    assert overlaps(period, [published, Period(None, None, 0, "UTC")]) == ([published] if shared else [])


def tables_of_the_docs() -> list[list[tuple[str, int, int]]]:
    """Page, hits and visitors of what is counted and of what is shown, as the page has them."""
    text = (ROOT / "docs" / "explanation" / "k-anonymity.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^\| page .*\n\|[-:|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    rows = [[line.strip("|\n ").split(" | ") for line in block.splitlines()] for block in blocks]
    return [[(path, int(hits), int(visitors)) for path, hits, _, visitors in block] for block in rows]


def test_the_worked_example_of_the_docs():
    """docs/explanation/k-anonymity.md shows these numbers."""
    pages = (
        crowd(64) * 2
        + crowd(41, path="/permits")
        + crowd(28, path="/hours", start=10)
        + crowd(14, path="/minutes", start=3)
        + crowd(9, path="/bids", start=30)
        + crowd(4, path="/board/resignation", start=50)
        + crowd(1, path="/complaint", start=61)
    )
    rest = (
        crowd(50, path="/site.css")
        + crowd(40, status=304, path="/site.css")
        + [Hit(None, path="/permits")] * 300
    )
    report = Site(pages + rest + crowd(3, path="/old", status=404)).report()
    shown = [(row["path"], row["hits"], row["visitors"]) for row in rows_of(report, "pages")]
    table = report.tables["pages"].suppressed

    assert shown == [
        ("/", 128, 64),
        ("/permits", 341, 41),
        ("/hours", 28, 28),
        ("/minutes", 14, 14),
        (OTHER, 14, 14),
    ]
    assert table is not None
    counted, told = tables_of_the_docs()
    internal = rows_of(Site(pages + rest).report(load_policy("internal")), "pages")
    assert told == shown
    assert sorted(counted) == sorted((row["path"], row["hits"], row["visitors"]) for row in internal)
    assert table.groups == 3
    assert report.totals["pages"] == 525
    assert report.totals["client_errors"] is None
    assert rows_of(report, "errors") == []
    assert rows_of(report, "static_files") == []
    assert [(row["status"], row["hits"]) for row in rows_of(report, "statuses")] == [(200, 575), (None, 43)]
