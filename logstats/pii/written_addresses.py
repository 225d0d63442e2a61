"""Where addresses stand in free text, in any notation; the reading of each is somebody else's.

Only runs of digits, colons, dots and their escapes are looked at, each once, so that the time is linear in
the length of the text. What looks like an address and is none is found too: whoever
rewrites the text must not pass it on.

What is also a number or a version (`3221225985`, `192.0.513`, inet_aton(3)) is an address where something
says so: in a URL, behind `client`, behind a name such as `ip=`, or between `from` and `port`. Anywhere else
nobody can tell it from others, and it is not found.
"""

from __future__ import annotations

import re
import socket
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

from logstats.frozen import frozen

# The longest notation has 45 characters (RFC 4291 section 2.2, form 3).
_LONGEST: Final = 45
_IPV6_GROUPS: Final = 8
_IPV4_PARTS: Final = 4
_HIGHEST_OCTET: Final = 255
_OCTET_DIGITS: Final = 3
# `2026:10:00:00` is a time: at most this many colons, digits alone, no `::`.
_TIME_COLONS: Final = 3
# What stands for a colon or a dot, as it is or in the escapes of URLs, servers, JSON, HTML and of people who
# do not want a link; and what stands unseen between two characters.
_COLON: Final = r"(?:%(?:25)*3[Aa]|\\x3[Aa]|\\u003[Aa]|&#58;|&#[xX]3[Aa];|\[:\])"
_DOT: Final = r"(?:%(?:25)*2[Ee]|\\x2[Ee]|\\u002[Ee]|&#46;|&#[xX]2[Ee];|\[\.\]|\(\.\))"
_DIGIT: Final = r"%(?:25)*(?:3[0-9]|[46][1-6])"
_SIGN: Final = r"%(?:25)*(?:3[Aa]|2[Ee])"
_UNSEEN: Final = r"(?<=[0-9A-Fa-f:.])[\u00ad\u200b-\u200f\u2060\ufeff]+"
_PART: Final = r"(?:0[xX][0-9A-Fa-f]{1,8}|[0-9]{1,12})"
_RUN: Final = re.compile(
    r"0[xX][0-9A-Fa-f]{8}(?![0-9A-Za-z])"
    # four parts of which one is hexadecimal
    rf"|(?<![0-9A-Za-z.])(?=[0-9.]{{0,16}}0[xX]){_PART}(?:\.{_PART}){{3}}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]\.){8,32}(?=ip6\.arpa)"
    r"|(?<![0-9A-Fa-f])[0-9A-Fa-f]{1,4}(?:-[0-9A-Fa-f]{0,4}){2,7}(?=\.ipv6-literal\.net)"
    # in names of hosts, but no date
    r"|(?<![0-9])(?<![0-9]{4}-)[0-9]{1,3}(?:-[0-9]{1,3}){3}(?!-?[0-9])"
    # seven characters at least, all escaped
    r"|(?:\\x[0-9A-Fa-f]{2}){7,}+"
    # at the first digit only, so that a long number is looked at once
    rf"|(?<![0-9A-Fa-f])(?=(?:[0-9A-Fa-f]++(?:{_UNSEEN})?)?+(?:[:.]|{_COLON}|{_DOT}))"
    rf"(?:[0-9A-Fa-f:.]|{_COLON}|{_DOT}|{_UNSEEN})++",
)
# With some digits escaped and others not; from its beginning only, so that each run is looked at once.
_ESCAPED_RUN: Final = re.compile(
    rf"(?<![0-9A-Fa-f:.%])(?=(?:[0-9A-Fa-f:.]|{_SIGN})*+{_DIGIT})"
    rf"(?:[0-9A-Fa-f:.]|{_DIGIT}|{_COLON}|{_DOT}|{_UNSEEN})++"
    rf"|(?:%[0-9A-Fa-f]{{2}}){{7,}}+|{_RUN.pattern}"
)
# One to four parts behind a sign, and what stands before them where they are an address.
_PARTS: Final = re.compile(
    r"(?<=[=:/\[ \"'])(?:(?=0[xX]|0[0-7]{0,3}\.|0[0-7]{8}|[0-9]{8}|[0-9]{1,3}\.[0-9]+\.[0-9]+(?![0-9.]))"
    r"|(?<=://)(?=[0-9]{1,3}\.[0-9]+(?![0-9.])))"
    rf"{_PART}(?:\.{_PART}){{0,3}}(?![0-9A-Za-z._-])"
)
_SAYS: Final = re.compile(
    r"(?:(?:://|\[client |, client: )\[?)\Z"
    r"|(?<![A-Za-z0-9])(?:ip|addr(?:ess)?|ipaddr(?:ess)?|client|r?host|peer|remote|forwarded-for)"
    r"[\"']?(?:=|: ?)[\"'\[]?\Z"
    r"|(?<![A-Za-z0-9])(?P<source>from )\Z",
    re.IGNORECASE,
)
# The longest of these, and one more.
_SAID_WITHIN: Final = 20
# The lowest address with a first part, as a number; smaller ones are numbers of anything.
_LOWEST_NUMBER: Final = 1 << 24
_HIGHEST_NUMBER: Final = (1 << 32) - 1
_PLAIN_RUN: Final = re.compile(r"[0-9A-Fa-f:.]*")
_ESCAPES: Final = ((re.compile(_COLON), ":"), (re.compile(_DOT), "."), (re.compile(_UNSEEN), ""))
_ESCAPED_DIGIT: Final = re.compile(_DIGIT)
_DOTTED: Final = re.compile(r"[0-9]+(?:\.[0-9]+){3,}+")
# RFC 4007 section 11: a name, or a number.
_ZONE: Final = re.compile(r"%(?:25)?(?:[A-Za-z][0-9A-Za-z_.-]{0,31}|[0-9]{1,3}(?![0-9A-Za-z%]))")
_PERCENT_RUN: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_REVERSED: Final = ".in-addr.arpa"
_HEX_PART: Final = re.compile(r"(?:\A|\.)0[xX]")
_ESCAPED: Final = "\\x"
_BEFORE_NAMES: Final = ("ip6.arpa", ".ipv6-literal.net")


@frozen
class Written:
    """A stretch of text: an address, or, where `is_address` is false, what only looks like one."""

    start: int
    end: int
    is_address: bool


def find_addresses(text: str) -> Iterator[Written]:
    """Return every address in a text, in order; port and brackets are left out, a zone id is not.

    >>> [text[found.start : found.end] for text in ["x [2001:db8::1]:80 192.0.2.1:5 10:00:00"]
    ...  for found in find_addresses(text)]
    ['2001:db8::1', '192.0.2.1']
    """
    plain = text if text.isascii() else text.translate(_digits())
    runs = _ESCAPED_RUN if "%" in plain else _RUN
    said = [one for match in _PARTS.finditer(plain) if (one := _of_said(plain, match))]
    found = [one for run in runs.finditer(plain) for one in _of_run(plain, run.start(), run.end())]
    for one in _in_order(said, found) if said else found:
        is_address = one.is_address and text[one.start : one.end].isascii()
        yield Written(one.start, one.end, is_address)


@cache
def _digits() -> dict[int, str]:
    """Return what digits, dots and colons of all scripts are among those of ASCII."""
    every = map(chr, range(0x80, sys.maxunicode + 1))
    signs = {0x3002: ".", 0xFF0E: ".", 0xFF61: ".", 0xFF1A: ":"}
    return signs | {ord(sign): str(unicodedata.decimal(sign)) for sign in every if sign.isdecimal()}


def _in_order(said: list[Written], found: list[Written]) -> Iterator[Written]:
    """Yield both in order; of what stands within one another only what was said to be an address."""
    end = 0
    # Stable: of two that begin together the one that was said comes first.
    for one in sorted([*said, *found], key=lambda written: written.start):
        if one.start >= end:
            yield one
            end = one.end


def _of_said(text: str, match: re.Match[str]) -> Written | None:
    """Return the number that stands where an address should, None if it is plain or none."""
    parts = match[0].split(".")
    is_written = any(part[0] == "0" and len(part) > 1 for part in parts)
    numbers = [_number(part) for part in parts]
    if (len(parts) == _IPV4_PARTS and not is_written) or (len(parts) == 1 and numbers[0] < _LOWEST_NUMBER):
        return None
    last = _HIGHEST_NUMBER >> (8 * (len(parts) - 1))
    if numbers[-1] > last or any(number > _HIGHEST_OCTET for number in numbers[:-1]):
        return None
    says = _SAYS.search(text[max(0, match.start() - _SAID_WITHIN) : match.start()])
    if says is None or (says["source"] and not text.startswith(" port ", match.end())):
        return None
    return Written(match.start(), match.end(), is_address=False)


def _number(part: str) -> int:
    """Return a part as inet_aton(3) reads it; one that it does not read is too high.

    >>> _number("0300"), _number("0xC0"), _number("192"), _number("09")
    (192, 192, 192, 4294967296)
    """
    try:
        return int(part, 16 if part[:2] in ("0x", "0X") else 8 if part[0] == "0" else 10)
    except ValueError:
        return _HIGHEST_NUMBER + 1


def _of_run(text: str, start: int, end: int) -> Iterator[Written]:
    run = text[start:end]
    if _HEX_PART.search(run) or text.startswith(_BEFORE_NAMES, end):
        yield Written(start, end, is_address=False)
    elif _PLAIN_RUN.fullmatch(run) is None:
        if run.startswith(_ESCAPED):
            is_found = any(find_addresses(bytes.fromhex(run.replace(_ESCAPED, "")).decode("latin-1")))
        elif _PERCENT_RUN.fullmatch(run):
            is_found = any(find_addresses(bytes.fromhex(run.replace("%", "")).decode("latin-1")))
        elif "-" in run:
            octets = run.split("-")
            is_found = all(int(octet) <= _HIGHEST_OCTET for octet in octets)
        else:
            for escape, sign in _ESCAPES:
                run = escape.sub(sign, run)
            run = _ESCAPED_DIGIT.sub(lambda digit: chr(int(digit[0][-2:], 16)), run)
            is_found = any(_of_run(run, 0, len(run)))
        if is_found:
            yield Written(start, end, is_address=False)
    elif run.count(":") > 1:
        yield from _of_colons(text, start, end)
    elif run.count(".") >= _IPV4_PARTS - 1:
        yield from _of_dots(text, start, end)


def _of_colons(text: str, start: int, end: int) -> Iterator[Written]:
    first, last = _without_neighbours(text, start, end)
    candidate = text[first:last]
    if len(candidate) <= _LONGEST and _is_ipv6(candidate):
        if _is_scope(text, first, candidate):
            return
        zone = _ZONE.match(text, last)
        yield Written(first, zone.end() if zone else last, is_address=True)
        return
    head, _, port = candidate.rpartition(":")
    # All groups written out, and a port behind them without brackets.
    if candidate.count(":") == _IPV6_GROUPS and port.isdigit() and _is_ipv6(head):
        yield Written(first, first + len(head), is_address=True)
    elif _looks_like_ipv6(candidate):
        yield Written(first, last, is_address=False)
    else:
        yield from _of_dots(text, start, end)


def _without_neighbours(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a run without what belongs to the words around it, and without single colons at its ends."""
    if start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start = text.find(":", start, end)
    if end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end = text.rfind(":", start, end) + 1
    while end > start and text[end - 1] == ".":
        end -= 1
    if text[start:end].startswith(":") and not text.startswith("::", start):
        start += 1
    if text[start:end].endswith(":") and not text[start:end].endswith("::"):
        end -= 1
    return start, max(start, end)


def _is_ipv6(text: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return False
    return True


def _is_scope(text: str, first: int, candidate: str) -> bool:
    """Whether `::` joins two names of a program (`DBI::db`), or stands alone."""
    return not candidate.strip(":") or (
        first > 0 and text[first - 1].isalnum() and not any(map(str.isdigit, candidate))
    )


def _looks_like_ipv6(text: str) -> bool:
    if not any(map(str.isalnum, text)):
        return False
    colons = text.count(":")
    if "::" in text:
        return any(map(str.isdigit, text)) or colons > _TIME_COLONS
    return colons > _TIME_COLONS or (
        colons == _TIME_COLONS and not text.replace(":", "").replace(".", "").isdigit()
    )


def _of_dots(text: str, start: int, end: int) -> Iterator[Written]:
    for found in _DOTTED.finditer(text, start, end):
        parts = found[0].split(".")
        if any(len(part) > _OCTET_DIGITS and part[0] != "0" for part in parts):
            continue  # Chrome/126.0.6478.127
        is_address = (
            len(parts) == _IPV4_PARTS
            and all(int(part) <= _HIGHEST_OCTET and (part == "0" or part[0] != "0") for part in parts)
            # the octets stand in the other order there
            and text[found.end() : found.end() + len(_REVERSED)].lower() != _REVERSED
        )
        yield Written(found.start(), found.end(), is_address=is_address)
