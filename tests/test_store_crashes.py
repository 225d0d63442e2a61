"""A run that dies at any moment leaves a store that the next run finishes as if nothing had happened."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from logstats.errors import StoreError
from logstats.store import Store
from logstats.store.database import FILE_NAME
from tests.nights import Nights, at, day_lines, line

DAYS = (date(2026, 2, 1), date(2026, 2, 2), date(2026, 2, 3))
KILLS = int(os.environ.get("LOGSTATS_KILLS", "12"))


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


def prepare(home: Path) -> Nights:
    """Two nights behind, a late line, a rotated log, a day in progress."""
    home.mkdir()
    nights = Nights(home)
    nights.write(day_lines(DAYS[0], 40))
    nights.collect("2026-02-02T03:00")
    nights.write(line(at("2026-02-01T23:59"), 44) + day_lines(DAYS[1], 30))
    nights.log.rename(home / "access.log.1")
    nights.write(day_lines(DAYS[2], 25) + line(at("2026-02-04T00:10")))
    return nights


NOW = "2026-02-04T03:00"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    nights = prepare(tmp_path_factory.mktemp("calm") / "x")
    nights.collect(NOW)
    return nights.days()


def count_calls(home: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    calls = 0
    ask = Store.ask

    def counting(self, *args):
        nonlocal calls
        calls += 1
        return ask(self, *args)

    nights = prepare(home)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "ask", counting)
        nights.collect(NOW)
    return calls


def test_a_death_at_any_call_to_the_store_is_mended_by_the_next_run(
    tmp_path: Path, undisturbed: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before and after every statement: then the connection is cut without a word, as by kill -9."""
    calls = count_calls(tmp_path / "count", monkeypatch)
    origin = prepare(tmp_path / "origin")
    ask = Store.ask
    step = 1 if os.environ.get("LOGSTATS_KILLS") else 9
    dice = random.Random(5)
    for number in range(calls):
        if number % step != dice.randrange(step):
            continue
        for before in (True, False):
            home = tmp_path / f"{number}-{before}"
            shutil.copytree(origin.home, home)
            nights = Nights(home)
            made = 0

            def dying(self, *args, before=before, number=number):
                nonlocal made
                made += 1
                if made > number + 1 or (before and made == number + 1):
                    raise Killed
                found = ask(self, *args)
                if made == number + 1:
                    raise Killed
                return found

            with monkeypatch.context() as patch:
                patch.setattr(Store, "ask", dying)
                with pytest.raises(Killed):
                    nights.collect(NOW)

            nights.collect(NOW)
            assert nights.days() == undisturbed, (number, before)
            shutil.rmtree(home)


@pytest.mark.slow
def test_kill_9_at_random_moments_loses_and_doubles_nothing(
    tmp_path: Path, undisturbed: list[dict[str, object]], environment: dict[str, str]
) -> None:
    origin = prepare(tmp_path / "origin")
    dice = random.Random(9)
    span = timed(origin, tmp_path / "timed", environment)
    for number in range(KILLS):
        home = tmp_path / str(number)
        shutil.copytree(origin.home, home)
        process = start(home, environment)
        time.sleep(span * dice.uniform(0.3, 1.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        nights = Nights(home)
        nights.collect(NOW)

        assert nights.days() == undisturbed, number


def start(home: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    logs = sorted(str(path) for path in home.glob("access.log*"))
    command = [sys.executable, "-m", "logstats", "collect", *logs, "--store", str(home / "store")]
    return subprocess.Popen([*command, "--site", "www", "--now", NOW, "-q"], env=environment, cwd=home)


def timed(origin: Nights, home: Path, environment: dict[str, str]) -> float:
    """Return how long a run takes that nobody kills."""
    shutil.copytree(origin.home, home)
    began = time.monotonic()
    assert start(home, environment).wait() == 0
    return time.monotonic() - began


def test_two_runs_at_once_count_once(tmp_path: Path, environment: dict[str, str], undisturbed) -> None:
    nights = prepare(tmp_path / "x")

    codes = [process.wait() for process in [start(nights.home, environment) for _ in range(2)]]

    assert sorted(codes) in ([0, 0], [0, 4])
    assert nights.days() == undisturbed


@pytest.mark.parametrize("limit", [4096, 20_000, 50_000, 70_000])
def test_a_full_disk_changes_nothing(
    tmp_path: Path, undisturbed: list[dict[str, object]], limit: int
) -> None:
    """A limit on the size of files stands for a disk without room."""
    nights = prepare(tmp_path / "x")
    before = nights.days()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        nights.collect(NOW)
    except StoreError as error:
        failed: StoreError | None = error
    else:
        failed = None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)

    assert failed is None or failed.exit_code == 4
    days = nights.days()
    assert days == undisturbed if failed is None else days[: len(before) - 1] == before[:-1]
    nights.collect(NOW)
    assert nights.days() == undisturbed


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    nights = prepare(tmp_path / "x")
    nights.store.chmod(0o500)
    (nights.store / FILE_NAME).chmod(0o400)

    with pytest.raises(StoreError, match="cannot be written"):
        nights.collect(NOW)
