"""Addresses of machines: IPv4, IPv6, and the address of a network card."""

from __future__ import annotations

import re
import socket
from typing import Final

from logstats.pii.detector import FOUR_DIGITS, MARK, Detector

_MAC: Final = re.compile(
    r"(?<![0-9A-Za-z:-])[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?:(?:\1[0-9a-f]{2}){2})?(?![0-9A-Za-z:-])"
    r"|(?<![0-9A-Za-z.])[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}(?![0-9A-Za-z.])",
    re.IGNORECASE,
)
# An address does not begin within an escape (`%61:`), nor end before one of its own signs (`::%37`): then the
# decoded text has it whole.
_NO_ESCAPE_BEFORE: Final = r"(?<!%(?=[0-9A-Fa-f]{2}))"
_NO_ESCAPE_BEHIND: Final = r"(?!(?:\.[0-9.]{0,12})?%(?:25)*(?:3[0-9Aa]|[46][1-6]|2[Ee]))"
_IPV6: Final = re.compile(
    rf"(?<![0-9A-Za-z:.]){_NO_ESCAPE_BEFORE}[0-9a-f:]{{0,39}}:[0-9a-f]{{0,4}}:[0-9a-f:.]{{0,45}}"
    rf"(?![0-9A-Za-z:]){_NO_ESCAPE_BEHIND}",
    re.IGNORECASE,
)
_IPV4: Final = re.compile(
    rf"(?<![0-9])(?<![0-9]\.)([0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}})(?![0-9])(?!\.[0-9]){_NO_ESCAPE_BEHIND}"
)
# Four octets with dashes are what providers put into host names.
_DASHED: Final = re.compile(
    r"(?<![0-9])(?<![0-9][-_])([0-9]{1,3}(?:([-_])[0-9]{1,3})(?:\2[0-9]{1,3}){2})(?![0-9])(?![-_][0-9])"
)
_BEFORE_VERSION: Final = re.compile(r"[A-Za-z][-_ ]?v?$", re.IGNORECASE)
_ADDRESS_WORD: Final = re.compile(
    r"(?:ip|ipv4|host|addr|address|client|server|from|node|remote|user|peer|pool|dial|dsl|by|for)[-_ /]?$",
    re.IGNORECASE,
)
_HIGHEST_VERSION: Final = 40


def _ipv6(found: re.Match[str]) -> str:
    text = found[0].rstrip(".")
    groups = [group for group in text.split(":") if group]
    if len(groups) < 2 or not (any(map(str.isdigit, text)) or len(groups) > 3):
        return found[0]
    try:
        socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return found[0]
    return "{ip}" + found[0][len(text) :]


def _is_quad(octets: list[str]) -> bool:
    return all(int(octet) < 256 and (octet == "0" or octet[0] != "0") for octet in octets)


def _follows_address_word(found: re.Match[str]) -> bool:
    return bool(_ADDRESS_WORD.search(found.string[max(0, found.start() - 12) : found.start()]))


def _ipv4(found: re.Match[str]) -> str:
    """A dotted quad is an address unless a name stands before it and its numbers are a version's."""
    octets = found[1].split(".")
    if not _is_quad(octets) or octets[1:] == ["0", "0", "0"]:  # Chrome/121.0.0.0
        return found[0]
    before = found.string[max(0, found.start() - 3) : found.start()]
    if _BEFORE_VERSION.search(before) and not _follows_address_word(found):
        numbers = [int(octet) for octet in octets]
        if max(numbers) <= _HIGHEST_VERSION or numbers[2:] == [0, 0]:
            return found[0]
    return "{ip}"


def _dashed(found: re.Match[str]) -> str:
    """Four octets with dashes; a day and an hour with dashes are none."""
    octets = re.split("[-_]", found[1])
    if not _is_quad(octets):
        return found[0]
    is_version = max(map(int, octets)) <= _HIGHEST_VERSION and not _follows_address_word(found)
    return found[0] if is_version else "{ip}"


def detectors() -> tuple[Detector, ...]:
    """Return the detectors of machines."""
    return (
        Detector(
            "mac",
            r"(?i:[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})",
            lambda text: _MAC.sub("{id}", text),
        ),
        Detector(
            "ipv6",
            r"(?i:[0-9a-f:]:[0-9a-f]*:|:[0-9a-f]*:[0-9a-f])",
            lambda text: _IPV6.sub(_ipv6, text),
            MARK,
        ),
        Detector("ipv4", r"[0-9](?:\.[0-9]{1,3}){3}", lambda text: _IPV4.sub(_ipv4, text), FOUR_DIGITS),
        Detector(
            "dashed", r"[0-9](?:[-_][0-9]{1,3}){3}", lambda text: _DASHED.sub(_dashed, text), FOUR_DIGITS
        ),
    )
