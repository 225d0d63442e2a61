"""Write a log like a busy site's: the same bytes for the same options.

Few pages and clients make most of the hits (Zipf), the rest is a long tail, as
in real logs. Nothing comes from a real log, and what is written is thrown
away: no generated log belongs into the repository.

    python -m benchmarks.make_log -o build/bench/2m.log
    python -m benchmarks.make_log --lines 1000 --format nginx_json -o -
    python -m benchmarks.make_log --distinct -o build/bench/2m-distinct.log
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import IO, cast

from benchmarks.layouts import FORMATS, HOST_WEIGHTS, HOSTS, W3C_HEADER, WRITTEN_ANEW, in_format
from benchmarks.website import CHROME, DESKTOPS, WORDS, Site, make_site

FIRST_DAY = datetime(2026, 2, 2, tzinfo=UTC)
CHUNK_LINES = 50_000
QUERY_SHARE = 0.20
# One line in so many is what scanners, odd clients and full disks leave.
ODD_LINE_EVERY = 2_000
# Share of a day's hits in each hour: quiet at night, most in the evening.
HOUR_WEIGHTS = (
    *(18, 13, 10, 9, 9, 12, 20, 32, 45, 52, 55, 57),
    *(58, 60, 59, 57, 56, 58, 62, 66, 68, 60, 45, 29),
)  # fmt: skip
EMPTY_ANSWERS = {"304": 0, "204": 0, "301": 162, "302": 154, "499": 0, "500": 170, "502": 150}
# What no format fits, or only just; bytes, because some are no UTF-8.
ODD_REQUESTS = (
    b'"-" 408 - "-" "-"',
    b'"" 400 0 "-" "-"',
    b'"quit" 400 173 "-" "-"',
    b'"GET /" 200 512 "-" "-"',
    b'"GET /two words.html HTTP/1.1" 404 196 "-" "curl/8.5.0"',
    rb'"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03\x8E\xA7" 400 226 "-" "-"',
    rb'"GET /?q=\"quoted\" HTTP/1.1" 200 901 "https://example.net/\"a\"" "curl/8.5.0"',
    rb'"GET /a HTTP/1.1" 200 77 "-" "Mozilla/5.0 \"Special\" Edition"',
    b'"GET /a HTTP/1.0" 000 - "-" "-"',
    b'"GET http://192.0.2.1/judge.php HTTP/1.1" 404 196 "-" "-"',
    b'"CONNECT example.net:443 HTTP/1.1" 405 - "-" "-"',
)
ODD_LINES = (b"", b"", b"segmentation fault", b"\x00" * 40, b'"GET / HTTP/1.1" 200')
NOT_UTF8 = b'"GET /caf\xe9/men\xfc HTTP/1.1" 200 512 "-" "Mozilla/4.0 (fran\xe7ais)"'


def line_times(first: int, last: int, lines: int, days: int) -> Iterator[str]:
    """Yield the times of lines `first` to `last` of a log of `lines`, in order."""
    total = days * sum(HOUR_WEIGHTS)
    ends = list(accumulate(HOUR_WEIGHTS * days))
    hour, second, text = 0, -1, ""
    for number in range(first, last):
        position = number * total / lines
        while position >= ends[hour]:
            hour += 1
        weight = HOUR_WEIGHTS[hour % 24]
        now = hour * 3600 + int(3600 * (1 - (ends[hour] - position) / weight))
        if now != second:
            second = now
            text = f"{FIRST_DAY + timedelta(seconds=now):%d/%b/%Y:%H:%M:%S} +0000"
        yield text


def draw_lines(rng: Random, site: Site, times: Sequence[str]) -> list[str]:
    """Return one combined line for each time, without the end of the line."""
    count = len(times)
    visitors = site.visitors.draw(rng, count)
    pages = site.pages.draw(rng, count)
    statuses = site.statuses.draw(rng, count)
    referrers = site.referrers.draw(rng, count)
    random, queries, missing = rng.random, site.queries, site.missing
    lines = []
    for visitor, time, page, status, referrer in zip(
        visitors, times, pages, statuses, referrers, strict=True
    ):
        draw = random()
        query = queries[int(draw / QUERY_SHARE * len(queries))] if draw < QUERY_SHARE else ""
        request, size = missing[int(draw * len(missing))] if status == "404" else page
        lines.append(
            f'{visitor.before_time}{time}] "{request}{query} {visitor.protocol}" {status} '
            f'{EMPTY_ANSWERS.get(status, size)} "{"-" if visitor.is_bot else referrer}" '
            f'"{visitor.agent}"'
        )
    return lines


def distinct_lines(first: int, times: Sequence[str]) -> list[str]:
    """Return lines that all differ in path, client and agent: the worst log."""
    lines = []
    for number, time in enumerate(times, start=first):
        # An odd multiplier permutes 0 .. 2**24-1, so that neighbours look unlike
        # and no address comes twice in the first 16,777,216 lines.
        mixed = number * 10_368_889 & 0xFFFFFF
        host = f"10.{mixed >> 16}.{mixed >> 8 & 255}.{mixed & 255}"
        if number % 7 == 0:
            host = f"2001:{mixed >> 8:x}:{mixed & 255:x}::{number % 251 + 1:x}"
        path = f"/{WORDS[mixed % len(WORDS)]}/{WORDS[mixed % 97]}-{WORDS[mixed % 89]}-{number}"
        agent = f"Mozilla/5.0 ({DESKTOPS[mixed % 5]}) {CHROME}{mixed % 60 + 80}.0.{number}.1"
        lines.append(
            f'{host} - - [{time}] "GET {path}?id={mixed:x} HTTP/1.1" 200 {mixed % 90_000} '
            f'"https://site{mixed % 9_973}.example.net/{number}" "{agent} Safari/537.36"'
        )
    return lines


def _odd_line(rng: Random, line: bytes) -> bytes:
    """Return an odd line with the address and time of the line that it replaces."""
    kind = rng.randrange(40)
    if kind == 0:
        return line[: line.index(b'"')] + NOT_UTF8
    if kind < 6:
        return ODD_LINES[kind - 1]
    return line[: line.index(b'"')] + ODD_REQUESTS[kind % len(ODD_REQUESTS)]


def _in_format(lines: list[str], name: str, rng: Random) -> list[str]:
    """Return combined lines with less or more before and behind them."""
    if name == "common":
        return [line.rsplit(' "', 2)[0] for line in lines]
    if name in {"vhost_combined", "vhost_duration"}:
        hosts = rng.choices(HOSTS, weights=HOST_WEIGHTS, k=len(lines))
        lines = [f"{host} {line}" for host, line in zip(hosts, lines, strict=True)]
    if name in {"combined_duration", "vhost_duration"}:
        lines = [f"{line} {int(rng.lognormvariate(9.5, 1.5))}" for line in lines]
    return lines


def make_blocks(
    *, lines: int, days: int, seed: int, layout: str = "combined", distinct: bool = False
) -> Iterator[bytes]:
    """Yield a log as blocks of whole lines.

    Args:
        lines: Number of lines, the blank ones among them.
        days: Days they spread over, from `FIRST_DAY` 00:00:00 UTC on.
        seed: Another seed gives another site with other visitors.
        layout: One of `FORMATS`.
        distinct: Every line has a path, a client and an agent of its own,
            and none is odd.

    Yields:
        Up to `CHUNK_LINES` lines each; the same bytes for the same arguments.
    """
    rng = Random(seed)
    site = None if distinct else make_site(rng, lines)
    for first in range(0, lines, CHUNK_LINES):
        last = min(first + CHUNK_LINES, lines)
        times = list(line_times(first, last, lines, days))
        drawn = distinct_lines(first, times) if site is None else draw_lines(rng, site, times)
        block = "\n".join(_in_format(drawn, layout, rng)).encode("ascii").split(b"\n")
        if site is not None:
            for number in range(-first % ODD_LINE_EVERY, len(block), ODD_LINE_EVERY):
                block[number] = _odd_line(rng, block[number]) if first + number else block[number]
        if layout in WRITTEN_ANEW:
            block = in_format(block, layout, rng)
        if layout == "w3c" and not first:
            block[:4] = W3C_HEADER.split(b"\n")
        yield b"\n".join(block) + b"\n"


@contextmanager
def _output(name: str) -> Iterator[IO[bytes]]:
    """Open a file, a .gz file (level 6, as logrotate makes it) or stdout (`-`)."""
    if name == "-":
        yield sys.stdout.buffer
        return
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".gz"):
        with gzip.GzipFile(name, "wb", compresslevel=6, mtime=0) as packed:
            yield cast("IO[bytes]", packed)
        return
    with Path(name).open("wb") as plain:
        yield plain


def main() -> None:
    """Write one log."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0])
    parser.add_argument("--distinct", action="store_true", help="no two lines alike")
    parser.add_argument("-o", "--output", required=True, help="a file, .gz or not, or -")
    options = parser.parse_args()
    with _output(options.output) as output:
        for block in make_blocks(
            lines=options.lines,
            days=options.days,
            seed=options.seed,
            layout=options.format,
            distinct=options.distinct,
        ):
            output.write(block)


if __name__ == "__main__":
    main()
