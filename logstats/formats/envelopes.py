r"""What stands around a log line: syslog, containers, quotes, colours.

An envelope is taken off only when the line as it stands fits no format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_MONTH: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_ISO: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_TAG: Final = r"[^\s:\[\]]{1,64}(?:\[[^\]\s]{1,32}\])?: ?"
# What a line may begin with. Each pattern is tried once at the beginning and is bounded.
_PREFIXES: Final = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"(?:<\d{{1,3}}>)?{_MONTH} [ \d]?\d (?:\d{{4}} )?\d\d:\d\d:\d\d(?:\.\d{{1,6}})? (?:\S{{1,255}} )?{_TAG}",  # RFC 3164
        rf"(?:<\d{{1,3}}>)?{_ISO} \S{{1,255}} {_TAG}",  # rsyslog with ISO times
        # RFC 5424, without or with one element of structured data
        rf"<\d{{1,3}}>\d (?:{_ISO}|-) \S{{1,255}} \S{{1,48}} \S{{1,128}} \S{{1,32}} (?:-|\[[^\]]{{0,1000}}\]) (?:\ufeff)?",
        rf"{_ISO} (?:stdout|stderr) [FP] ",  # CRI, Kubernetes' containerd
        r"(?:\x1b\[[0-9;]{0,20}m)*[\w.-]{1,64} +\| (?:\x1b\[[0-9;]{0,20}m)*",  # docker compose
        r"\ufeff",
        r"\x00+",
        r"ACCESS (?=\[)",  # Ambassador before Envoy's line
    )
)
# With these characters a prefix may begin: a level, a month, a year, a colour, a service's name...
PREFIX_BEGINS: Final = frozenset("<JFMASOND12\x1b\ufeff\x00abcdefghijklmnopqrstuvwxyz")
# ... and with these what must be unwrapped.
UNWRAP_BEGINS: Final = frozenset('"{')
_DECODER: Final = json.JSONDecoder(strict=False)
# The names under which containers and shippers keep the line.
_LINE_NAMES: Final = ("log", "message", "msg", "MESSAGE", "line")


@dataclass(frozen=True, slots=True)
class Inner:
    """A line out of its envelope, and where each of its characters stands in the outer line.

    `positions[i]` to `positions[i + 1]` is the raw text of character i.
    """

    line: str
    positions: range | list[int]


def without_prefix(line: str) -> Inner | None:
    """Return the line after the prefix of syslog or a container, or None if it has none."""
    for prefix in _PREFIXES:
        if match := prefix.match(line):
            return _cut(line, match.end(), len(line))
    return None


def unwrap(line: str) -> Iterator[Inner]:
    """Return the lines that may stand in quotes or in JSON in a line, each with its place."""
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
