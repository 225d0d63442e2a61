"""The lines of the made-up log as other servers write them: the same hits in another format.

Everything is told by the combined line; what it does not tell (durations, virtual hosts,
headers) is drawn. Nothing here reads as logstats does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from random import Random
from typing import Final, NamedTuple

FORMATS: Final = (
    "combined",
    "common",
    "vhost_combined",
    "combined_duration",
    "vhost_duration",
    "nginx_json",
    "caddy",
    "w3c",
)
HOSTS: Final = ("www.example.com:443", "shop.example.com:443", "docs.example.org:80")
HOST_WEIGHTS: Final = (6, 3, 1)
# Fields of IIS as it is installed (W3C Logging, default fields).
W3C_HEADER: Final = (
    b"#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2026-02-02 00:00:00\n"
    b"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
    b"cs(Referer) sc-status sc-substatus sc-win32-status time-taken"
)
_QUOTED: Final = r'"((?:[^"\\]|\\.)*)"'
_COMBINED: Final = re.compile(
    rf"(\S+) - (\S+) \[([^]]+)\] {_QUOTED} (\S+) (\S+) {_QUOTED} {_QUOTED}", re.DOTALL
)
# What browsers send along, as Caddy logs it: the same for one kind of browser.
_HEADERS: Final = (
    {"Accept": ["*/*"]},
    {"Accept": ["*/*"], "Accept-Encoding": ["gzip"], "Connection": ["close"]},
    {
        "Accept": ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
        "Accept-Encoding": ["gzip, deflate, br, zstd"],
        "Accept-Language": ["en-GB,en;q=0.5"],
        "Sec-Fetch-Dest": ["document"],
        "Sec-Fetch-Mode": ["navigate"],
        "Sec-Fetch-Site": ["none"],
        "Upgrade-Insecure-Requests": ["1"],
    },
    {
        "Accept": ["image/avif,image/webp,*/*"],
        "Accept-Encoding": ["gzip, deflate, br"],
        "Accept-Language": ["de,en-US;q=0.7,en;q=0.3"],
        "Sec-Ch-Ua": ['"Chromium";v="144", "Not A(Brand";v="24"'],
        "Sec-Ch-Ua-Mobile": ["?0"],
        "Sec-Ch-Ua-Platform": ['"Windows"'],
        "Sec-Fetch-Dest": ["image"],
        "Sec-Fetch-Mode": ["no-cors"],
        "Sec-Fetch-Site": ["same-origin"],
    },
)
# One in so many requests comes with a kind of headers whose values hold escaped quotes.
_HEADER_WEIGHTS: Final = (6, 10, 60, 24)


class Hit(NamedTuple):
    """What a combined line tells, nothing escaped."""

    host: str
    user: str
    time: str
    request: str
    status: str
    size: str
    referrer: str
    agent: str

    def iso(self) -> str:
        """Return the time as ISO 8601 has it."""
        return datetime.strptime(self.time, "%d/%b/%Y:%H:%M:%S %z").isoformat()


def in_format(lines: Iterable[bytes], name: str, rng: Random) -> list[bytes]:
    """Return combined lines in another format; a line that is none stays as it is."""
    write = _WRITERS[name]
    written = []
    for line in lines:
        # latin-1, so that a byte is a character, whatever it is.
        match = _COMBINED.fullmatch(line.decode("latin-1"))
        text = None if match is None else write(Hit(*map(_unescape, match.groups())), rng)
        written.append(line if text is None else text.encode("latin-1"))
    return written


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return re.sub(r"\\(?:x(..)|(.))", lambda m: chr(int(m[1], 16)) if m[1] else m[2], text)


def _nginx_json(hit: Hit, rng: Random) -> str:
    """As `escape=json` writes it: control characters, quotes and backslashes escaped, all else raw."""
    values = {
        "time_iso8601": hit.iso(),
        "remote_addr": hit.host,
        "remote_user": "" if hit.user == "-" else hit.user,
        "request": hit.request,
        "status": int(hit.status),
        "body_bytes_sent": _size(hit),
        "request_time": round(rng.lognormvariate(-3.5, 1.5), 3),
        "http_referrer": "" if hit.referrer == "-" else hit.referrer,
        "http_user_agent": "" if hit.agent == "-" else hit.agent,
        "http_host": _virtual_host(rng),
    }
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _caddy(hit: Hit, rng: Random) -> str:
    method, _, rest = hit.request.partition(" ")
    target, _, protocol = rest.rpartition(" ")
    headers = dict(rng.choices(_HEADERS, weights=_HEADER_WEIGHTS)[0])
    headers |= {"User-Agent": [hit.agent]} if hit.agent != "-" else {}
    headers |= {"Referer": [hit.referrer]} if hit.referrer != "-" else {}
    virtual_host = _virtual_host(rng)
    values = {
        "level": "info",
        "ts": datetime.fromisoformat(hit.iso()).timestamp() + rng.randrange(10**6) / 10**6,
        "logger": "http.log.access.log0",
        "msg": "handled request",
        "request": {
            "remote_ip": hit.host,
            "remote_port": str(rng.randrange(1024, 65536)),
            "client_ip": hit.host,
            "proto": protocol,
            "method": method,
            "host": virtual_host,
            "uri": target,
            "headers": dict(sorted(headers.items())),
            "tls": {
                "resumed": False,
                "version": 772,
                "cipher_suite": 4865,
                "proto": "h2",
                "server_name": virtual_host,
            },
        },
        "bytes_read": 0,
        "user_id": "" if hit.user == "-" else hit.user,
        "duration": round(rng.lognormvariate(-5, 1.5), 9),
        "size": _size(hit),
        "status": int(hit.status),
        "resp_headers": {"Server": ["Caddy"], "Content-Type": ["text/html; charset=utf-8"]},
    }
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _w3c(hit: Hit, rng: Random) -> str | None:
    """As IIS writes it: a blank in a value is a plus; None for a request that IIS would not have logged."""
    words = hit.request.split(" ")
    if len(words) != 3:
        return None
    path, _, query = words[1].partition("?")
    day, clock = hit.iso()[:19].split("T")
    values = [
        *(day, clock, "192.0.2.1", words[0], path, query or "-", "443", hit.user, hit.host),
        *(hit.agent or "-", hit.referrer, hit.status, "0", "0", str(int(rng.lognormvariate(3, 1.5)))),
    ]
    return " ".join(value.replace(" ", "+") for value in values)


def _size(hit: Hit) -> int:
    return 0 if hit.size == "-" else int(hit.size)


def _virtual_host(rng: Random) -> str:
    return rng.choices(HOSTS, weights=HOST_WEIGHTS)[0].partition(":")[0]


_WRITERS: Final[dict[str, Callable[[Hit, Random], str | None]]] = {
    "nginx_json": _nginx_json,
    "caddy": _caddy,
    "w3c": _w3c,
}
# Formats that share no part of their lines with combined.
WRITTEN_ANEW: Final = frozenset(_WRITERS)
