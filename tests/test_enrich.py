"""Days and hours are those of the zone; which hits count is decided by day and bot."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats.batches import AGENT, MINUTE, EnrichedBatch
from logstats.enrich import BOTS_LEFT_OUT, BOTS_ONLY, Enricher, Scope, is_static_path, select_hits
from logstats.jobs import Logs
from logstats.pipeline import Rules, count_logs
from logstats.policy import load_policy
from logstats.redact import Redactor
from logstats.seeds import Seeds
from tests.hits import FIREFOX, GOOGLEBOT, Hit, block_of, day_of, hits, is_bot, parsed_batch

POLICY = load_policy("default")


def enrich(data: bytes, scope: Scope) -> EnrichedBatch:
    redactor = Redactor(POLICY, Seeds(), places=False)
    return Enricher(scope).enrich_batch(redactor.redact_batch(parsed_batch(data)))


@pytest.mark.parametrize(
    ("zone", "time", "day", "hour"),
    [
        ("UTC", "01/Feb/2026:23:30:00 +0000", date(2026, 2, 1), 23),
        ("UTC", "01/Feb/2026:23:30:00 -0130", date(2026, 2, 2), 1),
        ("Europe/Berlin", "01/Feb/2026:23:30:00 +0000", date(2026, 2, 2), 0),
        ("Asia/Kolkata", "01/Feb/2026:18:29:00 +0000", date(2026, 2, 1), 23),
        ("Asia/Kolkata", "01/Feb/2026:18:30:00 +0000", date(2026, 2, 2), 0),
        ("Europe/Berlin", "29/Mar/2026:00:59:59 +0000", date(2026, 3, 29), 1),
        ("Europe/Berlin", "29/Mar/2026:01:00:00 +0000", date(2026, 3, 29), 3),
        ("Europe/Berlin", "25/Oct/2026:00:30:00 +0000", date(2026, 10, 25), 2),
        ("Europe/Berlin", "25/Oct/2026:01:30:00 +0000", date(2026, 10, 25), 2),
        ("America/New_York", "01/Mar/2026:04:59:00 +0000", date(2026, 2, 28), 23),
    ],
)
def test_a_hit_is_of_the_day_and_hour_of_the_zone(zone: str, time: str, day: date, hour: int) -> None:
    data = Hit().line.replace("01/Feb/2026:10:00:00 +0000", time).encode()
    minutes = enrich(data, Scope(zone)).values[MINUTE]

    assert minutes.select("day", "hour").rows() == [(day, hour)]


def test_nothing_of_an_agent_is_kept_but_what_it_stands_for() -> None:
    values = enrich(block_of([Hit(agent=FIREFOX)]), Scope()).values[AGENT]

    assert FIREFOX not in [value for row in values.rows() for value in row]
    assert values.select("browser", "system", "device").rows() == [("Firefox", "Linux", "desktop")]


@settings(max_examples=20)
@given(
    st.lists(hits, min_size=1, max_size=20),
    st.sampled_from([None, 1, 2, 3]),
    st.sampled_from([None, 1, 2, 3]),
)
def test_days_from_the_first_to_the_last_count(
    wanted: list[Hit], first: int | None, last: int | None
) -> None:
    since, until = (date(2026, 2, day) if day else None for day in (first, last))
    scope = Scope("UTC", since, until)
    kept = [
        hit for hit in wanted if (not since or day_of(hit) >= since) and (not until or day_of(hit) <= until)
    ]

    assert select_hits(enrich(block_of(wanted), scope), scope).hits["bytes_sent"].to_list() == [
        hit.bytes_sent for hit in kept
    ]


@pytest.mark.parametrize(("bots", "agent"), [(BOTS_LEFT_OUT, FIREFOX), (BOTS_ONLY, GOOGLEBOT)])
def test_bots_are_left_out_or_alone(bots: str, agent: str) -> None:
    wanted = [Hit(agent=FIREFOX), Hit(agent=GOOGLEBOT), Hit(agent=FIREFOX)]
    scope = Scope(bots=bots)

    assert select_hits(enrich(block_of(wanted), scope), scope).hits.height == [
        hit.agent for hit in wanted
    ].count(agent)


@settings(max_examples=5)
@given(st.lists(hits, min_size=1, max_size=20), st.sampled_from([BOTS_LEFT_OUT, BOTS_ONLY]))
def test_every_parsed_hit_is_counted_or_filtered(wanted: list[Hit], bots: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "access.log"
        log.write_bytes(block_of(wanted))
        scope = Scope(until=date(2026, 2, 2), bots=bots)
        counted = count_logs(Logs((str(log),)), Rules(POLICY, scope))
    counts = counted.days.close(()).days["hits"].sum()

    assert counted.lines.parsed == len(wanted) == counts + counted.lines.filtered
    assert counts == sum(hit.day <= 2 and is_bot(hit) == (bots == BOTS_ONLY) for hit in wanted)


@pytest.mark.parametrize(
    ("path", "static"),
    [
        ("/logo.png", True),
        ("/a/LOGO.PNG", True),
        ("/app.min.js", True),
        ("/font.woff2", True),
        ("/", False),
        ("/index.html", False),
        ("/report.pdf", False),
        ("/logo.png/edit", False),
        ("/png", False),
        ("/a.b/c", False),
        ("", False),
        (None, None),
    ],
)
def test_a_static_file_is_told_by_its_last_extension(path: str | None, static: bool | None) -> None:
    """Documents that people look for are pages."""
    frame = pl.DataFrame({"path": [path]}, schema={"path": pl.String})

    assert frame.select(is_static_path(pl.col("path"))).item() is static
