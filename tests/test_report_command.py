"""`logstats report` as a user runs it: the site's names, languages, colour, the ledger."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Logstats

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def log_lines(*, visitors: int = 30) -> str:
    """A log in which everybody came from a page of the site, and asked one of its two names."""
    return "".join(
        f"www.example.org 198.51.100.{number} - - [01/Feb/2026:10:{number:02d}:00 +0000] "
        f'"GET /a HTTP/1.1" 200 512 "https://www.example.org/b" "{AGENT}"\n'
        for number in range(visitors)
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_text(log_lines())
    return path


def tables(path: Path) -> dict[str, list[dict[str, object]]]:
    return {name: table["rows"] for name, table in json.loads(path.read_text())["tables"].items()}


def test_links_from_the_named_site_are_internal_and_its_name_is_shown(
    log: Path, logstats: Logstats, tmp_path: Path
) -> None:
    without = logstats("report", log, "-o", "without.json")
    done = logstats("report", log, "-o", "with.json", "--site", "WWW.example.org", "--site", "example.net")

    assert (without.returncode, done.returncode) == (0, 0)
    assert tables(tmp_path / "without.json")["referrers"][0]["referrer"] == "example.org"
    found = tables(tmp_path / "with.json")
    assert found["referrers"][0]["referrer"] == "(internal)"
    assert found["vhosts"][0]["vhost"] == "www.example.org"
    assert json.loads((tmp_path / "with.json").read_text())["site"] == "www.example.org, example.net"


@pytest.mark.parametrize(
    "sites",
    [
        ("--site", "www.example.org,shop.example.org"),
        ("--site", "www.example.org", "--site", "SHOP.example.org"),
    ],
    ids=["list", "several times"],
)
@pytest.mark.parametrize("kind", ["combined", "json"])
def test_virtual_hosts_that_are_listed_are_named_and_no_others(
    sites: tuple[str, ...], kind: str, logstats: Logstats, tmp_path: Path
) -> None:
    hosts = ["www.example.org"] * 30 + ["shop.example.org"] * 20 + ["secret.example.net"] * 15
    lines = [
        f'{host}:443 198.51.100.{n} - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "{AGENT}"'
        if kind == "combined"
        else json.dumps(
            {"time": "2026-02-01T10:00:00Z", "remote_addr": f"198.51.100.{n}", "request": "GET / HTTP/1.1",
             "status": 200, "http_host": host, "http_user_agent": AGENT}
        )
        for n, host in enumerate(hosts)
    ]  # fmt: skip
    (tmp_path / "hosts.log").write_text("\n".join(lines) + "\n")
    done = logstats("report", "hosts.log", "-o", "hosts.json", *sites)

    assert done.returncode == 0, done.stderr
    found = {row["vhost"]: row["hits"] for row in tables(tmp_path / "hosts.json")["vhosts"]}
    assert found == {"www.example.org": 30, "shop.example.org": 20, "(other host)": 15}
    assert "secret" not in (tmp_path / "hosts.json").read_text()


def test_a_site_that_is_no_host_name_is_refused(log: Path, logstats: Logstats) -> None:
    done = logstats("report", log, "--site", "not a host")

    assert done.returncode == 2
    assert b"no host name" in done.stderr


def test_naming_a_site_does_not_change_the_policy(log: Path, logstats: Logstats, tmp_path: Path) -> None:
    """A report with --site passes the audit against the policy by its name."""
    logstats("report", log, "-o", "r.json", "--site", "example.org")

    done = logstats("audit", "r.json", "--policy", "default")

    assert done.returncode == 0, done.stdout


def test_the_page_speaks_the_language_asked_for(log: Path, logstats: Logstats, tmp_path: Path) -> None:
    done = logstats("report", log, "-o", "r.html", "--lang", "de")
    wrong = logstats("report", log, "-o", "r.html", "--lang", "xx")

    assert done.returncode == 0
    assert '<html lang="de"' in (tmp_path / "r.html").read_text()
    assert wrong.returncode == 2


def test_the_kinds_of_output_are_listed_without_a_log(logstats: Logstats) -> None:
    done = logstats("report", "--list-outputs")

    kinds = [line.split()[0] for line in done.stdout.decode().splitlines()]
    assert done.returncode == 0
    assert kinds == [".html", ".json", ".csv", ".md", ".parquet", ".xlsx", ".prom", "dir/"]


def on_a_terminal(environment: dict[str, str], *args: str) -> bytes:
    """Return what a command writes to a terminal."""
    mine, its = pty.openpty()
    command = [sys.executable, "-m", "logstats", *args]
    with subprocess.Popen(
        command, stdout=its, stderr=its, stdin=its, env=environment, close_fds=True
    ) as process:
        os.close(its)
        written = b""
        try:
            while piece := os.read(mine, 65536):
                written += piece
        except OSError:  # Linux ends the reading of a closed terminal with EIO
            pass
        process.wait()
    os.close(mine)
    return written


@pytest.mark.parametrize(
    ("args", "extra", "coloured"),
    [((), {}, True), (("--no-color",), {}, False), ((), {"NO_COLOR": "1"}, False)],
    ids=["colour", "--no-color", "NO_COLOR"],
)
def test_colour_is_for_terminals_that_want_it(
    log: Path, environment: dict[str, str], args: tuple[str, ...], extra: dict[str, str], coloured: bool
) -> None:
    around = {k: v for k, v in environment.items() if k != "NO_COLOR"} | {"TERM": "xterm-256color"} | extra

    written = on_a_terminal(around, "report", str(log), "-q", *args)

    assert b"What is of most interest" in written
    assert (b"\x1b[" in written) == coloured


def test_a_run_is_noted_and_the_next_report_names_it(log: Path, logstats: Logstats, tmp_path: Path) -> None:
    for name in ("one.json", "two.json"):
        done = logstats("report", log, "-o", name, "-o", "tables/", "--ledger", "ledger.jsonl")
        assert done.returncode == 0, done.stderr

    entries = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    one, two = (json.loads((tmp_path / name).read_text())["ledger"] for name in ("one.json", "two.json"))
    assert one == {"line": 0}
    assert two["line"] == 1
    assert entries[1]["before"].startswith(two["head"])
    assert entries[1]["statement"]["subject"][0]["name"] == "two.json"
    assert entries[1]["statement"]["predicate"]["counts"]["read"] == 30
    assert entries[0]["statement"]["predicate"]["inputs"][0]["name"] == "access.log"


def test_the_nonce_of_the_inputs_is_for_its_owner_alone(
    log: Path, logstats: Logstats, tmp_path: Path
) -> None:
    logstats("report", log, "-o", "r.json", "--ledger", "ledger.jsonl")

    nonces = tmp_path / "ledger.jsonl.nonces"
    assert stat.S_IMODE(nonces.stat().st_mode) == 0o600
    assert json.loads(nonces.read_text())["nonce"] not in (tmp_path / "ledger.jsonl").read_text()


def test_audit_holds_outputs_and_logs_to_the_ledger(log: Path, logstats: Logstats, tmp_path: Path) -> None:
    logstats("report", log, "-o", "out/r.json", "--ledger", "ledger.jsonl")
    words = ("audit", "out", "--ledger", "ledger.jsonl", "--source", log)

    before = logstats(*words)
    log.write_text(log_lines(visitors=29) + log_lines(visitors=1))
    other_log = logstats(*words)
    log.write_text(log_lines())
    report = tmp_path / "out" / "r.json"
    report.write_text(report.read_text().replace('"generated": "20', '"generated": "21'))
    edited = logstats(*words)

    assert before.returncode == 0, before.stdout
    assert other_log.returncode == 1
    assert b"not what the run read" in other_log.stdout
    assert edited.returncode == 1
    assert b"changed since the run that made it" in edited.stdout


def test_standard_input_is_noted_as_such(logstats: Logstats, tmp_path: Path) -> None:
    done = logstats("report", "-", "-o", "r.json", "--ledger", "ledger.jsonl", input=log_lines().encode())

    entry = json.loads((tmp_path / "ledger.jsonl").read_text())
    assert done.returncode == 0
    assert entry["statement"]["predicate"]["inputs"] == []
    assert entry["statement"]["predicate"]["configuration"]["standard_input"] is True
    assert not (tmp_path / "ledger.jsonl.nonces").exists()


def test_a_ledger_that_is_broken_stops_before_the_report_is_replaced(
    log: Path, logstats: Logstats, tmp_path: Path
) -> None:
    (tmp_path / "ledger.jsonl").write_text('{"cut off')

    done = logstats("report", log, "-o", "r.json", "--ledger", "ledger.jsonl")

    assert done.returncode == 4
    assert not (tmp_path / "r.json").exists()
