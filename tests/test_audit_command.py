"""`logstats audit` and `logstats policy notice` as a user runs them: what is said, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Logstats
from tests.corpus import ROOT

DEMO = ROOT / "fixtures" / "demo" / "access.log.gz"
OUTPUTS = ("r.html", "r.json", "r.csv", "r.md", "r.parquet", "r.xlsx", "r.prom", "tables/")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """A directory with a report of the demo log in every kind, and the anonymized log."""
    import subprocess
    import sys

    place = tmp_path_factory.mktemp("made")
    targets = [word for name in OUTPUTS for word in ("-o", name)]
    for words in (["report", *targets], ["anonymize", "-o", "a.log"]):
        command = [sys.executable, "-m", "logstats", *words, str(DEMO)]
        subprocess.run(command, cwd=place, env=environment, check=True, capture_output=True)
    return place


def test_all_that_the_demo_log_becomes_passes_against_the_log(made: Path, logstats: Logstats) -> None:
    done = logstats("audit", made, "--source", DEMO)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines()[-1].startswith(b"passed:")


def test_one_digit_of_a_published_report_that_is_changed_is_found(
    made: Path, logstats: Logstats, tmp_path: Path
) -> None:
    report = json.loads((made / "r.json").read_text())
    row = report["tables"]["pages"]["rows"][0]
    row["hits"] += 1
    (tmp_path / "r.json").write_text(json.dumps(report))

    done = logstats("audit", "r.json", "--source", DEMO)

    assert done.returncode == 1


def test_an_address_in_a_file_ends_with_1_and_is_not_repeated(logstats: Logstats, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("seen: 203.0.113.77\n")

    done = logstats("audit", "notes.txt")

    assert done.returncode == 1
    assert b"203.0.x.x" in done.stdout
    assert b"203.0.113.77" not in done.stdout + done.stderr


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_findings_are_json_for_machines(form: str, logstats: Logstats, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("seen: 203.0.113.77\n")

    done = logstats("audit", "notes.txt", "--format", form)

    assert done.returncode == 1
    assert json.loads(done.stdout)


def test_what_cannot_be_checked_is_never_passed(logstats: Logstats) -> None:
    done = logstats("audit", "missing.json")

    assert done.returncode == 3
    assert b"passed" not in done.stdout


@pytest.mark.parametrize(
    "args",
    [["audit"], ["audit", "x", "--expect-head", "ab"], ["audit", "x", "--policy", "nobody"]],
    ids=["nothing named", "head without ledger", "unknown policy"],
)
def test_what_cannot_be_meant_ends_with_2(args: list[str], logstats: Logstats) -> None:
    done = logstats(*args)

    assert done.returncode == 2
    assert done.stderr


def test_every_check_is_listed_with_a_sentence(logstats: Logstats) -> None:
    lines = logstats("audit", "--list").stdout.decode().splitlines()

    assert len(lines) >= 15
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)


def test_the_installed_tool_passes_its_self_test(logstats: Logstats) -> None:
    done = logstats("audit", "--self-test")

    assert (done.returncode, done.stderr) == (0, b""), done.stdout.decode()


def test_a_notice_as_written_agrees_and_one_of_another_policy_does_not(
    logstats: Logstats, tmp_path: Path
) -> None:
    written = logstats("policy", "notice", "default")
    (tmp_path / "notice.md").write_bytes(written.stdout)

    same = logstats("policy", "notice", "default", "--check", "notice.md")
    other = logstats("policy", "notice", "us-state-notice", "--check", "notice.md")
    none = logstats("policy", "notice", "--check", "missing.md")

    assert [done.returncode for done in (written, same, other, none)] == [0, 0, 1, 3]
    assert b"rounding" in other.stdout
