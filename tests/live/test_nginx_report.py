"""What nginx logged of requests that were really sent is what the report says."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Logstats
from tests.live.servers import nginx
from tests.waiting import wait_until

pytestmark = pytest.mark.live

LOCATIONS = """\
        location = / { return 200 "a page of 18 bytes"; }
        location = /style.css { return 200 "p{}"; }
        location = /gone { return 410; }
        location = /moved { return 301 /; }
        location = /broken { return 500; }
        location / { return 404; }"""
FIREFOX = b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
GOOGLEBOT = b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
# Enough people behind each row that no policy hides it.
CLIENT_COUNT = 25


def get(path: bytes, *, agent: bytes = FIREFOX, method: bytes = b"GET") -> bytes:
    headers = b"Host: a\r\nConnection: close\r\nUser-Agent: " + agent + b"\r\n\r\n"
    return method + b" " + path + b" HTTP/1.1\r\n" + headers


ORDINARY = [
    get(b"/"),
    get(b"/?email=jo@example.com"),
    get(b"/style.css"),
    get(b"/gone"),
    get(b"/moved"),
    get(b"/broken"),
    get(b"/missing/page"),
    get(b"/", agent=GOOGLEBOT),
    get(b"/", method=b"HEAD"),
    get(b"/", method=b"POST"),
]
# What scanners and broken clients send. nginx writes one line for each, most with status 400.
ODD = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)),
    b"quit\r\n\r\n",
    b"GET\r\n\r\n",
    b"\x00\x00\x00\r\n\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    get(b"/two words"),
    get(b"/", agent=b'a "quoted" \\ agent \xff\xe9'),
    get(b"/", agent=b""),
    get(b'/"quoted"/\xff\xe9'),
    b"get / http/1.0\r\n\r\n",
    b"GET http://other.example.org/?a=b HTTP/1.1\r\nHost: other.example.org\r\nConnection: close\r\n\r\n",
    b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n",
]


@dataclass(frozen=True, slots=True)
class Logged:
    """A log that nginx wrote, and the statuses and bodies that the clients received."""

    log: Path
    statuses: Counter[int]
    body_bytes: int
    requests: int


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Logged:
    directory = tmp_path_factory.mktemp("nginx")
    with nginx(directory, LOCATIONS) as server:
        answers = [
            server.exchange(request, source=f"127.8.1.{client + 1}")
            for client in range(CLIENT_COUNT)
            for request in ORDINARY + ODD
        ]
        log = directory / "access.log"
        wait_until(lambda: log.read_bytes().count(b"\n") >= len(answers), "all lines in access.log")
    statuses = Counter(int(answer.split(b" ")[1]) for answer in answers if answer.startswith(b"HTTP/"))
    bodies = sum(len(answer.partition(b"\r\n\r\n")[2]) for answer in answers)
    return Logged(log, statuses, bodies, len(answers))


@pytest.fixture
def report(logged: Logged, logstats: Logstats, tmp_path: Path) -> dict[str, Any]:
    done = logstats("report", logged.log, "-o", tmp_path / "report.json", "-q")

    assert (done.returncode, done.stderr) == (0, b"")
    read: dict[str, Any] = json.loads((tmp_path / "report.json").read_bytes())
    return read


def test_every_request_is_a_hit_and_no_line_is_rejected(logged, report):
    lines = report["lines"]

    assert lines["read"] == lines["parsed"] == logged.requests
    assert sum(lines["rejected"].values()) == lines["blank"] == 0
    assert report["totals"]["hits"] == logged.requests


def test_bytes_and_errors_are_those_the_clients_received(logged, report):
    totals = report["totals"]

    assert totals["bytes_sent"] == logged.body_bytes
    assert totals["client_errors"] == sum(n for status, n in logged.statuses.items() if 400 <= status < 500)
    assert totals["server_errors"] == sum(n for status, n in logged.statuses.items() if status >= 500)


def test_statuses_are_those_the_clients_received(logged, report):
    rows = report["tables"]["statuses"]["rows"]
    shown = {int(row["status"]): row["hits"] for row in rows if str(row["status"]).isdigit()}

    assert shown == {status: logged.statuses[status] for status in shown}
    assert sum(row["hits"] for row in rows) == logged.requests
    assert {200, 404} <= shown.keys()


def test_the_report_names_no_client(logged, report):
    assert b"127.8.1.7 - - [" in logged.log.read_bytes()
    assert "127.8.1." not in json.dumps(report)
    assert "example.com" not in json.dumps(report)


def test_anonymize_changes_the_addresses_and_keeps_every_line(logged, logstats):
    done = logstats("anonymize", logged.log)
    before, after = logged.log.read_bytes(), done.stdout

    assert done.returncode == 0
    assert after.count(b"\n") == before.count(b"\n") == after.count(b"127.8.0.0 - - [")
    assert b"127.8.1." not in after
    assert b"jo@example.com" not in after
