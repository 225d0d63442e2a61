"""`CustomLog "|logstats anonymize - -o access.log"`: the address never reaches the disk."""

from __future__ import annotations

import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count, takewhile
from pathlib import Path

import pytest

from tests.live.servers import Server, apache
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.live

# Apache writes raw.log itself, beside what it hands to the pipe: what is lost is seen there.
LOGS = """\
CustomLog "|{python} -m logstats anonymize - -o {directory}/access.log" combined
CustomLog {directory}/raw.log combined
"""
REQUESTS_BETWEEN = 100


@pytest.fixture
def server(tmp_path: Path, environment: dict[str, str]) -> Iterator[Server]:
    logs = LOGS.format(python=sys.executable, directory=tmp_path)
    with apache(tmp_path, logs, environment) as running:
        yield running


def get(path: str, *, referrer: str = "-", agent: str = "Mozilla/5.0 (X11; Linux x86_64)") -> bytes:
    headers = f"Host: www.example.com\r\nReferer: {referrer}\r\nUser-Agent: {agent}\r\n"
    return f"GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n".encode()


def lines_in(path: Path) -> list[bytes]:
    """Return the whole lines written so far."""
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def has_lines(path: Path, number: int) -> bool:
    return len(lines_in(path)) >= number


def paths_in(path: Path) -> Counter[bytes]:
    return Counter(re.findall(rb'"GET (/ok/\d+)', path.read_bytes() if path.exists() else b""))


def stop(server: Server) -> None:
    """Stop Apache as an init script does, and wait until it has gone."""
    server.tell("graceful-stop")
    server.process.wait(PATIENCE_SECONDS)


def test_one_line_appears_while_the_pipe_stays_open(server):
    server.exchange(get("/ok/1?email=jo@example.com", referrer="https://example.org/a/b?c=d"))
    written = server.directory / "access.log"
    wait_until(partial(has_lines, written, 1), "a line in access.log")

    (line,) = lines_in(written)
    assert re.fullmatch(
        rb'127\.0\.0\.0 - - \[[^]]+\] "GET /ok/1 HTTP/1\.1" 204 - '
        rb'"https://example\.org/?" "Mozilla/5\.0 \(X11; Linux x86_64\)"',
        line,
    )


def test_what_the_pipe_wrote_holds_no_address_and_no_query(server):
    secrets = [f"/ok/{n}?token=s3cret{n}&email=jo{n}@example.com" for n in range(20)]
    for n, path in enumerate(secrets):
        server.exchange(get(path), source=f"127.3.7.{n + 1}")
    written = server.directory / "access.log"
    wait_until(partial(has_lines, written, len(secrets)), "all lines in access.log")

    text = written.read_bytes()
    assert text.count(b"127.3.0.0 - - [") == len(secrets)
    assert not re.search(rb"127\.3\.7\.|s3cret|example\.com|127\.0\.0\.1", text)


def test_odd_requests_pass_or_are_withheld_but_never_leak(server):
    odd = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)),
        b"quit\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /two words HTTP/1.1\r\nHost: a\r\n\r\n",
        b'GET /ok/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUser-Agent: "quoted" \\ \xff\xe9\r\n\r\n',
        b"GET /ok/2 HTTP/1.0\r\nReferer: \r\n\r\n",
        b"GET http://www.example.com/ok/3?x=127.3.7.9 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ]
    for request in odd:
        server.exchange(request, source="127.3.7.9")
    server.exchange(get("/ok/99"), source="127.3.7.9")
    written, raw = server.directory / "access.log", server.directory / "raw.log"
    wait_until(lambda: b"/ok/99" in b"\n".join(lines_in(written)), "the last line in access.log")

    assert b"127.3.7.9" in raw.read_bytes()
    assert b"127.3.7.9" not in written.read_bytes()
    assert len(lines_in(written)) == len(lines_in(raw))


@pytest.mark.slow
def test_reloading_and_stopping_apache_loses_no_line_and_repeats_none(server):
    written, answered, enough = server.directory / "access.log", list[bytes](), threading.Event()

    def visit() -> None:
        numbers = takewhile(lambda _: not enough.is_set(), count())
        paths = (f"/ok/{number}" for number in numbers)
        answered.extend(
            path.encode() for path in paths if server.exchange(get(path)).startswith(b"HTTP/1.1 204")
        )

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        for _ in range(3):
            # Lines of requests that came well after a reload are written by the
            # new process: only then the next reload, so that each has one to end.
            wait_until(partial(has_lines, written, len(answered) + REQUESTS_BETWEEN), "lines in access.log")
            server.tell("graceful")
        wait_until(partial(has_lines, written, len(answered) + REQUESTS_BETWEEN), "lines in access.log")
    finally:
        enough.set()
        visitor.join()
    stop(server)
    wait_until(partial(has_lines, written, len(answered)), "all lines in access.log")

    assert paths_in(written) == paths_in(server.directory / "raw.log") == Counter(answered)


def test_a_restart_adds_to_the_log_that_is_there(tmp_path, environment):
    logs, written = LOGS.format(python=sys.executable, directory=tmp_path), tmp_path / "access.log"
    for number in (1, 2):
        with apache(tmp_path, logs, environment) as server:
            server.exchange(get(f"/ok/{number}"))
            wait_until(partial(has_lines, written, number), "a line in access.log")
            stop(server)

    assert paths_in(written) == Counter([b"/ok/1", b"/ok/2"])
