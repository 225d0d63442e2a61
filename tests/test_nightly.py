"""The line in crontab: silent when all is well, one message for each thing that is not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from logstats.ledger import verify_ledger
from logstats.nightly import load_config
from logstats.nightly.alerts import check_silence, read_alert
from logstats.nightly.config import BadConfig
from logstats.store import lock_store
from tests.conftest import Logstats
from tests.nights import Nights, day_lines, line

FIRST, SECOND, THIRD = (date(2026, 2, day) for day in (1, 2, 3))
CONFIG = """
store = "store"
[[site]]
name = "www"
logs = ["access.log*"]
{site}
[[site.report]]
outputs = ["{{site}}-{{day}}.json"]
[[site.report]]
period = "month"
outputs = ["{{month}}.html", "{{month}}.csv"]
"""


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def configure(nights: Nights, site: str = "", top: str = "") -> Path:
    path = nights.home / "nightly.toml"
    path.write_text(top + CONFIG.format(site=site))
    return path


def test_a_good_night_is_silent_and_writes_its_reports(nights: Nights, logstats: Logstats) -> None:
    configure(nights, top="audit = true\n")
    nights.write(day_lines(FIRST, 300, 60) + day_lines(SECOND, 200, 60))

    done = logstats("nightly", "nightly.toml", "--now", "2026-02-02T03:00")

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    names = {path.name for path in nights.home.iterdir()}
    assert {"www-2026-02-01.json", "2026-02.html", "2026-02.csv"} <= names
    assert "www-2026-02-02.json" not in names
    report = json.loads((nights.home / "www-2026-02-01.json").read_bytes())
    assert (report["totals"]["hits"], report["totals"]["visitors"], report["site"]) == (300, 60, "www")
    assert verify_ledger(nights.store / "ledger.jsonl") == []


def test_a_month_grows_with_its_days(nights: Nights, logstats: Logstats) -> None:
    configure(nights)
    nights.write(day_lines(FIRST, 300, 60) + day_lines(SECOND, 200, 60))
    logstats("nightly", "nightly.toml", "--now", "2026-02-02T03:00")
    first = (nights.home / "2026-02.csv").read_bytes()
    logstats("nightly", "nightly.toml", "--now", "2026-02-03T03:00")

    assert (nights.home / "2026-02.csv").read_bytes() != first
    assert (nights.home / "www-2026-02-02.json").exists()


def test_a_night_without_a_new_day_writes_nothing(nights: Nights, logstats: Logstats) -> None:
    configure(nights)
    nights.write(day_lines(FIRST, 300, 60))
    logstats("nightly", "nightly.toml", "--now", "2026-02-02T03:00")
    before = {path.name: path.stat().st_mtime_ns for path in nights.home.glob("*-02*")}
    ledger = (nights.store / "ledger.jsonl").read_bytes()

    done = logstats("nightly", "nightly.toml", "--now", "2026-02-02T04:00")

    assert (done.returncode, done.stderr) == (0, b"")
    assert {path.name: path.stat().st_mtime_ns for path in nights.home.glob("*-02*")} == before
    assert (nights.store / "ledger.jsonl").read_bytes() == ledger


@pytest.mark.parametrize(
    ("alert", "sentence"),
    [
        ("error_rate > 0.05", "www: error_rate was 0.1 on 2026-02-01 (alert: error_rate > 0.05)"),
        ("hits < 100", "www: hits was 20 on 2026-02-01 (alert: hits < 100)"),
        (
            "rejected_share > 0.01",
            "www: rejected_share was 0.04762 on 2026-02-01 (alert: rejected_share > 0.01)",
        ),
        ("no line since yesterday", "www: no line since yesterday; the newest line is of 2026-02-01"),
    ],
)
def test_an_alert_is_a_sentence_and_exit_code_1(
    nights: Nights, logstats: Logstats, alert: str, sentence: str
) -> None:
    configure(nights, f'alerts = ["{alert}"]')
    start = datetime(2026, 2, 1, 10, tzinfo=UTC)
    nights.write(
        day_lines(FIRST, 18) + line(start, 1, "/gone", 404) + line(start, 2, "/no", 500) + b"nonsense\n"
    )

    done = logstats("nightly", "nightly.toml", "--now", "2026-02-03T03:00")

    assert (done.returncode, done.stderr.decode()) == (1, f"logstats: {sentence}\n")


@pytest.mark.parametrize(("newest", "said"), [(None, True), (FIRST, True), (SECOND, False), (THIRD, False)])
def test_silence_begins_the_day_before_yesterday(newest: date | None, said: bool) -> None:
    assert bool(check_silence("www", newest, THIRD, (read_alert("no line since yesterday"),))) is said


def test_a_missing_log_is_said_once_and_stores_nothing(nights: Nights, logstats: Logstats) -> None:
    configure(nights)

    done = logstats("nightly", "nightly.toml", "--now", "2026-02-02T03:00")

    assert done.returncode == 3
    assert (
        done.stderr.decode() == "logstats: www: access.log*: no file fits this pattern; no day was stored\n"
    )


def test_one_site_that_fails_does_not_keep_others_from_being_collected(
    nights: Nights, logstats: Logstats
) -> None:
    path = configure(nights)
    path.write_text(
        path.read_text().replace("[[site]]", '[[site]]\nname = "gone"\nlogs = ["gone.log"]\n[[site]]', 1)
    )
    nights.write(day_lines(FIRST))

    done = logstats("nightly", "nightly.toml", "--now", "2026-02-02T03:00")

    assert (done.returncode, nights.hits()) == (3, {"2026-02-01": 20})


def test_a_second_run_ends_at_once_and_names_the_first(nights: Nights, logstats: Logstats) -> None:
    configure(nights)
    nights.write(day_lines(FIRST))
    with lock_store(nights.store, "nightly nightly.toml"):
        done = logstats("nightly", "nightly.toml", "--now", "2026-02-02T03:00")

    assert done.returncode == 4
    assert f"nightly nightly.toml, process {os.getpid()} on".encode() in done.stderr


def test_a_run_that_was_killed_is_no_hindrance(
    nights: Nights, logstats: Logstats, environment: dict[str, str]
) -> None:
    configure(nights)
    nights.write(day_lines(FIRST))
    holder = "import sys, time; from pathlib import Path; from logstats.store import lock_store\n"
    holder += "with lock_store(Path('store'), 'stuck'): print('held', flush=True); time.sleep(600)"
    process = subprocess.Popen(
        [sys.executable, "-c", holder], cwd=nights.home, env=environment, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    assert logstats("nightly", "nightly.toml").returncode == 4
    process.send_signal(signal.SIGKILL)
    process.communicate()

    assert logstats("nightly", "nightly.toml", "--now", "2026-02-02T03:00").returncode == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("store =", "stor ="), "stor: no such key; is `store` meant?"),
        (("logs =", "files ="), "site[1].files: no such key"),
        (('logs = ["access.log*"]', 'logs = ["-"]'), "site[1].logs: must name files"),
        (('name = "www"', 'name = "../x"'), "site[1].name: has letters"),
        (("{{site}}-{{day}}", "{{dy}}"), "site[1].report[1].outputs: {dy} stands for nothing"),
        (('.json"', '.docx"'), "site[1].report[1].outputs: "),
        (('period = "month"', 'period = "moon"'), "site[1].report[2].period: must be one of day, week"),
        (("[[site]]", 'policy = "strict"\n[[site]]'), "policy: "),
        (("[[site]]", 'timezone = "Mars/Base"\n[[site]]'), "timezone: Mars/Base is no time zone"),
        (("[[site]]", "keep_days = 0\n[[site]]"), "keep_days: must be a whole number"),
        (("[[site]]", 'late = "later"\n[[site]]'), "late: must be count or drop"),
        (
            ('name = "www"', 'name = "www"\nalerts = ["errors > 5"]'),
            "site[1].alerts: `errors > 5` is no alert",
        ),
        (('name = "www"', 'name = "www"\nformat = "comined"'), "site[1].format: "),
        (('name = "www"', 'name = "www"\ngeo = ["none.mmdb"]'), "site[1].geo: "),
        (
            ('name = "www"', 'name = "www"\npolicy = "public"'),
            "site[1].report[1].outputs: policy public: a published report needs",
        ),
    ],
    ids=lambda value: value[:25] if isinstance(value, str) else value[1][:15],
)
def test_what_cannot_be_meant_is_named_by_its_key(nights: Nights, change: tuple[str, str], said: str) -> None:
    path = nights.home / "nightly.toml"
    path.write_text(CONFIG.replace(*change).format(site=""))

    with pytest.raises(BadConfig) as refused:
        load_config(path)

    assert f"{path}: {said}" in str(refused.value)
    assert refused.value.exit_code == 2


def test_what_is_published_once_stands_in_one_report(nights: Nights) -> None:
    (nights.home / "own.toml").write_text(
        'extends = "public"\nid = "own"\nversion = "1"\neffective = 2026-01-01\n'
    )
    path = configure(nights, 'policy = "own.toml"')

    with pytest.raises(BadConfig, match="policy own publishes each day once"):
        load_config(path)


def test_check_reads_no_log(nights: Nights, logstats: Logstats) -> None:
    configure(nights)
    os.mkfifo(nights.home / "access.log")

    done = logstats("nightly", "--check", "nightly.toml")

    assert (done.returncode, done.stdout) == (0, b"nightly.toml: sites www; 2 reports; store store\n")
    assert not nights.store.exists()


def test_the_example_is_a_configuration(nights: Nights, logstats: Logstats) -> None:
    example = logstats("nightly", "--example").stdout
    (nights.home / "example.toml").write_bytes(example)

    assert logstats("nightly", "--check", "example.toml").returncode == 0
    assert all(one.isascii() for one in example.decode().splitlines())


def test_old_days_go_and_old_logs_with_them(nights: Nights, logstats: Logstats) -> None:
    """The log is old enough when the file is, and nothing of it waits."""
    configure(nights, top="keep_days = 100\ndelete_logs_after_days = 30\n")
    nights.write(day_lines(FIRST), "access.log.1")
    nights.write(day_lines(SECOND))
    logstats("nightly", "nightly.toml", "--now", "2026-02-03T03:00")
    long_ago = time.time() - 200 * 86400
    os.utime(nights.home / "access.log.1", (long_ago, long_ago))
    now = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="minutes")
    listed = logstats("nightly", "nightly.toml", "--dry-run", "--now", now)

    done = logstats("nightly", "nightly.toml", "--now", now)

    assert listed.stdout == b"access.log.1\n"
    assert (done.returncode, done.stderr) == (0, b"")
    assert not (nights.home / "access.log.1").exists()
    assert nights.log.exists()
    assert nights.hits() == {}
    assert b'"log-deleted"' in (nights.store / "ledger.jsonl").read_bytes()


def test_a_public_policy_publishes_a_month_once_and_when_it_is_over(
    nights: Nights, logstats: Logstats
) -> None:
    (nights.home / "site.toml").write_text(
        'extends = "public"\nid = "site"\nversion = "1"\neffective = 2026-01-01\n'
    )
    path = nights.home / "nightly.toml"
    path.write_text(
        'store = "store"\npolicy = "site.toml"\n[[site]]\nname = "www"\nlogs = ["access.log*"]\n'
        '[[site.report]]\nperiod = "month"\noutputs = ["{month}.json"]\n'
    )
    nights.write(day_lines(date(2026, 2, 27), 300, 60) + day_lines(date(2026, 2, 28), 300, 60))
    logstats("nightly", path, "--now", "2026-02-28T03:00")
    assert not (nights.home / "2026-02.json").exists()
    logstats("nightly", path, "--now", "2026-03-01T03:00")
    published = (nights.home / "2026-02.json").read_bytes()
    nights.write(day_lines(date(2026, 2, 28), 5))

    logstats("nightly", path, "--now", "2026-03-02T03:00")

    assert (nights.home / "2026-02.json").read_bytes() == published
