"""What is older than promised goes, whole, and stays away."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from logstats.nightly.raw_logs import delete_log, find_deletable
from logstats.store import lock_store, open_store
from logstats.store.database import FILE_NAME
from logstats.store.days import get_site
from logstats.store.retention import forget_days
from logstats.store.streams import load_streams, save_streams
from tests.conftest import Logstats
from tests.nights import Nights, day_lines

FIRST, SECOND = date(2026, 2, 1), date(2026, 2, 2)
LATER = datetime.now(UTC) + timedelta(days=60)  # files are of now


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    made = Nights(tmp_path)
    made.write(day_lines(FIRST, path="/old") + day_lines(SECOND, path="/new"))
    made.collect("2026-02-03T03:00")
    return made


def test_days_before_a_day_go_with_the_texts_that_only_they_had(nights: Nights) -> None:
    with lock_store(nights.store, "x"), open_store(nights.store) as store:
        gone = forget_days(store, SECOND)

    assert (gone.days, gone.labels, list(nights.hits())) == (1, 5, ["2026-02-02"])
    content = (nights.store / FILE_NAME).read_bytes()
    assert b"/old" not in content
    assert b"/new" in content


def test_forgotten_days_are_not_collected_again(nights: Nights) -> None:
    with lock_store(nights.store, "x"), open_store(nights.store) as store:
        forget_days(store, SECOND)
    nights.write(day_lines(FIRST, 3), "access.log.9")

    done = nights.collect("2026-02-03T04:00")

    assert (done.days, done.dropped, list(nights.hits())) == ([], 3, ["2026-02-02"])


def test_a_dry_run_deletes_nothing(nights: Nights, logstats: Logstats) -> None:
    done = logstats(
        "forget", "--store", nights.store, "--older-than", "400d", "--dry-run", "--now", "2028-01-01"
    )

    assert b"2 days before 2026-11-27 would be deleted" in done.stdout
    assert len(nights.hits()) == 2


@pytest.mark.parametrize("text", ["0d", "-1", "soon", "1.5d", ""])
def test_an_age_that_is_none_is_refused(nights: Nights, logstats: Logstats, text: str) -> None:
    done = logstats("forget", "--store", nights.store, "--older-than", text)

    assert (done.returncode, len(nights.hits())) == (2, 2)


def cover(nights: Nights) -> None:
    """Say that a line of the ledger names every log that is counted whole."""
    with open_store(nights.store) as store:
        site = get_site(store, "www")
        streams = [stream for stream in load_streams(store, site.id) if stream.is_used_up]
        for stream in streams:
            stream.ledger = 7
        with store.transaction():
            save_streams(store, site.id, streams)


def deletable(nights: Nights, *names: str, now: datetime = LATER, days: int = 30) -> list[str]:
    logs = tuple(str(nights.home / name) for name in names or ("access.log*",))
    with open_store(nights.store) as store:
        return sorted(log.path.name for log in find_deletable(store, get_site(store, "www"), logs, days, now))


def test_a_log_that_is_counted_old_and_in_the_ledger_may_go(nights: Nights) -> None:
    packed = nights.home / "access.log.1.gz"
    packed.write_bytes(gzip.compress(nights.log.read_bytes()))
    cover(nights)

    assert deletable(nights) == ["access.log", "access.log.1.gz"]


def test_no_other_log_may_go(nights: Nights) -> None:
    """One that is not in the ledger, young, grown, unfinished, unknown, linked to, or elsewhere."""
    assert deletable(nights) == []
    cover(nights)
    assert deletable(nights, now=datetime.now(UTC)) == []
    os.link(nights.log, nights.home / "second-name")
    assert deletable(nights) == []
    (nights.home / "second-name").unlink()
    (nights.home / "access.log.link").symlink_to(nights.log)
    assert deletable(nights, "access.log.link") == []
    (nights.home / "elsewhere").mkdir()
    (nights.home / "here").symlink_to(nights.home)
    assert deletable(nights, "here/access.log") == []
    nights.write(day_lines(SECOND), "access.log.new")
    assert deletable(nights, "access.log.new") == []
    assert deletable(nights, "elsewhere") == []
    nights.write(b"half a line")
    assert deletable(nights) == []


def test_a_log_with_lines_that_wait_may_not_go(nights: Nights) -> None:
    nights.write(day_lines(date(2026, 2, 3)))
    nights.collect("2026-02-03T12:00")
    cover(nights)

    assert deletable(nights) == []


def test_a_log_that_grew_since_it_was_noted_may_not_go(nights: Nights) -> None:
    cover(nights)
    nights.write(day_lines(SECOND, 1))
    nights.collect("2026-02-03T12:00")

    assert deletable(nights) == []


def test_the_ledger_tells_of_a_deleted_log(nights: Nights) -> None:
    cover(nights)
    ledger = nights.home / "ledger.jsonl"
    with open_store(nights.store) as store:
        (log,) = find_deletable(store, get_site(store, "www"), (str(nights.log),), 30, LATER)
    delete_log(log, ledger)

    assert not nights.log.exists()
    assert b'"log-deleted"' in ledger.read_bytes()
