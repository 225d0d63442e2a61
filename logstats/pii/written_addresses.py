"""Where addresses stand in free text, in any notation; the reading of each is somebody else's.

Only runs of digits, colons, dots and their escapes are looked at, each once, so that the time is linear in
the length of the text. What looks like an address and is none is found too: whoever
rewrites the text must not pass it on.

Not found: an address as one decimal number outside of a URL (`3221225985`), which no one can
tell from any other number.
"""

from __future__ import annotations

import re
import socket
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

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
_UNSEEN: Final = r"(?<=[0-9A-Fa-f:.])[\u00ad\u200b-\u200f\u2060\ufeff]+"
_RUN: Final = re.compile(
    r"0[xX][0-9A-Fa-f]{8}(?![0-9A-Za-z])"
    r"|0[xX][0-9A-Fa-f]{1,2}(?:\.0[xX][0-9A-Fa-f]{1,2}){3}"
    r"|(?<=://)[0-9]{8,10}(?![0-9.])"
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
_PLAIN_RUN: Final = re.compile(r"[0-9A-Fa-f:.]*")
_ESCAPES: Final = ((re.compile(_COLON), ":"), (re.compile(_DOT), "."), (re.compile(_UNSEEN), ""))
_DOTTED: Final = re.compile(r"[0-9]+(?:\.[0-9]+){3,}+")
_ZONE: Final = re.compile(r"%(?:25)?[A-Za-z][0-9A-Za-z_.-]{0,31}")
_REVERSED: Final = ".in-addr.arpa"
_ESCAPED: Final = "\\x"
_BEFORE_NAMES: Final = ("ip6.arpa", ".ipv6-literal.net")


@dataclass(frozen=True, slots=True)
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
    for run in _RUN.finditer(plain):
        for found in _of_run(plain, run.start(), run.end()):
            is_address = found.is_address and text[found.start : found.end].isascii()
            yield Written(found.start, found.end, is_address)


@cache
def _digits() -> dict[int, str]:
    """Return what digits, dots and colons of all scripts are among those of ASCII."""
    every = map(chr, range(0x80, sys.maxunicode + 1))
    signs = {0x3002: ".", 0xFF0E: ".", 0xFF61: ".", 0xFF1A: ":"}
    return signs | {ord(sign): str(unicodedata.decimal(sign)) for sign in every if sign.isdecimal()}


def _of_run(text: str, start: int, end: int) -> Iterator[Written]:
    run = text[start:end]
    if run[:2] in ("0x", "0X") or run.isdigit() or text.startswith(_BEFORE_NAMES, end):
        yield Written(start, end, is_address=False)
    elif _PLAIN_RUN.fullmatch(run) is None:
        if run.startswith(_ESCAPED):
            is_found = any(find_addresses(bytes.fromhex(run.replace(_ESCAPED, "")).decode("latin-1")))
        elif "-" in run:
            octets = run.split("-")
            is_found = all(int(octet) <= _HIGHEST_OCTET for octet in octets)
        else:
            for escape, sign in _ESCAPES:
                run = escape.sub(sign, run)
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
