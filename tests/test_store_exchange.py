"""Stores of several machines become one, in any order."""

from __future__ import annotations

import itertools
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from logstats.errors import InputError
from logstats.policy import load_policy
from logstats.store import lock_store, open_store
from logstats.store.exchange import export_store, merge_dump
from logstats.stored import Span, only_site, report_store
from tests.nights import Nights, day_lines

DAYS = (date(2026, 2, 1), date(2026, 2, 2))


def machine(home: Path, number: int) -> list[bytes]:
    """Return the dump of a machine that saw a part of two days."""
    home.mkdir(parents=True)
    nights = Nights(home)
    for day in DAYS[number % 2 :]:
        nights.write(day_lines(day, 60 + 10 * number, 15 + number, f"/{number}" if number > 1 else "/p"))
    nights.collect("2026-02-04T03:00")
    return dump(nights.store)


def dump(directory: Path) -> list[bytes]:
    with open_store(directory) as store:
        return list(export_store(store))


def merge(directory: Path, *dumps: list[bytes]) -> Path:
    with lock_store(directory, "merge"), open_store(directory, create=True) as store:
        for lines in dumps:
            merge_dump(store, lines, "dump")
    return directory


def told(directory: Path) -> dict[str, Any]:
    """Return what a report of a store says."""
    with open_store(directory) as store:
        report = report_store(store, only_site(store, None), load_policy("default"), Span())
    tables = {name: table.rows.rows() for name, table in report.tables.items()}
    return {"totals": report.totals, "lines": report.lines, "tables": tables, "notes": report.notes}


@pytest.fixture(scope="module")
def dumps(tmp_path_factory: pytest.TempPathFactory) -> list[list[bytes]]:
    home = tmp_path_factory.mktemp("machines")
    return [machine(home / str(number), number) for number in range(4)]


def test_order_and_grouping_of_merges_do_not_matter(dumps: list[list[bytes]], tmp_path: Path) -> None:
    found = []
    for number, order in enumerate(itertools.islice(itertools.permutations(dumps), 0, 24, 5)):
        found.append(told(merge(tmp_path / str(number), *order)))
    halves = [
        dump(merge(tmp_path / "a", dumps[2], dumps[0])),
        dump(merge(tmp_path / "b", dumps[1], dumps[3])),
    ]
    found.append(told(merge(tmp_path / "c", *reversed(halves))))

    assert all(one == found[0] for one in found)
    assert found[0]["totals"]["hits"] == sum(60 + 10 * n for n in (0, 0, 1, 2, 2, 3))


def test_merging_again_changes_nothing(dumps: list[list[bytes]], tmp_path: Path) -> None:
    once = dump(merge(tmp_path / "a", *dumps))

    assert dump(merge(tmp_path / "a", *dumps, once)) == once


def test_visitors_of_a_day_are_those_of_the_machine_with_most(
    dumps: list[list[bytes]], tmp_path: Path
) -> None:
    """Who came to two machines is not known, so sums would promise more visitors than there may be."""
    days = told(merge(tmp_path / "a", *dumps))["tables"]["days"]

    assert [row[3] for row in days] == [17, 18]


def test_a_day_with_late_lines_takes_the_place_of_the_same_day_without(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    nights.write(day_lines(DAYS[0]))
    nights.collect("2026-02-02T03:00")
    before = dump(nights.store)
    nights.write(day_lines(DAYS[0], 3))
    nights.collect("2026-02-02T04:00")
    after = dump(nights.store)

    for number, order in enumerate(((before, after), (after, before))):
        assert dump(merge(tmp_path / f"m{number}", *order)) == after


@pytest.mark.parametrize(
    "change",
    [
        lambda day: day | {"schema": "other/1"},
        lambda day: day | {"day": "yesterday"},
        lambda day: {key: value for key, value in day.items() if key != "account"},
        lambda day: day | {"tables": {**day["tables"], "people": {"columns": [], "rows": []}}},
        lambda day: day | {"tables": {**day["tables"], "days": {"columns": ["hits"], "rows": [["many"]]}}},
        lambda day: json.loads(json.dumps(day).replace('"/p1"', '"/\\u001b[31m"')),
        lambda day: json.loads(json.dumps(day).replace("60", "61", 1)),
    ],
    ids=["schema", "day", "account", "table", "types", "controls", "sums"],
)
def test_what_no_store_wrote_is_refused_whole(dumps: list[list[bytes]], tmp_path: Path, change) -> None:
    bad = [*dumps[0][:1], json.dumps(change(json.loads(dumps[0][1]))).encode()]

    with pytest.raises(InputError, match=r"line 2: .*nothing was merged"):
        merge(tmp_path / "a", bad)

    assert dump(tmp_path / "a") == []
