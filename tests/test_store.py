"""The store holds integers and cleaned texts, whole days of them, and lets nobody else read it."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats.aggregate import OpenDays
from logstats.collecting.closing import close_days
from logstats.enrich import Scope
from logstats.errors import StoreError, UsageError
from logstats.jobs import Logs
from logstats.pipeline import Rules, count_logs, told_tables
from logstats.policy import load_policy
from logstats.store import LockHeld, lock_store, open_store
from logstats.store.counts import TABLE_NUMBERS, Account, join_bytes, part_bytes
from logstats.store.database import FILE_NAME, MIGRATIONS, StoreDamaged, StoreTooNew
from logstats.store.days import add_site, get_site, load_days, put_day, summarize
from logstats.store.lower_bounds import bound_union
from logstats.summaries import SUMMARY_KEYS, Summary, validate_summary
from logstats.tally import Tally
from tests.nights import AGENT, Nights, at, day_lines, line

FIRST = date(2026, 2, 1)


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def opened(nights: Nights, data: bytes) -> tuple[OpenDays, tuple[str, ...]]:
    """Count a log as a run does, with tokens still there."""
    logs = Logs((str(nights.write(data, "one.log")),))
    rules = Rules(load_policy("default"), Scope("UTC"))
    days = count_logs(logs, rules).days
    return days, told_tables(logs, rules)


def various(day: date = FIRST, count: int = 400) -> bytes:
    """Lines of a day with visitors who share pages in many ways."""
    start = at(f"{day}T00:00")
    lines = []
    for i in range(count):
        path = f"/{i * 7 % 23}" if i % 3 else f"/rare{i % 97}"
        lines.append(line(start.replace(hour=i % 24), i * i % 61, path, (200, 200, 404, 500)[i % 4], i))
    return b"".join(lines)


def test_only_its_owner_can_read_a_store(nights: Nights) -> None:
    nights.write(day_lines(FIRST))
    nights.collect("2026-02-02T03:00")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in nights.store.iterdir()}

    assert stat.S_IMODE(nights.store.stat().st_mode) == 0o700
    assert modes == {FILE_NAME: 0o600, "fingerprint.key": 0o600, "lock": 0o600}


def test_a_directory_that_others_may_read_is_refused(nights: Nights) -> None:
    nights.store.mkdir(mode=0o755)

    with pytest.raises(StoreError, match="chmod 700"), open_store(nights.store, create=True):
        pass


def test_what_is_stored_comes_back_as_it_was(nights: Nights) -> None:
    days, tables = opened(nights, various())
    (closed,) = close_days(days, tables, {FIRST: Tally(400, 400)}, policy="p")
    with open_store(nights.store, create=True) as store:
        site = add_site(store, "www", "UTC")
        with store.transaction():
            put_day(store, site, closed)
        found = summarize(load_days(store, site))

    validate_summary(found)
    assert same(found, closed.summary)


def same(one: Summary, other: Summary) -> bool:
    if one.tables.keys() != other.tables.keys() or not one.days.equals(other.days):
        return False
    return all(
        frame.sort(frame.columns, nulls_last=True).equals(
            other.tables[name].select(frame.columns).sort(frame.columns, nulls_last=True)
        )
        for name, frame in one.tables.items()
    )


def test_every_table_of_a_summary_has_a_number_of_its_own() -> None:
    assert {*SUMMARY_KEYS, "days"} - {"weekday_hours"} == TABLE_NUMBERS.keys()
    assert len(set(TABLE_NUMBERS.values())) == len(TABLE_NUMBERS)


def test_an_account_is_written_and_read() -> None:
    account = Account(
        Tally(5, 3, 1), late=1, folded={"pages": 4}, unions={"pages": [(5, 3)]}, tables=("pages",)
    )

    assert Account.from_json(account.to_json()) == account


@pytest.mark.parametrize(
    "table", ["pages", "errors", "statuses", "methods", "kinds", "browsers", "referrers"]
)
def test_a_bound_of_a_union_is_never_more_than_the_union(nights: Nights, table: str) -> None:
    """Held against the exact union, which is known while tokens are there."""
    days, tables = opened(nights, various() + various(date(2026, 2, 2), 300))
    exact = days.union
    closed = close_days(days, tables, {FIRST: Tally(400, 400), date(2026, 2, 2): Tally(300, 300)}, policy="p")
    with open_store(nights.store, create=True) as store:
        site = add_site(store, "www", "UTC")
        with store.transaction():
            for one in closed:
                put_day(store, site, one)
        stored = load_days(store, site)
    keys = (
        stored.table(table).select(SUMMARY_KEYS[table]).unique(maintain_order=True).sort(SUMMARY_KEYS[table])
    )
    sizes: list[tuple[int, int]] = []
    for step in range(1, keys.height + 1):
        for groups in (keys.head(step), keys.tail(step), keys.gather_every(step)):
            bound = dict(bound_union(stored, table, groups).iter_rows())
            counted = dict(exact(table, groups).select("day", "visitors").iter_rows())
            assert bound.keys() == counted.keys()
            sizes += [(bound[day], counted[day]) for day in bound]

    assert all(low <= count for low, count in sizes)
    whole = bound_union(stored, table, keys)["visitors"].to_list()
    assert whole == exact(table, keys).sort("day")["visitors"].to_list()


def test_groups_under_k_together_are_counted_exactly(nights: Nights) -> None:
    """What `(other)` of one day usually is: all pages of under 10 visitors."""
    days, tables = opened(nights, various())
    closed = close_days(days, tables, {FIRST: Tally(400, 400)}, policy="p")[0]
    small = closed.summary.tables["pages"].filter(pl.col("visitors") < 10).select("path")

    assert dict(closed.account.unions["pages"])[10] == days.union("pages", small)["visitors"].item()
    assert dict(closed.account.unions["pages"])[10] > 10


def test_rows_beyond_the_cap_are_one_row_with_its_error(nights: Nights) -> None:
    days, tables = opened(nights, various())
    exact = close_days(days, tables, {FIRST: Tally(400, 400)}, policy="p")[0].summary.tables["pages"]
    closed = close_days(days, tables, {FIRST: Tally(400, 400)}, policy="p", max_rows=10)[0]

    pages = closed.summary.tables["pages"]
    folded = exact.join(pages, on="path", how="anti")
    other = pages.filter(pl.col("path").is_null())
    assert pages.height == 11
    assert other["hits"].item() == folded["hits"].sum()
    assert closed.account.folded["pages"] == folded["hits"].max()
    assert other["visitors"].item() == days.union("pages", folded.select("path"))["visitors"].item()


def test_a_second_run_at_the_same_time_is_told_who_is_at_work(nights: Nights) -> None:
    with (
        lock_store(nights.store, "nightly x.toml"),
        pytest.raises(LockHeld, match=f"nightly x.toml, process {os.getpid()} on ") as refused,
    ):
        nights.collect("2026-02-02T03:00")

    assert refused.value.exit_code == 4


def test_the_lock_of_a_dead_run_is_taken_over(nights: Nights) -> None:
    nights.write(day_lines(FIRST))
    with lock_store(nights.store, "x"):
        pass
    (nights.store / "lock").write_text('{"pid": 1, "host": "gone", "run": "nightly", "since": "2026-01-01"}')

    assert nights.collect("2026-02-02T03:00").days == [FIRST]


def collect_and_read(nights: Nights) -> None:
    nights.collect("2026-02-03T03:00")
    nights.days()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"not a database " * 100,
        lambda data: data[: len(data) // 2],
        lambda data: data[:4096] + bytes(len(data) - 4096),
        lambda data: data[:100],
        lambda data: data[:16] + b"\xff" * 84 + data[100:],
    ],
    ids=["other", "half", "zeros", "head", "header"],
)
def test_a_damaged_store_is_refused_with_a_way_out(nights: Nights, damage) -> None:
    nights.write(day_lines(FIRST, 200))
    nights.collect("2026-02-02T03:00")
    path = nights.store / FILE_NAME
    path.write_bytes(damage(path.read_bytes()))
    broken = path.read_bytes()

    with pytest.raises(StoreError, match=r"collect again|put a backup") as refused:
        collect_and_read(nights)

    assert refused.value.exit_code == 4
    assert path.read_bytes() == broken


@given(st.binary(max_size=40))
def test_packed_numbers_hold_no_run_of_text_and_come_back(data: bytes) -> None:
    assert join_bytes(part_bytes(data)) == data
    assert not re.search(rb"[\x20-\x7e\t]{6}", part_bytes(data))


def test_a_flipped_bit_in_a_day_is_noticed(nights: Nights) -> None:
    nights.write(day_lines(FIRST, 200))
    nights.collect("2026-02-02T03:00")
    with sqlite3.connect(nights.store / FILE_NAME) as connection:
        (counts,) = connection.execute("SELECT counts FROM day").fetchone()
        connection.execute("UPDATE day SET counts = ?", (counts[:-1] + bytes([counts[-1] ^ 1]),))

    with pytest.raises(StoreDamaged):
        nights.days()


def test_a_store_of_a_later_version_is_left_alone(nights: Nights) -> None:
    nights.write(day_lines(FIRST))
    nights.collect("2026-02-02T03:00")
    with sqlite3.connect(nights.store / FILE_NAME) as connection:
        connection.execute("PRAGMA user_version = 99")

    with pytest.raises(StoreTooNew, match="newer logstats"):
        nights.days()


def _add_column(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE site ADD COLUMN title TEXT NOT NULL DEFAULT ''")


def _fail_half_way(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM day")
    connection.execute("SELECT nonsense")


def test_a_migration_begins_with_a_copy_that_was_read_back(nights: Nights, monkeypatch) -> None:
    nights.write(day_lines(FIRST))
    nights.collect("2026-02-02T03:00")
    before = nights.days()
    monkeypatch.setitem(MIGRATIONS, 2, _add_column)

    assert nights.days() == before
    copy = nights.store / f"{FILE_NAME}.version-1"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with sqlite3.connect(copy) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM day").fetchone() == (1,)


def test_a_migration_that_fails_leaves_the_store_as_it_was(nights: Nights, monkeypatch) -> None:
    nights.write(day_lines(FIRST))
    nights.collect("2026-02-02T03:00")
    before = nights.days()
    monkeypatch.setitem(MIGRATIONS, 2, _fail_half_way)
    with pytest.raises(StoreError, match="is a copy of it"):
        nights.days()
    monkeypatch.delitem(MIGRATIONS, 2)

    assert nights.days() == before


def test_days_of_one_site_keep_their_time_zone(nights: Nights) -> None:
    nights.write(day_lines(FIRST))
    nights.collect("2026-02-02T03:00")
    nights.zone = "Asia/Tokyo"

    with pytest.raises(UsageError, match="has the days of UTC, not of Asia/Tokyo"):
        nights.collect("2026-02-02T03:00")


def test_sites_of_one_store_are_apart(nights: Nights) -> None:
    nights.write(day_lines(FIRST), "a.log")
    nights.write(day_lines(FIRST, 7), "b.log")
    nights.collect("2026-02-02T03:00", "a.log", site="a")
    nights.collect("2026-02-02T03:00", "b.log", site="b")

    assert [(day["site"], day["account"]["read"]) for day in nights.days()] == [("a", 20), ("b", 7)]
    with open_store(nights.store) as store, pytest.raises(UsageError, match="it has a, b"):
        get_site(store, "c")


MARKERS = (b"198.51.100.203", b"CANARY", b"canary", b"192.0.2.77", AGENT.encode()[:30], b"x7Zq")


def test_no_marker_of_a_log_stands_in_any_byte_of_a_store(nights: Nights) -> None:
    """Not in tables, not in pages that were freed, and not packed: every label is read as text too."""
    secret = (
        b'198.51.100.203 - CANARYuser [01/Feb/2026:10:00:00 +0000] "GET /a/CANARY@example.org?token=x7Zq HTTP/1.1" '
        b'200 5 "https://CANARY.canary.example/x7Zq" "' + AGENT.encode() + b' x7Zq"\n'
    )
    odd = b'198.51.100.203 - - CANARY said x7Zq\n::ffff:192.0.2.77 - - [01/Feb/2026:11:00:00 +0000] "GET /'
    nights.write(day_lines(FIRST) + secret * 3 + odd + b'x HTTP/1.1" 200 5 "-" "-"\n')
    nights.collect("2026-02-02T03:00")
    nights.write(secret + day_lines(date(2026, 2, 2)))
    nights.collect("2026-02-03T03:00")

    found = b"".join(path.read_bytes() for path in sorted(nights.store.rglob("*")) if path.is_file())
    told = repr(nights.days()).encode()

    for marker in MARKERS:
        seen = marker in found.replace(b"canary.example", b"") or marker in told.replace(
            b"canary.example", b""
        )
        assert not seen, marker
    assert line(at("2026-02-01T00:00"))[:40] not in found


def test_no_journal_is_left_and_deleted_pages_are_zero(nights: Nights) -> None:
    from logstats.store.retention import forget_days

    nights.write(b"".join(line(at("2026-02-01T10:00"), i % 50, f"/gone-{i % 300}") for i in range(600)))
    nights.collect("2026-02-02T03:00")
    with lock_store(nights.store, "x"), open_store(nights.store) as store:
        forget_days(store, date(2026, 2, 2))

    assert {path.name for path in nights.store.iterdir()} == {FILE_NAME, "fingerprint.key", "lock"}
    assert b"/gone-" not in (nights.store / FILE_NAME).read_bytes()
