"""Queries, referrers and users of URLs in free text: gone, and every other byte stays."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logstats.pii.written_urls import find_queries
from tests.conftest import Logstats

SECRET = "Kowalska"
NGINX = '2026/02/01 10:00:00 [error] 7#7: *9 open() "/srv/x" failed, client: 203.0.113.9, server: _, '
CASES = {
    "nginx request": (
        NGINX + f'request: "GET /a/b?q={SECRET}&r=1 HTTP/1.1", host: "www.example.org"',
        NGINX.replace("203.0.113.9", "203.0.0.0") + 'request: "GET /a/b HTTP/1.1", host: "www.example.org"',
    ),
    "quotes and blanks in the query": (
        f'request: "GET /a?q="Ewa {SECRET}" x HTTP/1.1", host: "www.example.org"',
        'request: "GET /a HTTP/1.1", host: "www.example.org"',
    ),
    "nginx upstream and referrer": (
        f'upstream: "http://web:8080/a?q={SECRET}", referrer: "https://www.example.org/x/{SECRET}?q"',
        'upstream: "http://web:8080/a", referrer: "https://www.example.org/"',
    ),
    "subrequest": (f'subrequest: "/auth?user={SECRET}", host: "h"', 'subrequest: "/auth", host: "h"'),
    "Apache referer": (
        f"File does not exist: /srv/a.png, referer: https://www.example.org/{SECRET}?a=b c",
        "File does not exist: /srv/a.png, referer: https://www.example.org/",
    ),
    "a referrer that is no URL": ("x, referer: about:config", "x, referer: -"),
    "no referrer": ("File does not exist: /srv/a.png, referer: -", None),
    "a request without quotes": (
        f"Invalid URI in request GET /a?b c {SECRET} HTTP/1.1",
        "Invalid URI in request GET /a HTTP/1.1",
    ),
    "a URL": (
        f"see https://example.org/a?q={SECRET}, and (http://example.org/?{SECRET}).",
        "see https://example.org/a, and (http://example.org/).",
    ),
    "a path in apostrophes": (f"rewrite '/a' -> '/b?n={SECRET}'", "rewrite '/a' -> '/b'"),
    "an apostrophe in a name": (f"rewrite '/a' -> '/b?n=O'{SECRET}', '/c'", "rewrite '/a' -> '/b', '/c'"),
    "paths side by side": (f"'/a?n={SECRET}','/b?{SECRET}':`c?n={SECRET}`", "'/a','/b':`c`"),
    "a relative path": (f"loaded index.php?user={SECRET}; next", "loaded index.php; next"),
    "a name with an equals sign": (f"uri=/a?{SECRET} n=1", "uri=/a n=1"),
    "a fragment": (f"to https://example.org/#token={SECRET} x", "to https://example.org/ x"),
    "a user": (f"GET ftp://anna:p@{SECRET}@ftp.example.org/a", "GET ftp://ftp.example.org/a"),
    "JSON in text": (f'{{"url":"/a?q={SECRET}","n":1}}', '{"url":"/a","n":1}'),
    "JSON in quotes": (f'said "{{\\"url\\":\\"/a?q={SECRET}\\"}}"', 'said "{\\"url\\":\\"/a\\"}"'),
    "a bracket before the query": (
        f'open() "/srv/Foo_(bar)?n={SECRET}" failed, see https://example.org/a[0]?n={SECRET} and /a\\?n={SECRET}',
        'open() "/srv/Foo_(bar)" failed, see https://example.org/a[0] and /a\\',
    ),
    "prose": (
        "what? is /etc/passwd there?! either/or?yes (see /srv/a?) \"?\" '?' https://example.org/?",
        None,
    ),
    "patterns": (
        r'Pattern match "(?i)(?:^|\\W)(?:width|height)?\\W*?=[^>]+?" at ARGS:/a(?:b)?/c*?x /a[0-9]?b',
        None,
    ),
    "patterns with names": (r"(?P<name>a=b) (?=x) ^/a(.*)?$ (?<n>a)", None),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_queries_referrers_and_users_of_urls_go_from_free_text(
    logstats: Logstats, text: str, expected: str | None
) -> None:
    done = logstats("anonymize", "--format", "text", "-", input=text.encode() + b"\n")

    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == (text if expected is None else expected) + "\n"


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_a_text_without_them_stays_as_it_is(logstats: Logstats, text: str, expected: str | None) -> None:
    once = text if expected is None else expected

    assert logstats("anonymize", "--format", "text", "-", input=once.encode()).stdout.decode() == once


@pytest.mark.parametrize("kind", ["nginx_error", "apache_error", "php_fpm_error"])
def test_no_error_log_keeps_a_query(logstats: Logstats, kind: str) -> None:
    lines = {
        "nginx_error": CASES["nginx request"][0],
        "apache_error": "[Sun Feb 01 10:00:00.169510 2026] [core:error] [pid 7] [client 203.0.113.9:5] "
        + CASES["Apache referer"][0],
        "php_fpm_error": f"[01-Feb-2026 10:00:00] WARNING: [pool www] child 7 said: GET /a?q={SECRET} failed",
    }
    done = logstats("anonymize", "--format", kind, "-", input=lines[kind].encode())

    assert done.returncode == 0, done.stderr
    assert b"failed" in done.stdout or b"exist" in done.stdout
    assert SECRET.encode() not in done.stdout


def test_bytes_that_are_no_utf8_stay_and_hide_no_query(logstats: Logstats) -> None:
    text = b"caf\xe9 GET /\xe0?n=\xc3\xa0\xe0%s HTTP/1.1 \xff" % SECRET.encode()

    assert (
        logstats("anonymize", "--format", "text", "-", input=text).stdout
        == b"caf\xe9 GET /\xe0 HTTP/1.1 \xff"
    )


PIECES = [
    "?",
    "a=b",
    " ",
    '"',
    "/",
    "GET ",
    " HTTP/1.1",
    "https://",
    'request: "',
    'referrer: "',
    ", referer: ",
    "'",
    "x",
    "(",
    ")",
    ",",
    "#",
    "\\",
    "é",
    "\xa0",
]
texts = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@given(texts)
@example("GET /?a=b HTTP/1.1?a=b")
@example("/)?a=b")
@example("?(?a=b")
@example("'/?)''\xa0?a=b")
def test_what_is_found_stands_in_order_and_is_gone_when_taken_out(text: str) -> None:
    found = list(find_queries(text))
    ends = [0, *(place for one in found for place in (one.start, one.end)), len(text)]
    left = "".join(text[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True))

    assert ends == sorted(ends)
    assert all(one.is_referrer or text[one.start] in "?#" for one in found)
    assert not re.search(r"(?<!\()\?a=b", left)


@pytest.mark.parametrize(
    "piece",
    [
        "?",
        "/?",
        "a?",
        "GET /",
        'request: "GET /',
        'referrer: "',
        "http://",
        "?a=",
        "#",
        "(?",
        '"',
        "'/?a'",
        "'http://#a=b'",
    ],
    ids=repr,
)
def test_each_stretch_is_looked_at_once(piece: str) -> None:
    """A hundred thousand of anything are done at once; the square of that would never end."""
    assert sum(1 for _ in find_queries(piece * 100_000)) <= 100_000


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name",
    [
        "advertools/nginx_error.log",
        "netnea-apache-labor/labor-07-example-error.log-step-9",
        "loghub/Apache_2k.log",
    ],
)
def test_question_marks_of_real_error_logs_stay(name: str, corpus: Path) -> None:
    """125 of their lines have some, all of them of patterns and prose."""
    text = (corpus / "real" / name).read_bytes().decode("latin-1")

    assert [text[one.start : one.end] for one in find_queries(text)] == []
