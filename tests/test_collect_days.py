"""To which day a line belongs, and when a day is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from logstats.collecting import is_over
from tests.nights import Nights, at, day_lines, line, rows

FIRST = date(2026, 2, 1)
SECOND = date(2026, 2, 2)


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


@pytest.mark.parametrize(
    ("now", "stored"),
    [("2026-02-01T23:59", 0), ("2026-02-02T00:59", 0), ("2026-02-02T01:00", 1), ("2026-02-09T01:00", 1)],
)
def test_a_day_is_stored_an_hour_after_its_midnight(nights: Nights, now: str, stored: int) -> None:
    nights.write(day_lines(FIRST))

    done = nights.collect(now)

    assert (len(done.days), done.waiting) == (stored, 0 if stored else 20)


def test_midnight_is_that_of_the_site(tmp_path: Path) -> None:
    """15:00 UTC is midnight in Tokyo."""
    nights = Nights(tmp_path, zone="Asia/Tokyo")
    nights.write(line(at("2026-02-01T14:59")) + line(at("2026-02-01T15:00"), 2))

    done = nights.collect("2026-02-01T16:00")

    assert (nights.hits(), done.waiting) == ({"2026-02-01": 1}, 1)


def test_a_clock_set_back_counts_nothing_twice(nights: Nights) -> None:
    nights.write(day_lines(FIRST) + day_lines(SECOND))
    nights.collect("2026-02-03T03:00")
    nights.write(day_lines(SECOND, 4))

    nights.collect("2026-02-01T03:00")

    assert nights.hits() == {"2026-02-01": 20, "2026-02-02": 24}


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_days_with_23_and_25_hours_are_whole(tmp_path: Path, day: date, hours: int) -> None:
    """A line each quarter of an hour: the day when clocks change has as many as it has hours."""
    nights = Nights(tmp_path, zone="Europe/Berlin")
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    nights.write(b"".join(line(start + timedelta(minutes=15 * i), i) for i in range(4 * 72)))

    nights.collect(at(f"{day + timedelta(days=3)}T03:00"))

    assert nights.hits()[day.isoformat()] == 4 * hours
    found = {one["day"]: one for one in nights.days()}[day.isoformat()]
    assert sum(row["span_hours"] == 1 for row in rows(found, "hours")) == min(24, hours)


def test_a_day_that_has_no_hour_after_midnight_is_over_all_the_same() -> None:
    """In Berlin 2026-03-29 ends at 22:00 UTC."""
    day = date(2026, 3, 29)

    assert not is_over(day, "Europe/Berlin", at("2026-03-29T22:59"))
    assert is_over(day, "Europe/Berlin", at("2026-03-29T23:00"))


def test_the_year_may_change(nights: Nights) -> None:
    nights.write(day_lines(date(2025, 12, 31)) + day_lines(date(2026, 1, 1)))

    nights.collect("2026-01-02T03:00")

    assert nights.hits() == {"2025-12-31": 20, "2026-01-01": 20}
