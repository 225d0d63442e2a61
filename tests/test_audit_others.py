"""What other programs keep of a log is found: the audit knows nothing of who made a file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.programs import find_program
from tests.test_audit_literals import audit

AWSTATS = Path("/usr/lib/cgi-bin/awstats.pl")
pytestmark = pytest.mark.live


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "access.log"
    line = '203.0.113.{} - - [12/Mar/2026:10:00:{:02d} +0000] "GET /a HTTP/1.1" 200 512 "-" "Mozilla/5.0 (X11) Chrome/121.0.0.0"\n'
    path.write_text("".join(line.format(n, n % 60) for n in range(1, 61)))
    return path


def kept(made: Path, log: Path) -> set[str]:
    return {
        finding.check
        for finding in audit(made, sources=(log,)).findings
        if finding.masked.startswith("203.0.x")
    }


@pytest.mark.live
def test_goaccess_keeps_addresses_in_its_database(log: Path, tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    command = [
        find_program("goaccess"),
        str(log),
        "--log-format=COMBINED",
        "--anonymize-ip",
        "--persist",
        f"--db-path={tmp_path / 'db'}",
    ]
    subprocess.run([*command, "-o", str(tmp_path / "g.json")], check=True, capture_output=True)

    assert {"address-literal", "source-address"} <= kept(tmp_path / "db", log)


@pytest.mark.live
def test_webalizer_shows_addresses(log: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    command = [find_program("webalizer"), "-Q", "-p", "-o", str(tmp_path / "out"), str(log)]
    subprocess.run(command, check=True, capture_output=True)

    assert {"address-literal", "source-address"} <= kept(tmp_path / "out", log)


@pytest.mark.skipif(not AWSTATS.exists(), reason="no awstats")
def test_awstats_keeps_addresses(log: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    settings = {"LogFile": log, "LogType": "W", "LogFormat": 1, "SiteDomain": "example.org", "DNSLookup": 0}
    settings |= {"DirData": tmp_path / "data", "HostAliases": "example.org"}
    (tmp_path / "awstats.a.conf").write_text(
        "".join(f'{name}="{value}"\n' for name, value in settings.items())
    )
    subprocess.run(
        ["perl", AWSTATS, "-config=a", f"-configdir={tmp_path}", "-update"], check=True, capture_output=True
    )

    assert {"address-literal", "source-address"} <= kept(tmp_path / "data", log)


def test_a_6to4_address_as_anonip_cuts_it_is_found(tmp_path: Path) -> None:
    (tmp_path / "anonip.log").write_text(
        '2002:cb00:7140:: - - [12/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n'
    )

    found = audit(tmp_path / "anonip.log").findings

    assert [(finding.check, finding.place) for finding in found] == [("address-literal", "line 1")]
