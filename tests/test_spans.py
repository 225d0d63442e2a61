"""Spans of hours that are counted only where single hours may not be shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats.aggregate import OpenDays
from logstats.disclose import disclose
from logstats.policy import load_policy
from logstats.rollup import SOURCES
from logstats.seeds import Seeds
from logstats.summaries import Summary
from logstats.tables import Report
from logstats.tally import Tally
from tests.hits import Hit, enriched_batch, hits

SEEDS = Seeds()
POLICIES = [load_policy(name) for name in ("default", "internal")]
NOW = datetime(2026, 2, 1, tzinfo=UTC)


def opened(wanted: list[Hit]) -> OpenDays:
    days = OpenDays(SEEDS)
    days.count(enriched_batch(wanted, SEEDS))
    return days


def every_hour(visitors: int) -> list[Hit]:
    return [Hit(hour=hour, client=client) for hour in range(24) for client in range(visitors)]


def report(days: OpenDays, summary: Summary, *, k: int, policy: int, spans: tuple[int, ...]) -> Report:
    base = POLICIES[policy]
    rule = replace(base.disclosure, k=k, time_spans=spans)
    return disclose(summary, replace(base, disclosure=rule), days.union, lines=Tally(), generated=NOW)


@settings(max_examples=40)
@given(
    st.lists(hits, min_size=1, max_size=30) | st.integers(1, 4).map(every_hour),
    st.integers(1, 4),
    st.integers(0, 1),
    st.sampled_from([(1, 3, 6, 24), (1,), (3, 6), (6, 24), (24,)]),
)
def test_a_report_is_the_same_whenever_wider_spans_are_counted(wanted, k, policy, spans):
    days = opened(wanted)
    at_once = report(days, days.close(tuple(SOURCES)), k=k, policy=policy, spans=spans)
    later = report(days, days.close(tuple(SOURCES), wide=False), k=k, policy=policy, spans=spans)

    assert list(later.tables) == list(at_once.tables)
    for name, table in at_once.tables.items():
        assert later.tables[name].rows.equals(table.rows), name
        assert later.tables[name].suppressed == table.suppressed
    assert later.totals == at_once.totals


def test_where_single_hours_are_shown_no_wider_span_is_counted():
    days = opened(every_hour(3))
    summary = days.close(tuple(SOURCES), wide=False)
    asked: list[bool] = []

    def widen() -> dict[str, pl.DataFrame]:
        asked.append(True)
        assert summary.widen is not None
        return summary.widen()

    watched = replace(summary, widen=widen)
    shown = report(days, watched, k=2, policy=0, spans=(1, 3, 6, 24))
    assert shown.tables["hours"].rows["span_hours"].unique().to_list() == [1]
    assert not asked
    report(days, watched, k=4, policy=0, spans=(1, 3, 6, 24))
    report(days, watched, k=3, policy=0, spans=(3, 24))
    assert asked
