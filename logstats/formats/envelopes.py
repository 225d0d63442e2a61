r"""What stands around a log line: syslog, containers, quotes, colours.

An envelope is taken off only when the line as it stands fits no format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from logstats.frozen import frozen

_MONTH: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_STAMP: Final = rf"{_MONTH} [ \d]?\d (?:\d{{4}} )?\d\d:\d\d:\d\d(?:\.\d{{1,6}})?"
_HEADER: Final = r"\S{1,255} \S{1,48} \S{1,128} \S{1,32}"
_ISO: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_TAG: Final = r"[^\s:\[\]]{1,64}(?:\[[^\]\s]{1,32}\])?: ?"
# What a line may begin with. Each pattern is tried once at the beginning and is bounded.
_PREFIXES: Final = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        # RFC 3164, with or without level, year and host
        rf"(?:<\d{{1,3}}>)?{_STAMP} (?:\S{{1,255}} )?{_TAG}",
        rf"(?:<\d{{1,3}}>)?{_ISO} \S{{1,255}} {_TAG}",  # rsyslog with ISO times
        # RFC 5424, without or with one element of structured data
        rf"<\d{{1,3}}>\d (?:{_ISO}|-) {_HEADER} (?:-|\[[^\]]{{0,1000}}\]) (?:\ufeff)?",
        rf"{_ISO} (?:stdout|stderr) [FP] ",  # CRI, Kubernetes' containerd
        r"(?:\x1b\[[0-9;]{0,20}m)*[\w.-]{1,64} +\| (?:\x1b\[[0-9;]{0,20}m)*",  # docker compose
        r"\ufeff",
        r"\x00+",
        r"ACCESS (?=\[)",  # Ambassador before Envoy's line
    )
)
# With these characters a prefix may begin: a level, a month, a year, a colour, a service's name...
_PREFIX_BEGINS: Final = frozenset("<JFMASOND12\x1b\ufeff\x00abcdefghijklmnopqrstuvwxyz")
# ... and with these what must be unwrapped.
_UNWRAP_BEGINS: Final = frozenset('"{')
_DECODER: Final = json.JSONDecoder(strict=False)
# The names under which containers and shippers keep the line.
_LINE_NAMES: Final = ("log", "message", "msg", "MESSAGE", "line")


Positions = range | list[int]


@frozen
class Inner:
    """A line out of its envelope, and where each of its characters stands in the outer line.

    `positions[i]` to `positions[i + 1]` is the raw text of character i.
    """

    line: str
    positions: Positions


# syslog around docker around a line in quotes
_DEEPEST: Final = 3


def candidates(line: str, depth: int = _DEEPEST) -> Iterator[Inner]:
    """Return what may be the log line in a line, likeliest first: without a prefix, as it is, unwrapped.

    A prefix goes before all else, since it would make a tolerable host and user name.
    """
    if depth and line[:1] in _PREFIX_BEGINS:
        yield from _within(_prefixes(line), depth)
    yield Inner(line, range(len(line) + 1))
    if depth and line[:1] in _UNWRAP_BEGINS:
        yield from _within(_wrapped(line), depth)


def _within(outers: Iterator[Inner], depth: int) -> Iterator[Inner]:
    for outer in outers:
        for inner in candidates(outer.line, depth - 1):
            yield Inner(inner.line, _placed(outer.positions, inner.positions))


def _placed(outer: Positions, inner: Positions) -> Positions:
    if isinstance(inner, range):
        return outer[inner.start : inner.stop]
    return [outer[place] for place in inner]


def _prefixes(line: str) -> Iterator[Inner]:
    for prefix in _PREFIXES:
        if match := prefix.match(line):
            yield _cut(line, match.end(), len(line))
            return


def _wrapped(line: str) -> Iterator[Inner]:
    if len(line) > 1 and line[0] == '"' == line[-1]:
        yield _cut(line, 1, len(line) - 1)
    if line.startswith("{"):
        yield from _json(line)


def _cut(line: str, start: int, end: int) -> Inner:
    return Inner(line[start:end], range(start, end + 1))


def _json(line: str) -> Iterator[Inner]:
    try:
        found, end = _DECODER.raw_decode(line)
    except (ValueError, RecursionError):
        return
    if line[end:].strip("} \t"):
        return
    for name in _LINE_NAMES:
        if isinstance(found, dict) and isinstance(inner := found.get(name), str):
            yield from _json_string(line, name, inner)
            return


def _json_string(line: str, name: str, inner: str) -> Iterator[Inner]:
    match = re.search(rf'"{name}"\s*:\s*"((?:[^"\\]|\\.)*+)"', line, re.DOTALL)
    if match is None:
        return
    positions = decoded_positions(line, match.start(1), match.end(1))
    if len(positions) == len(inner) + 1:
        bare = inner.rstrip("\r\n")
        yield Inner(bare, positions[: len(bare) + 1])


def decoded_positions(line: str, start: int, end: int) -> list[int]:
    r"""Return where each character of a JSON string stands in the raw line, and the end.

    >>> decoded_positions(r"a\u0041\n", 0, 9)
    [0, 1, 7, 9]
    """
    positions: list[int] = []
    place = start
    for match in _JSON_CHARACTER.finditer(line, start, end):
        positions.append(match.start())
        place = match.end()
    positions.append(place)
    return positions


# A pair of surrogates is one character.
_JSON_CHARACTER: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)
