"""`logstats anonymize` as a user runs it: modes, keys, the form of the Tor Project, stopping."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import Logstats
from tests.waiting import PATIENCE_SECONDS, wait_until

TODAY = datetime.now(UTC).date()
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Chrome/121.0.0.0 Safari/537.36"


def line(
    address: str = "203.0.113.9", day: date | str | None = None, rest: str = '"GET /a HTTP/1.1" 200 512'
) -> str:
    when = (day or TODAY).strftime("%d/%b/%Y") if not isinstance(day, str) else day
    return f'{address} - - [{when}:10:00:00 +0000] {rest} "-" "{AGENT}"\n'


def hosts(output: bytes) -> list[str]:
    return [text.split()[0] for text in output.decode().splitlines()]


def test_the_help_says_that_the_output_may_be_personal_data(logstats: Logstats) -> None:
    assert b"may still be personal data" in logstats("anonymize", "--help").stdout


@pytest.mark.parametrize("mode", ["hash", "sha256", "SHA-1", "md5", "blake2b", "hmac-sha256"])
def test_a_hash_without_a_key_is_refused_with_the_reason(mode: str, logstats: Logstats) -> None:
    done = logstats("anonymize", "--address", mode, input=line().encode())

    assert done.returncode == 2
    assert b"in under an hour" in done.stderr
    assert done.stdout == b""


@pytest.mark.parametrize("policy", ["public", "us-state-notice", "own.toml"])
@pytest.mark.parametrize(
    ("args", "key"),
    [
        (["--address", "keyed"], "anonymize_mode"),
        (["--preset", "ga"], "ipv4_bits"),
        (["--preset", "matomo2"], "ipv6_bits"),
        (["--address", "truncate", "--preset", "anonip"], "ipv4_bits"),
    ],
    ids=["keyed", "ga", "matomo2", "anonip"],
)
def test_an_option_does_not_keep_more_than_public_promises(
    args: list[str], key: str, policy: str, logstats: Logstats, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(
        'id = "own"\nversion = "1"\neffective = 2026-01-01\nextends = "public"\n'
    )

    done = logstats("anonymize", "--policy", policy, *args, input=line().encode())

    assert (done.returncode, done.stdout) == (2, b"")
    assert f"policy {policy.partition('.')[0]}: addresses.{key}: ".encode() in done.stderr


@pytest.mark.parametrize(
    "args", [[], ["--address", "drop"], ["--preset", "zero"], ["--preset", "ga", "--address", "drop"]]
)
def test_an_option_may_keep_less_than_public_does(args: list[str], logstats: Logstats) -> None:
    assert logstats("anonymize", "--policy", "public", *args, input=line().encode()).returncode == 0


@pytest.mark.parametrize(
    "args",
    [
        ["--key-file", "k.key"],
        ["--credential", "k"],
        ["--site", "www"],
        ["--address", "keyed", "--key-file", "k.key", "--credential", "k"],
        ["--preset", "tor", "--address", "drop"],
    ],
    ids=[
        "key without keyed",
        "credential without keyed",
        "site without keyed",
        "two keys",
        "tor with a mode",
    ],
)
def test_options_that_contradict_are_refused(args: list[str], logstats: Logstats) -> None:
    done = logstats("anonymize", *args, input=line().encode())

    assert done.returncode == 2
    assert done.stdout == b""


@pytest.mark.parametrize(
    ("args", "warned"),
    [
        (["--preset", "ga"], True),
        (["--preset", "ga", "-q"], False),
        ([], False),
        (["--preset", "zero"], False),
    ],
    ids=["ga", "quiet", "default", "zero"],
)
def test_keeping_more_than_16_and_32_bits_is_warned_of(
    args: list[str], warned: bool, logstats: Logstats
) -> None:
    done = logstats("anonymize", *args, input=line().encode())

    assert done.returncode == 0
    assert (b"warning: 24 bits of IPv4 and 48 of IPv6" in done.stderr) == warned


def test_one_address_has_one_token_a_day_and_another_in_another_run(logstats: Logstats) -> None:
    log = (line() + line() + line(day=TODAY - timedelta(days=1)) + line("::ffff:203.0.113.9")).encode()

    one, two = (hosts(logstats("anonymize", "--address", "keyed", input=log).stdout) for _ in range(2))

    assert one[0] == one[1] == one[3] != one[2]
    assert re.fullmatch(r"tok_[a-z2-7]{13}", one[0])
    assert not set(one) & set(two)


def test_a_key_file_links_the_runs_of_a_day_and_no_two_sites(logstats: Logstats, tmp_path: Path) -> None:
    words = ("anonymize", "--address", "keyed", "--key-file", "keys/address.key")
    (tmp_path / "keys").mkdir(mode=0o700)

    runs = [logstats(*words, *site, input=line().encode()) for site in ((), (), ("--site", "b"))]

    one, again, other = (hosts(done.stdout)[0] for done in runs)
    key = tmp_path / "keys" / f"address-{TODAY}.key"
    assert [done.returncode for done in runs] == [0, 0, 0], runs[0].stderr
    assert one == again != other
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == [key.name]


def test_a_log_of_the_past_gets_no_key_file(logstats: Logstats, tmp_path: Path) -> None:
    old = line(day=TODAY - timedelta(days=9)).encode()

    done = logstats("anonymize", "--address", "keyed", "--key-file", "address.key", input=old)

    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_the_key_of_a_day_that_is_over_is_destroyed_and_the_ledger_says_when(
    logstats: Logstats, tmp_path: Path
) -> None:
    """What only looks like a key file stays."""
    day = TODAY - timedelta(days=3)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()
    key, log = tmp_path / f"address-{day}.key", tmp_path / f"address-{day - timedelta(days=1)}.key"
    for path, content in ((key, bytes(32)), (log, b"a log that is no key")):
        path.write_bytes(content)
        path.chmod(0o600)
        os.utime(path, (noon, noon))

    words = ("--address", "keyed", "--key-file", "address.key", "--ledger", "ledger.jsonl", "-o", "out.log")
    (tmp_path / "in.log").write_text(line())
    done = logstats("anonymize", "in.log", *words)

    statements = [
        json.loads(text)["statement"] for text in (tmp_path / "ledger.jsonl").read_text().splitlines()
    ]
    assert done.returncode == 0, done.stderr
    assert not key.exists()
    assert log.exists()
    assert [one["predicate"].get("what") for one in statements] == ["key-destroyed", None]
    assert statements[0]["subject"] == [{"name": key.name}]
    assert statements[1]["predicate"]["keys"] == [{"day": str(TODAY), "from": "file"}]


@pytest.mark.parametrize("mode", [0o640, 0o604], ids=["group", "others"])
def test_a_key_that_others_could_read_is_refused(mode: int, logstats: Logstats, tmp_path: Path) -> None:
    key = tmp_path / f"address-{TODAY}.key"
    key.write_bytes(bytes(32))
    key.chmod(mode)

    done = logstats("anonymize", "--address", "keyed", "--key-file", "address.key", input=line().encode())

    assert done.returncode == 2
    assert b"0600" in done.stderr
    assert done.stdout == b""


def test_a_credential_of_systemd_gives_the_same_tokens_in_each_run(
    logstats: Logstats, tmp_path: Path
) -> None:
    (tmp_path / "address").write_bytes(bytes(range(32)))
    around = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    words = ("anonymize", "--address", "keyed", "--credential", "address")

    one, two = (logstats(*words, input=line().encode(), env=around) for _ in range(2))
    none = logstats(*words, input=line().encode())

    assert one.returncode == 0, one.stderr
    assert one.stdout == two.stdout
    assert none.returncode == 2


TOR_INPUT = (
    line(day="02/Feb/2026", rest='"GET /b?q=secret HTTP/1.1" 200 7')
    + line(day="01/Feb/2026", rest='"HEAD /z HTTP/2.0" 304 0')
    + line(day="01/Feb/2026", rest='"GET /a HTTP/1.1" 200 512')
    + line("2001:db8::7", day="01/Feb/2026", rest='"GET /a HTTP/1.1" 200 512')
    + line(day="01/Feb/2026", rest='"POST /a HTTP/1.1" 200 512')
    + line(day="01/Feb/2026", rest='"GET /typo HTTP/1.1" 404 512')
    + line(day="01/Feb/2026", rest='"GET /bad HTTP/1.1" 400 512')
    + line(day="01/Feb/2026", rest='"GET /u/jo@example.org HTTP/1.1" 200 1')
    + line(day="01/Feb/2026", rest='"GET /gopher GOPHER/1.0" 200 1')
    + line(day="01/Feb/2026", rest='"\\x16\\x03\\x01" 200 1')
    + line(day="01/Feb/2026", rest='"GET /a\\"b HTTP/1.1" 200 1')
)
TOR_OUTPUT = """\
0.0.0.0 - - [01/Feb/2026:00:00:00 +0000] "GET /a HTTP/1.1" 200 512
0.0.0.0 - - [01/Feb/2026:00:00:00 +0000] "GET /a HTTP/1.1" 200 512
0.0.0.0 - - [01/Feb/2026:00:00:00 +0000] "GET /a%22b HTTP/1.1" 200 1
0.0.0.0 - - [01/Feb/2026:00:00:00 +0000] "GET /u/{email} HTTP/1.1" 200 1
0.0.0.0 - - [01/Feb/2026:00:00:00 +0000] "HEAD /z HTTP/2.0" 304 -
0.0.0.0 - - [02/Feb/2026:00:00:00 +0000] "GET /b HTTP/1.1" 200 7
"""


def test_the_form_of_the_tor_project_keeps_what_it_publishes_and_nothing_else(logstats: Logstats) -> None:
    done = logstats("anonymize", "--preset", "tor", input=TOR_INPUT.encode())

    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == TOR_OUTPUT
    assert b"5 of 11 lines are not of the form" in done.stderr


def test_the_order_of_lines_tells_nothing_in_the_form_of_the_tor_project(logstats: Logstats) -> None:
    turned = "".join(reversed(TOR_INPUT.splitlines(keepends=True)))

    done = logstats("anonymize", "--preset", "tor", input=turned.encode())

    assert done.stdout.decode() == TOR_OUTPUT


def test_a_day_that_is_not_over_is_not_published(logstats: Logstats) -> None:
    done = logstats("anonymize", "--preset", "tor", input=line().encode())

    assert (done.returncode, done.stdout) == (0, b"")


def test_an_error_log_is_refused_in_the_form_of_the_tor_project(logstats: Logstats, tmp_path: Path) -> None:
    text = "[Sun Feb 01 10:00:00.000000 2026] [core:error] [pid 1:tid 2] [client 203.0.113.9:5] AH00126: Invalid URI\n"
    (tmp_path / "x.log").write_text(text)

    done = logstats("anonymize", "--preset", "tor", "--format", "apache_error", "x.log", "-o", "out.log")

    assert done.returncode == 3
    assert b"is an error log" in done.stderr
    assert not (tmp_path / "out.log").exists()


@pytest.mark.parametrize("after", [0.0, 0.05, 0.3], ids=["at once", "while importing", "later"])
def test_a_logger_that_is_told_to_stop_loses_no_line(
    after: float, environment: dict[str, str], tmp_path: Path
) -> None:
    """What is in the pipe is written before it ends; SIGTERM counts from the first line of `__main__` on."""
    marker = tmp_path / "started"
    # The interpreter's own start cannot be covered; this file is imported at its end.
    (tmp_path / "sitecustomize.py").write_text(
        "import threading, pathlib, signal, time, os\n"
        "def wait():\n"
        "    while signal.getsignal(signal.SIGTERM) is signal.SIG_DFL: time.sleep(0.001)\n"
        f"    pathlib.Path({str(marker)!r}).touch()\n"
        "threading.Thread(target=wait, daemon=True).start()\n"
    )
    around = environment | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{environment['PYTHONPATH']}"}
    command = [sys.executable, "-m", "logstats", "anonymize", "-o", str(tmp_path / "out.log")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=around) as process:
        assert process.stdin is not None
        wait_until(marker.exists, "the program's first line")
        time.sleep(after)
        process.send_signal(signal.SIGTERM)
        for _ in range(3):
            process.stdin.write(line().encode())
            process.stdin.flush()
        _, said = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 0, said
    assert len((tmp_path / "out.log").read_bytes().splitlines()) == 3


def test_a_run_over_files_ends_when_told_to(environment: dict[str, str], tmp_path: Path) -> None:
    """A pipe on standard input that nobody reads does not make it deaf."""
    (tmp_path / "a.log").write_text(line() * 400_000)
    command = [sys.executable, "-m", "logstats", "anonymize", "a.log", "-o", "out.log"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stderr=pipe, cwd=tmp_path, env=environment) as process:
        while not list(tmp_path.glob(".logstats-*.tmp")) and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 130
    assert [path.name for path in tmp_path.iterdir()] == ["a.log"]
