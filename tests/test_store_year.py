"""A simulated year of nights: logs rotate, runs die, and every line is counted once.

By default it is a short year. `LOGSTATS_NIGHTS=365 LOGSTATS_LINES=10000` makes it a whole one.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import random
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from logstats.policy import load_policy
from logstats.store import Store, open_store
from logstats.store.database import FILE_NAME
from logstats.stored import Span, only_site, report_store
from tests.nights import Nights, line, totals

NIGHTS = int(os.environ.get("LOGSTATS_NIGHTS", "15"))
LINES = int(os.environ.get("LOGSTATS_LINES", "200"))
ROTATED = 7

pytestmark = pytest.mark.slow


class Killed(BaseException):
    """The process is gone."""


def rotate(nights: Nights, dice: random.Random) -> None:
    """Rename, or copy and truncate; pack some; keep a week of logs."""
    home = nights.home
    for number in range(ROTATED, 0, -1):
        for path in home.glob(f"access.log.{number}*"):
            following = path.name.replace(f".{number}", f".{number + 1}", 1)
            path.unlink() if number == ROTATED else path.rename(home / following)
    if dice.random() < 0.5:
        nights.log.rename(home / "access.log.1")
    else:
        shutil.copy(nights.log, home / "access.log.1")
        nights.log.write_bytes(b"")
    for path in home.glob("access.log.[2-9]"):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 1))
        path.unlink()


def collect_or_die(
    nights: Nights, now: datetime, dice: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run once; one run in five dies at some statement, and is started again."""
    if dice.random() < 0.2:
        ask, left = Store.ask, dice.randrange(40)

        def dying(self, *args):
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return ask(self, *args)

        with monkeypatch.context() as patch:
            patch.setattr(Store, "ask", dying)
            with contextlib.suppress(Killed):
                nights.collect(now)
    nights.collect(now)


def test_a_year_adds_up_to_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(365)
    nights = Nights(tmp_path)
    first = date(2025, 12, 20)
    written: dict[str, int] = {}
    for night in range(NIGHTS):
        day = first + timedelta(days=night)
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        seconds = sorted(dice.randrange(86_400) for _ in range(LINES))
        for half in (seconds[: LINES // 3], seconds[LINES // 3 :]):
            made = [
                line(start + timedelta(seconds=s), dice.randrange(700), f"/{dice.randrange(60)}")
                for s in half
            ]
            nights.write(b"".join(made))
            if dice.random() < 0.5:
                rotate(nights, dice)
        written[day.isoformat()] = LINES
        if dice.random() < 0.9:
            collect_or_die(nights, start + timedelta(days=1, hours=3), dice, monkeypatch)
    nights.collect(datetime(2030, 1, 1, tzinfo=UTC))

    days = nights.days()
    assert {day["day"]: totals(day)["hits"] for day in days} == written
    assert sum(day["account"]["late"] + day["account"]["vanished"] for day in days) == 0
    with open_store(nights.store) as store:
        report = report_store(store, only_site(store, None), load_policy("default"), Span())
    assert report.totals["hits"] == report.lines.read == NIGHTS * LINES
    assert (nights.store / FILE_NAME).stat().st_size < 100_000 + 40_000 * NIGHTS
