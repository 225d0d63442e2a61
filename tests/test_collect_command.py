"""What `collect`, `report --store`, `export` and `merge` say and how they end."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Logstats
from tests.nights import Nights, day_lines, rows

DAYS = [date(2026, 2, day) for day in range(1, 15)]


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def test_a_run_says_what_it_stored_on_stderr(nights: Nights, logstats: Logstats) -> None:
    nights.write(day_lines(DAYS[0]) + day_lines(DAYS[1], 5))

    done = logstats("collect", "access.log", "--store", "store", "--now", "2026-02-02T03:00")

    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr == b"logstats: 2026-02-01 stored, 20 lines; 5 lines wait for their day to be over\n"


def test_quiet_says_nothing(nights: Nights, logstats: Logstats) -> None:
    nights.write(day_lines(DAYS[0]))

    done = logstats("collect", "access.log", "--store", "store", "--now", "2026-02-02T03:00", "-q")

    assert (done.returncode, done.stderr) == (0, b"")


def test_standard_input_needs_a_name(nights: Nights, logstats: Logstats) -> None:
    done = logstats("collect", "-", "--store", "store", input=day_lines(DAYS[0]))

    assert (done.returncode, done.stderr) == (
        2,
        b"logstats: -: standard input has no name; give it one with --source NAME\n",
    )


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_standard_input_is_known_again_by_what_it_holds(nights: Nights, logstats: Logstats, pack) -> None:
    """A pipe that grew, or the file that it was made of, adds only what is new."""
    first, both = day_lines(DAYS[0], 80), day_lines(DAYS[0], 80) + day_lines(DAYS[1], 30)
    options = ("--store", "store", "--site", "www", "--now", "2026-02-03T03:00")
    logstats("collect", "-", "--source", "web1", *options, input=pack(first))
    logstats("collect", "-", "--source", "web1", *options, input=pack(both))
    nights.write(both)
    logstats("collect", "access.log", *options)

    assert nights.hits() == {"2026-02-01": 80, "2026-02-02": 30}


def test_an_unreadable_log_ends_with_3_and_a_way_out(nights: Nights, logstats: Logstats) -> None:
    nights.write(day_lines(DAYS[0]))

    done = logstats(
        "collect", "access.log", "gone.log", "--store", "store", "--now", "2026-02-02T03:00", "-q"
    )

    assert done.returncode == 3
    assert b"gone.log: no such file or directory" in done.stderr
    assert b"nothing was stored; leave that log out, or store days without it: --partial" in done.stderr
    assert nights.days() == []


def test_the_clock_can_be_set_by_the_environment(nights: Nights, logstats: Logstats) -> None:
    nights.write(day_lines(DAYS[0]))
    logstats("collect", "access.log", "--store", "store", env={"LOGSTATS_COLLECT_NOW": "2026-02-01T23:00"})

    assert nights.days() == []


@pytest.fixture(scope="module")
def fortnight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two weeks; the second has fewer hits and other pages beside the same ones."""
    nights = Nights(tmp_path_factory.mktemp("fortnight"))
    for number, day in enumerate(DAYS):
        nights.write(day_lines(day, 120 if number < 7 else 60, 60, "/old" if number < 7 else "/new"))
        nights.write(day_lines(day, 60, 60, "/both"))
    nights.collect("2026-02-15T03:00")
    return nights.store


def read_report(home: Path, logstats: Logstats, store: Path, *options: str) -> dict[str, Any]:
    done = logstats("report", "--store", store, "-o", "report.json", *options)
    assert (done.returncode, done.stderr) == (0, b"")
    read: dict[str, Any] = json.loads((home / "report.json").read_bytes())
    return read


@pytest.mark.parametrize(
    ("options", "first", "last", "hits"),
    [
        ((), "2026-02-01", "2026-02-14", 7 * 180 + 7 * 120),
        (("--period", "2026-02-03"), "2026-02-03", "2026-02-03", 180),
        (("--period", "2026-W06"), "2026-02-02", "2026-02-08", 6 * 180 + 120),
        (("--period", "2026-02"), "2026-02-01", "2026-02-14", 7 * 180 + 7 * 120),
        (("--period", "2026"), "2026-02-01", "2026-02-14", 7 * 180 + 7 * 120),
        (("--since", "2026-02-06", "--until", "2026-02-09"), "2026-02-06", "2026-02-09", 2 * 180 + 2 * 120),
    ],
    ids=["all", "day", "week", "month", "year", "days"],
)
def test_a_report_of_any_days(
    tmp_path: Path,
    fortnight: Path,
    logstats: Logstats,
    options: tuple[str, ...],
    first: str,
    last: str,
    hits: int,
) -> None:
    made = read_report(tmp_path, logstats, fortnight, *options)

    assert (made["period"]["first"], made["period"]["last"]) == (first, last)
    assert made["totals"]["hits"] == made["lines"]["read"] == hits


def test_a_report_of_a_day_is_that_of_its_log(nights: Nights, logstats: Logstats) -> None:
    """The same tables, by way of the store and without it."""
    nights.write(b"".join(day_lines(DAYS[0], 40 * n, 10 + n, f"/{n}") for n in range(1, 12)))
    nights.collect("2026-02-02T03:00")
    stored = read_report(nights.home, logstats, nights.store)
    logstats("report", "access.log", "-o", "direct.json")
    direct = json.loads((nights.home / "direct.json").read_bytes())

    assert stored["totals"] == direct["totals"]
    assert stored["tables"] == direct["tables"]


def test_a_report_beside_the_period_before(tmp_path: Path, fortnight: Path, logstats: Logstats) -> None:
    made = read_report(
        tmp_path, logstats, fortnight, "--since", "2026-02-08", "--until", "2026-02-14", "--compare"
    )

    pages = {row["path"]: (row["hits"], row["hits_before"]) for row in made["tables"]["pages"]["rows"]}
    assert (pages["/both0"], pages["/new0"]) == ((84, 84), (84, None))
    assert "2026-02-01 to 2026-02-07" in made["notes"][-1]


def test_a_comparison_needs_two_ends(fortnight: Path, logstats: Logstats) -> None:
    done = logstats("report", "--store", fortnight, "--compare")

    assert (done.returncode, b"--compare needs a first and a last day" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("report",), b"name a LOG, - for standard input, or a --store"),
        (("report", "x.log", "--store", "store"), b"name logs or a --store, not both"),
        (("report", "--store", "store", "--period", "2026-13"), b"2026-13 is no period"),
        (
            ("report", "--store", "store", "--period", "2026", "--since", "2026-01-01"),
            b"--period has both ends",
        ),
        (("report", "--store", "store", "--site", "x"), b"no site `x` in this store; it has www"),
    ],
    ids=["nothing", "both", "period", "ends", "site"],
)
def test_what_cannot_be_meant_is_refused(
    fortnight: Path, logstats: Logstats, args: tuple[str, ...], said: bytes
) -> None:
    done = logstats(*(str(fortnight) if arg == "store" else arg for arg in args))

    assert (done.returncode, said in done.stderr) == (2, True)


def test_a_report_of_no_store_says_how_to_make_one(nights: Nights, logstats: Logstats) -> None:
    done = logstats("report", "--store", "store")

    assert done.returncode == 4
    assert b"`logstats collect` makes one" in done.stderr
    assert not nights.store.exists()


def test_stores_are_dumped_and_merged(fortnight: Path, logstats: Logstats) -> None:
    logstats("export", "--store", fortnight, "-o", "dump.jsonl.gz")
    plain = logstats("export", "--store", fortnight)
    merged = logstats("merge", "dump.jsonl.gz", "--store", "all")
    again = logstats("merge", "-", "--store", "all", input=plain.stdout)

    assert (merged.stdout, again.stdout) == (b"dump.jsonl.gz: 14 days taken\n", b"-: 0 days taken\n")
    assert logstats("export", "--store", "all").stdout == plain.stdout
    assert rows(json.loads(plain.stdout.splitlines()[0]), "statuses")[0]["status"] == 200


def test_late_lines_are_told_in_the_report(nights: Nights, logstats: Logstats) -> None:
    nights.write(day_lines(DAYS[0], 60, 60))
    nights.collect("2026-02-02T03:00")
    nights.write(day_lines(DAYS[0], 3))
    nights.collect("2026-02-02T04:00")

    made = read_report(nights.home, logstats, nights.store)

    assert "3 lines came after their day was closed: they count as hits, without visitors" in made["notes"]


def test_a_log_without_dates_is_refused(nights: Nights, logstats: Logstats) -> None:
    nights.write(
        b"#Date: 2026-02-01 10:00:00\n#Fields: time c-ip cs-uri-stem sc-status\n10:00:30 203.0.113.9 /a 200\n"
    )

    done = logstats("collect", "access.log", "--store", "store", "--now", "2026-02-02T03:00")

    assert done.returncode == 3
    assert b"tells times without dates" in done.stderr
