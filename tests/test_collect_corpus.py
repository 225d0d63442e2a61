"""Real logs: what is stored of them, all days together, is what a report of the log counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from logstats.enrich import Scope
from logstats.jobs import Logs
from logstats.pipeline import Rules, count_logs
from logstats.policy import load_policy
from tests.corpus import CORPUS
from tests.nights import Nights, totals

MOST_BYTES = 3_000_000
LOGS = sorted(
    path for path in (CORPUS / "real").rglob("*") if path.is_file() and 0 < path.stat().st_size < MOST_BYTES
)[:40] if CORPUS else []  # fmt: skip


@pytest.mark.corpus
@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_a_stored_log_has_all_its_lines_and_hits(path: Path, tmp_path: Path) -> None:
    rules = Rules(load_policy("internal"), Scope("UTC"))
    logs = Logs((str(path),), of_hits=True)
    counted = count_logs(logs, rules)
    if logs.problems or not counted.lines.parsed:
        pytest.skip("no access log")
    text = path.read_bytes()
    nights = Nights(tmp_path, policy="internal")
    (tmp_path / path.name).write_bytes(text)

    done = nights.collect("2099-01-01T03:00", path.name)

    days = nights.days()
    if b"\n#Fields: time " in text:
        # The day stands in a header that a later stretch of the log does not have.
        assert "`date`" in done.problems[0].reason
        assert days == []
        return
    unfinished = (
        int(not text.endswith(b"\n")) if not path.suffix.startswith((".gz", ".xz", ".bz", ".zst")) else 0
    )
    assert done.problems == []
    assert 0 <= counted.lines.read - sum(day["account"]["read"] for day in days) <= 1 + unfinished
    assert sum(totals(day)["hits"] for day in days) == sum(day["account"]["parsed"] for day in days)
    assert 0 <= counted.lines.parsed - sum(day["account"]["parsed"] for day in days) <= 1
    if counted.lines.parsed == sum(day["account"]["parsed"] for day in days):
        summary = counted.days.close(())
        stored = {day["day"]: totals(day)["visitors"] for day in days}
        assert stored == dict(summary.days.select(summary.days["day"].cast(str), "visitors").iter_rows())
