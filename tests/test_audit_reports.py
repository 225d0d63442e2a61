"""A report that was changed, that shows too much or that acts on its reader is found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logstats.audit.finding import Level
from logstats.audit.rules import Request, Rules
from logstats.audit.run import run_audit
from logstats.audit.saying import list_checks, to_json, to_sarif, to_text
from tests.test_audit_literals import NOW, audit

LOG_LINES = 1200


def log_lines() -> list[str]:
    """Three pages, two statuses, 60 visitors a day on two days."""
    return [
        f"198.51.100.{n % 60 + 1} - - [{12 + n // 600}/Mar/2026:{n % 24:02d}:00:00 +0000] "
        f'"GET /{"abc"[n % 3]} HTTP/1.1" {200 if n % 5 else 404} {100 + n % 7} "-" "Mozilla/5.0 (X11) Chrome/12{n % 2}.0.0.0"'
        for n in range(LOG_LINES)
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a log in `in` and all outputs of one report in `out`."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "in").mkdir()
    (folder / "in" / "access.log").write_text("\n".join(log_lines()) + "\n")
    (folder / "out").mkdir()
    command: list[str | Path] = [sys.executable, "-m", "logstats", "report", folder / "in" / "access.log"]
    outputs = [
        word for suffix in ("json", "csv", "html", "md", "parquet", "prom") for word in ("-o", f"r.{suffix}")
    ]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    subprocess.run([*command, *outputs], cwd=folder / "out", env=environment, check=True)
    return folder


@pytest.fixture
def outputs(run: Path, tmp_path: Path) -> Path:
    """Return a copy of the outputs that a test may change."""
    shutil.copytree(run / "out", tmp_path / "out")
    return tmp_path / "out"


def checks_failed(paths: Path, run: Path, rules: Rules | None = None) -> set[str]:
    request = Request((paths,), NOW, (run / "in" / "access.log",), rules=rules or Rules(), shared_places=())
    return {finding.check for finding in run_audit(request).findings if finding.level is not Level.NOTE}


def test_the_outputs_of_a_run_pass_against_their_log(outputs: Path, run: Path) -> None:
    assert checks_failed(outputs, run) == set()


def _more(table: str, count: str) -> Callable[[dict[str, Any]], None]:
    def change(report: dict[str, Any]) -> None:
        report["tables"][table]["rows"][0][count] += 1

    return change


def _total(name: str) -> Callable[[dict[str, Any]], None]:
    def change(report: dict[str, Any]) -> None:
        report["totals"][name] += 1

    return change


def _lines(report: dict[str, Any]) -> None:
    report["lines"]["read"] += 1
    report["lines"]["blank"] += 1


def _small(report: dict[str, Any]) -> None:
    report["tables"]["pages"]["rows"][0]["visitors"] = 3


EDITS = {
    "hits of a day": (_more("days", "hits"), {"sums", "recount", "same-numbers"}),
    "hits of a status": (_more("statuses", "hits"), {"sums", "recount", "same-numbers"}),
    "hits of a page": (_more("pages", "hits"), {"same-numbers"}),
    "visitors of a page": (_more("pages", "visitors"), {"same-numbers"}),
    "visitors of a day": (_more("days", "visitors"), {"same-numbers", "recount"}),
    "bytes of a method": (_more("methods", "bytes_sent"), {"same-numbers"}),
    "total of hits": (_total("hits"), {"sums"}),
    "lines read": (_lines, {"recount"}),
    "a small group": (_small, {"small-group", "same-numbers"}),
}


@pytest.mark.parametrize(("edit", "wanted"), EDITS.values(), ids=EDITS)
def test_one_number_edited_in_the_json_is_found(edit, wanted: set[str], outputs: Path, run: Path) -> None:
    report = json.loads((outputs / "r.json").read_text())
    edit(report)
    (outputs / "r.json").write_text(json.dumps(report))

    assert wanted <= checks_failed(outputs, run)


@pytest.mark.parametrize("name", ["r.csv", "r.html", "r.md"])
def test_one_digit_edited_in_another_format_is_found(name: str, outputs: Path, run: Path) -> None:
    page = outputs / name
    text = page.read_text()
    start = text.index("/b") if name != "r.csv" else text.index("pages")
    head, tail = text[:start], text[start:]
    at = next(
        i
        for i, char in enumerate(tail)
        if char in "12345678" and tail[i + 1].isdigit() and tail[i - 1] in ",> |"
    )
    page.write_text(head + tail[:at] + str(int(tail[at]) + 1) + tail[at + 1 :])

    assert "same-numbers" in checks_failed(outputs, run)


def test_a_group_that_only_the_source_shows_to_be_small_is_found(outputs: Path, run: Path) -> None:
    lines = (run / "in" / "access.log").read_text().splitlines()
    fewer = outputs.parent / "fewer.log"
    fewer.write_text("\n".join([*[line for line in lines if "/a " not in line], lines[0]]) + "\n")
    request = Request((outputs,), NOW, (fewer,), shared_places=())

    assert "recount" in {finding.check for finding in run_audit(request).findings}


def test_another_policy_than_the_one_in_force_is_found(outputs: Path, run: Path) -> None:
    stamp = {"id": "default", "version": "2", "effective": "2026-01-01", "digest": "0" * 64}

    assert "policy-stamp" in checks_failed(outputs, run, Rules(stamp=stamp))


def test_periods_that_overlap_are_found(outputs: Path, run: Path) -> None:
    report = json.loads((outputs / "r.json").read_text())
    report["period"]["last"] = "2026-03-20"
    (outputs / "other.json").write_text(json.dumps(report))

    assert "periods" in checks_failed(outputs, run)


PERSONAL = {
    "e-mail": "jo.doe@example.org",
    "e-mail in a URL": "/u/jo%40example.org",
    "card": "4111 1111 1111 1111",
    "card with hyphens": "5500-0000-0000-0004",
    "IBAN": "DE89 3704 0044 0532 0130 00",
    "IBAN of Britain": "GB82WEST12345698765432",
    "social security number": "219-09-9999",
    "social security number with a name": "ssn=219099999",
    "phone": "+1 202-555-0143",
    "phone of one country": "(202) 555-0143",
    "web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "coordinates": "41.76371,-72.68509",
    "password": "/login?password=hunter2",
    "session": "/a?x=1&sid=8f2c9d1e",
    "birth date and zip": "/a?dob=1980-01-02&zip=06103",
}
IMPERSONAL = {
    "image for two screens": "/logo@2x.png",
    "number that fails its check": "4111 1111 1111 1112",
    "IBAN that fails its check": "DE89 3704 0044 0532 0130 01",
    "area that is not given out": "900-12-3456",
    "a date and a time": "2026-03-12 10:00:00",
    "a masked value": "?token=***",
    "a token of the tool": "/u/{email}/{card}",
    "a version": "1.2.3",
}


@pytest.mark.parametrize("text", PERSONAL.values(), ids=PERSONAL)
def test_personal_data_is_found_and_not_quoted(text: str, tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text(f"first\n{text}\n")

    found = [finding for finding in audit(target).findings if finding.check == "personal-data"]

    assert {finding.place for finding in found} == {"line 2"}
    assert text not in str(found)


@pytest.mark.parametrize("text", IMPERSONAL.values(), ids=IMPERSONAL)
def test_what_only_looks_personal_is_no_finding(text: str, tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text(text + "\n")

    assert audit(target).exit_code == 0


UNSAFE = {
    "escape sequence": ("out.txt", "a\x1b[31mb"),
    "C1 control": ("out.txt", "a\x9bb"),
    "direction": ("out.txt", "a\u202eb"),
    "no width": ("out.md", "a\u200bb"),
    "formula": ("out.csv", "path,hits\n=1+1,2\n"),
    "formula with at": ("out.csv", "path,hits\n@SUM(A1),2\n"),
    "script from outside": ("out.html", "<!doctype html><script src='https://example.org/x.js'></script>"),
    "image from outside": ("out.html", "<!doctype html><img src=//example.org/x.png>"),
    "event": ("out.html", "<!doctype html><p onclick='x()'>"),
    "style from outside": ("out.html", "<!doctype html><style>@import 'https://example.org'</style>"),
}


@pytest.mark.parametrize(("name", "text"), UNSAFE.values(), ids=UNSAFE)
def test_an_output_that_acts_on_its_reader_is_found(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    assert "safe-output" in {finding.check for finding in audit(tmp_path / name).findings}


def _named(name: str, content: bytes = b"x") -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def _mode(name: str, mode: int) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / name).write_bytes(b"k" * 32)
        (folder / name).chmod(mode)

    return make


def _old_key(folder: Path) -> None:
    _mode("day.key", 0o600)(folder)
    os.utime(folder / "day.key", (NOW.timestamp() - 40 * 3600,) * 2)


LEFT = {
    "editor backup": _named("report.html~"),
    "swap file": _named(".report.html.swp"),
    "temporary file": _named("report.json.tmp"),
    "core dump by name": _named("core.4711"),
    "core dump by content": _named("odd", b"\x7fELF" + b"\x00" * 12 + b"\x04\x00" + b"\x00" * 32),
    "journal": _named("summaries.db-journal"),
    "spilled rows": lambda folder: (folder / "polars-1").mkdir(),
    "open key": _mode("day.key", 0o644),
    "old key": _old_key,
    "writable by everybody": _mode("report.json", 0o666),
}


@pytest.mark.parametrize("make", LEFT.values(), ids=LEFT)
def test_what_is_left_around_is_found(make, tmp_path: Path) -> None:
    make(tmp_path)

    assert "leftovers" in {finding.check for finding in audit(tmp_path).findings}


ROWS = {
    "column of addresses": "client_ip,hits\n" + "\n".join(f"x{n},{n}" for n in range(30)),
    "column of tokens": "who,hits\n" + "\n".join(f"{n * 7919 + 2**60:016x},{n}" for n in range(30)),
    "column of agents": "user_agent,hits\nMozilla,3\n",
}


@pytest.mark.parametrize("text", ROWS.values(), ids=ROWS)
def test_a_row_for_each_visitor_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text(text)

    assert "visitor-row" in {finding.check for finding in audit(tmp_path / "out.csv").findings}


def test_the_three_forms_of_a_result_tell_the_same(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("203.0.113.77\n")
    result = audit(tmp_path / "out.txt")

    sarif = json.loads(to_sarif(result))["runs"][0]["results"]

    assert [found["ruleId"] for found in sarif] == [
        found["check"] for found in json.loads(to_json(result))["findings"]
    ]
    assert sarif[0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert to_text(result).splitlines()[-1].startswith("failed: 1 findings in 1 files")


def test_the_documentation_lists_the_checks(request: pytest.FixtureRequest) -> None:
    page = (request.config.rootpath / "docs" / "reference" / "audit.md").read_text()

    assert [line for line in page.splitlines() if line.startswith("| `")] == [
        f"| `{name}` | {sentence} |" for name, sentence in list_checks()
    ]


def test_a_raw_log_older_than_the_policy_is_found(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("\n".join(log_lines()))
    os.utime(log, (NOW.timestamp() - 31 * 86400,) * 2)
    request = Request((), NOW, (log,), rules=Rules(raw_log_days=30), shared_places=())

    assert [finding.check for finding in run_audit(request).findings if finding.level is Level.FINDING] == [
        "retention"
    ]


@pytest.mark.live
def test_the_self_test_passes_and_finds_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    from logstats.audit import selftest

    assert selftest.run_self_test() == []

    def leaking(folder: Path, mark: str) -> list[Any]:
        (folder / "tmp" / "left").write_text(f"spilled {mark}")
        return marks(folder, mark)

    marks = selftest._marks
    monkeypatch.setattr(selftest, "_marks", leaking)
    assert [finding.file for finding in selftest.run_self_test() if finding.check == "self-test"] == [
        "self-test/tmp/left"
    ]
