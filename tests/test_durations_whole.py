"""Response times from a log to every output, through stores and past the audit."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from logstats.audit.rules import Request, Rules
from logstats.audit.run import run_audit
from logstats.collecting import closing
from logstats.report import to_json
from logstats.store import days
from tests import times
from tests.conftest import Logstats
from tests.times import DEFAULT, Timed, by_path, count, crowd, nearest_rank, report


def site() -> list[Timed]:
    rng = random.Random(5)
    return [
        Timed(
            1000 * int(rng.lognormvariate(4, 1.2)),
            rng.randint(0, 120),
            rng.choice(("/", "/", "/a", "/b", "/x.css", f"/rare/{rng.choice('abcd')}")),
            rng.choice((200, 200, 200, 404)),
            rng.randint(1, 3),
        )
        for _ in range(3000)
    ]


FORMATS = {"apache": times.apache, "nginx": times.nginx, "json": times.in_json}


def told(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text())["tables"]["durations"]
    assert isinstance(found, dict)
    return found


def test_every_format_tells_the_same_durations(tmp_path: Path, logstats: Logstats) -> None:
    """`%D` in microseconds, `$request_time` in seconds, and the same in JSON."""
    found = {}
    for name, write in FORMATS.items():
        (tmp_path / f"{name}.log").write_bytes(times.lines(site(), write))
        done = logstats("report", f"{name}.log", "-o", f"{name}.json")
        assert done.returncode == 0, done.stderr
        found[name] = told(tmp_path / f"{name}.json")

    assert found["apache"] == found["nginx"] == found["json"]
    assert [row["path"] for row in found["apache"]["rows"]][:3] == ["/", "/a", "/b"]


def test_a_store_tells_the_same_durations_as_the_log(tmp_path: Path, logstats: Logstats) -> None:
    """Collected on one machine, and merged into the store of another."""
    (tmp_path / "access.log").write_bytes(times.lines(site()))
    commands: tuple[tuple[str, ...], ...] = (
        ("report", "access.log", "-o", "log.json"),
        ("collect", "access.log", "--store", "one"),
        ("report", "--store", "one", "-o", "one.json"),
        ("export", "--store", "one", "-o", "dump.jsonl"),
        ("merge", "dump.jsonl", "--store", "two"),
        ("report", "--store", "two", "-o", "two.json"),
    )
    for command in commands:
        done = logstats(*command)
        assert done.returncode == 0, (command, done.stderr)

    log, one, two = (told(tmp_path / f"{name}.json") for name in ("log", "one", "two"))
    assert log == one == two


def test_every_output_shows_durations_and_the_audit_finds_nothing(tmp_path: Path, logstats: Logstats) -> None:
    (tmp_path / "access.log").write_bytes(times.lines(site()))
    outputs = [f"out/report.{suffix}" for suffix in ("html", "json", "csv", "md", "parquet", "xlsx", "prom")]
    (tmp_path / "out").mkdir()
    done = logstats("report", "access.log", *(word for name in outputs for word in ("-o", name)))
    assert done.returncode == 0, done.stderr
    terminal = logstats("report", "access.log", env={"COLUMNS": "140"}).stdout.decode()
    audit = logstats("audit", "out", "--source", "access.log")

    assert audit.returncode == 0, audit.stdout
    p50 = told(tmp_path / "out/report.json")["rows"][0]["p50_us"]
    assert f"{p50}" in (tmp_path / "out/report.csv").read_text()
    frame = pl.read_parquet(tmp_path / "out/report.parquet").filter(pl.col("table") == "durations")
    assert frame["p50_us"].item(0) == p50
    shown = f"{p50 / 1000:.0f} ms"
    assert shown in terminal
    assert shown in (tmp_path / "out/report.md").read_text()
    assert "Response times" in (tmp_path / "out/report.html").read_text()


def _swap(row: dict[str, Any]) -> None:
    row["p50_us"], row["p90_us"] = row["p90_us"], row["p50_us"]


EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "percentiles fall": _swap,
    "other hits": lambda row: row.update(hits=row["hits"] - 1),
    "a page that is hidden": lambda row: row.update(path="/hidden"),
    "few hits": lambda row: row.update(hits=9, bot_hits=0),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_the_audit_finds_response_times_that_tell_too_much(edit: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(to_json.render(report(count(site()), DEFAULT, size=len(site()))))
    request = Request((path,), datetime(2026, 3, 1, tzinfo=UTC), rules=Rules(), shared_places=())

    assert "times" not in {finding.check for finding in run_audit(request).findings}
    content = json.loads(path.read_text())
    edit(content["tables"]["durations"]["rows"][0])
    path.write_text(json.dumps(content))
    assert "times" in {finding.check for finding in run_audit(request).findings}


def test_a_stored_day_keeps_the_buckets_of_its_busiest_pages() -> None:
    """The others are one page without a name, and no time is told of them."""
    frame = count(site()).close(times.TABLES).tables["durations"]
    folded = closing.fold_times(frame, 200)

    by_day = folded.filter(pl.col("path").is_not_null()).group_by("day").len()["len"]
    assert all(rows <= 200 for rows in by_day)
    assert set(folded["path"].drop_nulls()) < set(frame["path"])
    assert folded["hits"].sum() == frame["hits"].sum()


def test_days_of_two_machines_and_late_lines_add_up(tmp_path: Path, logstats: Logstats) -> None:
    """Late hits and those of a second machine count; the visitors stay those that are proven."""
    first, second = site()[:2000], site()[2000:]
    (tmp_path / "one.log").write_bytes(times.lines(first[:1500]))
    (tmp_path / "two.log").write_bytes(times.lines(second))
    logstats("collect", "one.log", "--store", "one")
    with (tmp_path / "one.log").open("ab") as log:
        log.write(times.lines(first[1500:]))
    logstats("collect", "one.log", "--store", "one")
    logstats("collect", "two.log", "--store", "two")
    for name in ("one", "two"):
        logstats("export", "--store", name, "-o", f"{name}.jsonl")
    done = logstats("merge", "one.jsonl", "two.jsonl", "--store", "both")
    assert done.returncode == 0, done.stderr
    logstats("report", "--store", "both", "-o", "both.json")

    found = {row["path"]: row for row in told(tmp_path / "both.json")["rows"]}
    exact = by_path(site())
    for path in ("/", "/a", "/b"):
        values = [hit.duration_us or 0 for hit in exact[path]]
        assert found[path]["hits"] == len(values)
        assert found[path]["p50_us"] == pytest.approx(nearest_rank(values, 50), rel=0.01)


def test_visitors_of_two_machines_and_of_late_lines_are_not_added() -> None:
    """Somebody who waited long on one of them and longer on the other is one."""
    one = count(crowd(15), crowd(15)).close(times.TABLES)
    slower = [Timed(hit.duration_us * 100, hit.client) for hit in crowd(15) if hit.duration_us]
    other = count(slower).close(times.TABLES)
    machines = [
        frame.tables["durations"].with_columns(pl.lit(name).alias("origin"))
        for name, frame in (("one", one), ("other", other))
    ]
    united = days._unite("durations", pl.concat(machines), alone=False)
    late = days._add_hits("durations", one.tables["durations"], other.tables["durations"])

    for frame in (united, late):
        assert frame["hits"].sum() == 45
        assert frame["visitors"].sum() == frame["top_hits"].sum() == 15
