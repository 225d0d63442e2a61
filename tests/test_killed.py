"""A run that is killed leaves a file beside its target: nobody else reads it, no run counts it, the audit finds it."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logstats.audit.rules import Request, Rules
from logstats.audit.run import run_audit
from tests.conftest import Logstats

LINES = 60
# Stands still when so many files are written, but not yet under their own names.
STUCK = """
import os, sys, time
left = {calls}
def stuck(descriptor):
    global left
    left -= 1
    if not left:
        print("here", flush=True)
        time.sleep(600)
os.fsync = stuck
sys.argv = ["logstats", *{words!r}]
from logstats.cli import main
main()
"""
RUNS = {
    "anonymize": (["anonymize", "access.log", "-o", "out/clean.log"], 1),
    "anonymize packed": (["anonymize", "access.log", "-o", "out/clean.log.gz"], 1),
    "report": (["report", "access.log", "-o", "out/report.json"], 1),
    "report, the second of two": (["report", "access.log", "-o", "out/a.html", "-o", "out/report.json"], 2),
}


def write_log(home: Path) -> None:
    line = '203.0.113.{} - - [01/Feb/2026:10:00:{:02} +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8.5.0"\n'
    (home / "access.log").write_text("".join(line.format(n, n % 60) for n in range(LINES)))
    (home / "out").mkdir()


def killed(home: Path, environment: dict[str, str], words: list[str], calls: int) -> list[Path]:
    """Return the files that a run left which was killed before its outputs had their names."""
    code = STUCK.format(words=words, calls=calls)
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=home, env=environment, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"here\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return sorted((home / "out").iterdir())


@pytest.mark.parametrize(("words", "calls"), RUNS.values(), ids=RUNS)
def test_what_a_killed_run_leaves_is_its_owners_alone_and_nobody_counts_it(
    words: list[str], calls: int, tmp_path: Path, environment: dict[str, str], logstats: Logstats
) -> None:
    write_log(tmp_path)
    left = killed(tmp_path, environment, words, calls)

    assert len(left) == calls
    for path in left:
        assert path.match(".logstats-*.tmp")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"203.0.113." not in path.read_bytes()
        path.rename(tmp_path / path.name)
    assert logstats(*words).returncode == 0
    whole = logstats("anonymize", ".", "-q")
    assert whole.stdout.count(b"\n") == LINES
    assert b" 0 of " not in whole.stderr


def test_the_audit_finds_it(tmp_path: Path, environment: dict[str, str], logstats: Logstats) -> None:
    """Beside the outputs, and where programs leave temporary files."""
    write_log(tmp_path)
    (left,) = killed(tmp_path, environment, *RUNS["report"])
    done = logstats("audit", "out")
    request = Request((), datetime(2026, 3, 1, tzinfo=UTC), rules=Rules(), shared_places=(left.parent,))

    assert done.returncode == 1
    assert b"a temporary file" in done.stdout
    assert [finding.kind for finding in run_audit(request).findings] == ["a temporary file"]
