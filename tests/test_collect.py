"""Each line is counted once, whatever becomes of the file it stands in."""

from __future__ import annotations

import bz2
import gzip
import itertools
import lzma
import random
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import zstandard

from logstats.collecting import DROP
from tests.nights import Nights, at, day_lines, line, rows, totals, truth

FIRST = date(2026, 2, 1)
SECOND = date(2026, 2, 2)
THIRD = date(2026, 2, 3)


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def test_what_is_stored_is_what_a_report_of_the_log_counts(nights: Nights) -> None:
    data = day_lines(FIRST, 300, 40) + day_lines(SECOND, 200, 30)
    nights.write(data)
    nights.collect("2026-02-03T02:00")

    found = {day["day"]: (totals(day)["hits"], totals(day)["visitors"]) for day in nights.days()}

    assert found == truth(data)


def test_a_second_run_changes_nothing(nights: Nights) -> None:
    nights.write(day_lines(FIRST) + day_lines(SECOND))
    nights.collect("2026-02-02T03:00")
    before = nights.days()

    done = nights.collect("2026-02-02T03:00")

    assert (done.days, done.lines.read, nights.days()) == ([], 0, before)


def test_a_grown_log_is_read_on(nights: Nights) -> None:
    nights.write(day_lines(FIRST))
    nights.collect("2026-02-02T03:00")
    nights.write(day_lines(SECOND))

    done = nights.collect("2026-02-03T03:00")

    assert (done.lines.read, nights.hits()) == (20, {"2026-02-01": 20, "2026-02-02": 20})


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}


@pytest.mark.parametrize("suffix", PACKERS, ids=lambda suffix: suffix or "plain")
def test_a_rotated_log_is_recognised_however_it_is_packed(nights: Nights, suffix: str) -> None:
    """Its first day was counted, its second is counted now, and what follows is in another file."""
    data = day_lines(FIRST, 200) + day_lines(SECOND, 200)
    nights.write(data[: len(data) * 3 // 4])
    nights.collect("2026-02-02T03:00")
    nights.log.unlink()
    (nights.home / f"access.log.1{suffix}").write_bytes(PACKERS[suffix](data))
    nights.write(day_lines(THIRD))

    done = nights.collect("2026-02-03T03:00")

    assert (nights.hits(), done.waiting) == ({"2026-02-01": 200, "2026-02-02": 200}, 20)
    assert (done.late, done.vanished) == (0, {})


def test_copies_count_once(nights: Nights) -> None:
    nights.write(day_lines(FIRST, 200))
    for name in ("access.log.1", "access.log.old"):
        shutil.copy(nights.log, nights.home / name)
    (nights.home / "access.log.2.gz").write_bytes(gzip.compress(nights.log.read_bytes()[:9000]))

    nights.collect("2026-02-02T03:00")

    assert nights.hits() == {"2026-02-01": 200}


def test_an_old_copy_adds_nothing_later(nights: Nights) -> None:
    nights.write(day_lines(FIRST, 200))
    nights.collect("2026-02-02T03:00")
    text = nights.log.read_bytes()
    cut = text.index(b"\n", 9000) + 1
    nights.write(text[:cut], "access.log.backup")

    done = nights.collect("2026-02-02T04:00")

    assert (done.late, nights.hits()) == (0, {"2026-02-01": 200})


def test_a_copied_and_truncated_log_starts_anew_with_a_note(nights: Nights) -> None:
    nights.write(day_lines(FIRST, 50))
    nights.collect("2026-02-02T03:00")
    shutil.copy(nights.log, nights.home / "access.log.1")
    nights.log.write_bytes(day_lines(SECOND, 30))

    done = nights.collect("2026-02-03T03:00")

    assert nights.hits() == {"2026-02-01": 50, "2026-02-02": 30}
    assert done.renewed == [str(nights.log)]


def test_a_last_line_without_newline_waits(nights: Nights) -> None:
    data = day_lines(FIRST)
    nights.write(data[:-10])
    assert nights.collect("2026-02-02T03:00").lines.read == 19
    nights.write(data[-10:])

    done = nights.collect("2026-02-02T04:00")

    assert (done.lines.read, nights.hits()) == (1, {"2026-02-01": 20})


@pytest.mark.parametrize("common", [100, 5_000, 20_000], ids=lambda size: f"{size} bytes")
def test_logs_with_equal_heads_are_told_apart(nights: Nights, common: int) -> None:
    """Two machines behind one monitor may begin alike; what follows differs."""
    head = day_lines(FIRST, 200)
    head = head[: head.index(b"\n", common) + 1]
    nights.write(head + day_lines(SECOND, 50, path="/a"), "access.log.a")
    nights.write(head + day_lines(SECOND, 70, path="/b"), "access.log.b")
    nights.collect("2026-02-03T03:00")
    nights.write(day_lines(THIRD, 5, path="/b"), "access.log.b")
    nights.write(day_lines(THIRD, 3, path="/a"), "access.log.a")

    nights.collect("2026-02-04T03:00")

    first = head.count(b"\n")
    assert nights.hits() == {"2026-02-01": 2 * first, "2026-02-02": 120, "2026-02-03": 8}


def test_a_line_after_midnight_of_a_stored_day_counts_once(nights: Nights) -> None:
    """It stands behind the first line of the next day, so it is read again the night after."""
    data = day_lines(FIRST) + line(at("2026-02-02T00:00:01")) + line(at("2026-02-01T23:59:59"), 7)
    nights.write(data)
    nights.collect("2026-02-02T03:00")
    nights.write(day_lines(SECOND))

    done = nights.collect("2026-02-03T03:00")

    assert (nights.hits(), done.late) == ({"2026-02-01": 21, "2026-02-02": 21}, 0)


def test_late_lines_are_hits_without_visitors(nights: Nights) -> None:
    nights.write(day_lines(FIRST, 20, 12))
    nights.collect("2026-02-02T03:00")
    nights.write(line(at("2026-02-01T22:00"), 99, "/p1") + line(at("2026-02-01T22:00"), 98, "/new"))

    done = nights.collect("2026-02-02T04:00")

    (day,) = nights.days()
    assert (done.late, done.late_days, day["account"]["late"]) == (2, [FIRST], 2)
    assert (totals(day)["hits"], totals(day)["visitors"], day["account"]["read"]) == (22, 12, 22)
    pages = {row["path"]: (row["hits"], row["visitors"]) for row in rows(day, "pages")}
    assert (pages["/p1"][0], pages["/new"]) == (5, (1, 1))
    assert nights.collect("2026-02-02T05:00").late == 0


def test_late_lines_can_be_dropped_and_are_counted_as_such(nights: Nights) -> None:
    nights.write(day_lines(FIRST))
    nights.collect("2026-02-02T03:00")
    nights.write(line(at("2026-02-01T22:00"), 99))

    done = nights.collect("2026-02-02T04:00", late=DROP)

    (day,) = nights.days()
    assert (done.dropped, day["account"]["dropped"], totals(day)["hits"]) == (1, 1, 20)
    assert nights.collect("2026-02-02T05:00").dropped == 0


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    """Three logs that end in the middle of days, in every order."""
    parts = [day_lines(FIRST, 60)[:4000], day_lines(FIRST, 60)[4000:] + day_lines(SECOND, 60)[:3000]]
    parts.append(day_lines(SECOND, 60)[3000:])
    whole = b"".join(parts).splitlines(keepends=True)
    thirds = [b"".join(whole[:25]), b"".join(whole[25:80]), b"".join(whole[80:])]
    found = []
    for number, order in enumerate(itertools.permutations(range(3))):
        nights = Nights(tmp_path / str(number))
        nights.home.mkdir()
        for place, part in zip(order, thirds, strict=True):
            nights.write(part, f"access.log.{place}")
        nights.collect("2026-02-03T03:00")
        found.append(nights.days())

    assert all(days == found[0] for days in found)
    assert {day["day"]: totals(day)["hits"] for day in found[0]} == {"2026-02-01": 60, "2026-02-02": 60}


def test_every_line_is_accounted_for_once(nights: Nights) -> None:
    """Blank, too long and unreadable lines belong to the day of the line before them."""
    noise = b"nonsense\n\n" + b"x" * 70_000 + b"\n" + b"\xff\xfe garbage\n"
    nights.write(noise + day_lines(FIRST, 5) + noise + line(at("2026-02-02T10:00")) + noise)
    nights.collect("2026-02-02T03:00")
    nights.write(noise)

    nights.collect("2026-02-03T03:00")

    accounts = [day["account"] for day in nights.days()]
    assert [(a["read"], a["parsed"], a["blank"]) for a in accounts] == [(13, 5, 2), (9, 1, 2)]
    assert [a["rejected"] for a in accounts] == [{"no_format": 4, "too_long": 2}] * 2


def test_lines_without_any_time_wait_for_one(nights: Nights) -> None:
    nights.write(b"\n\n")
    assert nights.collect("2026-02-02T03:00").lines.read == 0
    nights.write(day_lines(FIRST, 5))

    nights.collect("2026-02-02T03:00")

    assert nights.days()[0]["account"]["read"] == 7


def test_a_log_that_vanished_is_reported_and_counts_when_it_comes_back(nights: Nights) -> None:
    nights.write(day_lines(FIRST), "access.log.1")
    nights.write(day_lines(FIRST, 30, path="/q"))
    nights.collect("2026-02-01T12:00")
    (nights.home / "access.log.1").rename(nights.home / "elsewhere")

    done = nights.collect("2026-02-02T03:00")

    assert done.vanished == {str(nights.home / "access.log.1"): 20}
    assert nights.days()[0]["account"]["vanished"] == 20
    (nights.home / "elsewhere").rename(nights.home / "access.log.7")
    done = nights.collect("2026-02-02T04:00")
    assert (done.late, done.vanished, nights.hits()) == (20, {}, {"2026-02-01": 50})


def test_nothing_is_stored_while_a_log_cannot_be_read(nights: Nights) -> None:
    nights.write(day_lines(FIRST))
    (nights.home / "access.log.1.gz").write_bytes(gzip.compress(day_lines(SECOND))[:-20])

    done = nights.collect("2026-02-03T03:00")

    assert (done.days, len(done.problems)) == ([], 1)
    assert nights.collect("2026-02-03T03:00", partial=True).days == [FIRST, SECOND]


def test_a_half_packed_copy_is_no_problem_beside_the_log_it_is_made_of(nights: Nights) -> None:
    nights.write(day_lines(FIRST, 300), "access.log.1")
    packed = gzip.compress(day_lines(FIRST, 300), 0)
    (nights.home / "access.log.1.gz").write_bytes(packed[: len(packed) // 2])

    done = nights.collect("2026-02-02T03:00")

    assert (done.problems, nights.hits()) == ([], {"2026-02-01": 300})


def _random_life(home: Path, seed: int) -> tuple[Nights, bytes]:
    """Write, rotate in all ways and collect at random moments; return what was written."""
    dice = random.Random(seed)
    nights = Nights(home)
    written = b""
    now = at("2026-02-01T00:00")
    for _ in range(dice.randrange(8, 30)):
        match dice.choice(("write", "write", "write", "rotate", "truncate", "pack", "collect", "collect")):
            case "write":
                for _ in range(dice.randrange(1, 40)):
                    now += timedelta(minutes=dice.randrange(30))
                    # Servers write a line when its request is answered: some are older than those before.
                    shown = now - timedelta(minutes=dice.choice((0, 0, 0, 20)))
                    text = line(
                        shown, dice.randrange(400), f"/{dice.randrange(9)}", size=dice.randrange(9999)
                    )
                    written += text
                    nights.write(text)
            case "rotate" if nights.log.exists():
                _shift(nights.home)
                nights.log.rename(nights.home / "access.log.1")
            case "truncate" if nights.log.exists():
                _shift(nights.home)
                shutil.copy(nights.log, nights.home / "access.log.1")
                nights.log.write_bytes(b"")
            case "pack":
                for path in sorted(nights.home.glob("access.log.?")):
                    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
                    path.unlink()
            case "collect" if any(nights.home.glob("access.log*")):
                nights.collect(now)
            case _:
                pass
    nights.write(line(now, 1, "/end"))
    written += line(now, 1, "/end")
    nights.collect(now + timedelta(days=3))
    return nights, written


def _shift(home: Path) -> None:
    for number in range(40, 0, -1):
        for suffix in ("", ".gz"):
            path = home / f"access.log.{number}{suffix}"
            if path.exists():
                path.rename(home / f"access.log.{number + 1}{suffix}")


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_to_the_logs_all_lines_count_once(tmp_path: Path, seed: int) -> None:
    nights, written = _random_life(tmp_path, seed)

    late = sum(done.late for done in nights.done)
    found = {day["day"]: (totals(day)["hits"], totals(day)["visitors"]) for day in nights.days()}

    assert {day: hits for day, (hits, _) in found.items()} == {
        day: hits for day, (hits, _) in truth(written).items()
    }
    if not late:
        assert found == truth(written)
