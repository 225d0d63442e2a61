"""Find the addresses in a piece of text, in whatever notation.

A sighting is what stands there and which address it is; whether it may stand
there is another question (`is_allowed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network

from logstats.audit.decode import decodings, hidden_texts
from logstats.audit.finding import Address, mask_address
from logstats.audit.rules import Rules
from logstats.audit.versions import is_version
from logstats.frozen import frozen

_QUAD = re.compile(
    r"(?<!\d)(?<!\d\.)(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?!\d)(?!\.\d)(?:/([0-2]?\d|3[0-2])(?![\d./]))?"
)
_BASED = re.compile(
    r"(?<![\w.])((?:0[xX][0-9a-fA-F]{1,2}|0[0-7]{0,3}|[1-9]\d{0,2})(?:\.(?:0[xX][0-9a-fA-F]{1,2}|0[0-7]{0,3}|[1-9]\d{0,2})){3})(?![\w])(?!\.\d)"
)
_DASHED = re.compile(
    r"(?<![0-9a-fA-F])(?<!\d[-_.])(\d{1,3})([-_])(\d{1,3})\2(\d{1,3})\2(\d{1,3})(?!\d)(?![-_.]\d)"
)
_PADDED = re.compile(r"(?<!\d)([0-2]\d\d)([0-2]\d\d)([0-2]\d\d)([0-2]\d\d)(?=[.-][A-Za-z])")
_SIX = re.compile(
    r"(?<![0-9A-Za-z:.])(?:[0-9A-Fa-f]{0,4}:){2,8}[0-9A-Fa-f]{0,4}(?:(?<=:)[0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?<=:[0-9])[0-9]{0,2}(?:\.[0-9]{1,3}){3}|(?:\.[0-9]{1,3}){3})?(?![0-9A-Za-z])(?:/(\d{1,3})(?!\d))?"
)
_SIX_DASHED = re.compile(
    r"(?<![0-9A-Za-z-])([0-9a-fA-F]{1,4}(?:-[0-9a-fA-F]{0,4}){2,7})(?=\.ipv6-literal|s?\d*\.ipv6-literal)|(?<![0-9A-Za-z-])([23fF][0-9a-fA-F]{3}(?:-[0-9a-fA-F]{1,4}){7})(?![0-9A-Za-z-])"
)
_ARPA4 = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr", re.IGNORECASE)
_ARPA6 = re.compile(r"(?<![0-9a-zA-Z.])((?:[0-9a-f]\.){9,32})ip6\.arpa", re.IGNORECASE)
# not a version's code (7.0.20.1781(0x...)), nor the error codes of Windows
_HEX4 = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9A-Za-z]\()0[xX](?!8007|[cC]00000|[dD][eE][aA][dD])([0-9a-fA-F]{8})(?![0-9A-Za-z])"
)
_HEX16 = re.compile(r"(?<![0-9A-Za-z])(?:0[xX])?([23fF][0-9a-fA-F]{31})(?![0-9A-Za-z])")
_URL_INTEGER = re.compile(r"://(?:[^/@\s]*@)?(\d{8,10})(?![\d.\w])")
_NAMED_INTEGER = re.compile(
    r"(?:^|[^A-Za-z])(?:ip|ip_?v4|ip_?addr(?:ess)?|addr(?:ess)?|client(?:_?ip)?|remote_?(?:addr|ip|host)|visitor_?ip|src_?ip)[\"']?\s{0,2}[=:]\s{0,2}[\"']?(\d{8,10})(?!\d)",
    re.IGNORECASE,
)
_NAMED_HEX = re.compile(
    r"(?:^|[^A-Za-z])(?:ip|ip_?addr|addr(?:ess)?|client(?:_?ip)?|remote_?(?:addr|ip))[\"']?\s{0,2}[=:]\s{0,2}[\"']?([0-9a-fA-F]{8})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_TRAILING_PORT = re.compile(r"[.#p:]\d{1,5}$")

# What a client can have: global, local and link-local unicast, NAT64.
_UNICAST = tuple(IPv6Network(text) for text in ("2000::/3", "fc00::/7", "fe80::/10", "64:ff9b::/32"))


@frozen
class Sighting:
    """An address that stands in a text, `start` to `end`; `prefix` is the length of its network."""

    start: int
    end: int
    address: Address
    notation: str
    prefix: int | None = None
    likely: bool = True  # False: a version, by what stands around it


def sightings(text: str) -> Iterator[Sighting]:
    """Yield the addresses of a line or part of one, in every notation, once each."""
    seen: set[tuple[Address, int | None]] = set()
    for coding, decoded in decodings(text):
        for sighting in _written(decoded):
            if (sighting.address, sighting.prefix) not in seen:
                seen.add((sighting.address, sighting.prefix))
                name = f"{sighting.notation}, {coding}" if coding else sighting.notation
                whole = replace(sighting, start=0, end=len(text), notation=name)
                yield whole if coding else sighting


def _written(text: str) -> Iterator[Sighting]:
    yield from _reversed(text)
    yield from _dotted(text)
    yield from _six(text)
    yield from _dashed(text)
    yield from _numbers(text)
    for coding, start, end, hidden in hidden_texts(text):
        for inner in (*_dotted(hidden), *_six(hidden)):
            if inner.likely:
                yield Sighting(start, end, inner.address, f"{inner.notation}, {coding}")


def _quad(parts: tuple[str, ...]) -> IPv4Address | None:
    octets = tuple(int(part) for part in parts)
    return IPv4Address(bytes(octets)) if max(octets) < 256 else None


def _dotted(text: str) -> Iterator[Sighting]:
    for match in _QUAD.finditer(text):
        if (address := _quad(match.group(1, 2, 3, 4))) is None:
            continue
        before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 24]
        version = match[5] is None and is_version(before, tuple(address.packed), after)
        prefix = int(match[5]) if match[5] and int(match[5]) <= 32 else None
        yield Sighting(match.start(), match.end(), address, "dotted", prefix, likely=not version)
    if "0x" in text or "0X" in text or re.search(r"(?<![\d.])0\d+\.", text):
        yield from _based(text)


def _based(text: str) -> Iterator[Sighting]:
    for match in _BASED.finditer(text):
        parts = match[1].split(".")
        hexes = sum(part[:2] in ("0x", "0X") for part in parts)
        octals = sum(len(part) == 4 and part[0] == "0" and part[1] != "x" for part in parts)
        if not hexes and not octals:
            continue
        octets = [
            int(part, 16 if part[:2] in ("0x", "0X") else 8 if part[0] == "0" else 10) for part in parts
        ]
        if max(octets) < 256:
            yield Sighting(
                match.start(),
                match.end(),
                IPv4Address(bytes(octets)),
                "hex octets" if hexes else "octal octets",
            )


def _reversed(text: str) -> Iterator[Sighting]:
    for match in _ARPA4.finditer(text):
        if (address := _quad(match.group(4, 3, 2, 1))) is not None:
            yield Sighting(match.start(), match.end(), address, "in-addr.arpa")
    for match in _ARPA6.finditer(text):
        digits = match[1].replace(".", "")[::-1]
        address6 = IPv6Address(int(digits.ljust(32, "0"), 16))
        yield Sighting(
            match.start(), match.end(), address6, "ip6.arpa", 4 * len(digits) if len(digits) < 32 else None
        )


def _dashed(text: str) -> Iterator[Sighting]:
    for match in _DASHED.finditer(text):
        address = _quad(match.group(1, 3, 4, 5))
        digits = sum(len(part) for part in match.group(1, 3, 4, 5))
        if address is None or address.packed[0] == 0 or match[1].startswith("0"):
            continue
        host = re.match(r"(?:[-_]?[A-Za-z][\w-]*)?\.[A-Za-z]", text[match.end() : match.end() + 30])
        if (digits >= 7 and (int(match[1]) >= 32 or host)) or (host and digits >= 4):
            yield Sighting(match.start(), match.end(), address, "dashed")
    for match in _PADDED.finditer(text):
        if (address := _quad(match.group(1, 2, 3, 4))) is not None:
            yield Sighting(match.start(), match.end(), address, "padded in a host name")
    for match in _SIX_DASHED.finditer(text):
        if (address6 := _read_six((match[1] or match[2]).replace("-", ":"))) is not None:
            yield Sighting(match.start(), match.end(), address6, "IPv6 with dashes")


def _six(text: str) -> Iterator[Sighting]:
    for match in _SIX.finditer(text):
        written = match[0].split("/")[0]
        address = (
            _read_six(written) or _read_six(_TRAILING_PORT.sub("", written)) or _read_six(written.rstrip(":"))
        )
        if address is not None:
            prefix = int(match[1]) if match[1] and int(match[1]) <= 128 else None
            yield Sighting(match.start(), match.end(), address, "IPv6", prefix)


def _read_six(text: str) -> IPv6Address | None:
    """Return the address, or None if it is none or none that a client can have."""
    try:
        address = IPv6Address(text)
    except AddressValueError:
        return None
    if int(address) >> 32 in (0, 0xFFFF, 0xFFFF0000):  # compatible, mapped, SIIT
        return address if int(address) >> 24 & 0xFF or "." in text else None
    return address if any(address in network for network in _UNICAST) else None


def _numbers(text: str) -> Iterator[Sighting]:
    for pattern, base, notation in (
        (_URL_INTEGER, 10, "decimal"),
        (_NAMED_INTEGER, 10, "decimal"),
        (_HEX4, 16, "hex"),
        (_NAMED_HEX, 16, "hex"),
    ):
        for match in pattern.finditer(text):
            value = int(match[1], base)
            if 1 << 24 <= value < 1 << 32:
                yield Sighting(match.start(), match.end(), IPv4Address(value), notation)
    for match in _HEX16.finditer(text):
        if "000000" in match[1] or match[0][:2] in (
            "0x",
            "0X",
        ):  # chance of six zeros in a digest: one in a million
            yield Sighting(match.start(), match.end(), IPv6Address(int(match[1], 16)), "hex")


def inner_ipv4(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one carries, or None.

    >>> inner_ipv4(IPv6Address("2002:cb00:714d::1"))
    IPv4Address('203.0.113.77')
    """
    value = int(address)
    if value >> 32 in (0, 0xFFFF, 0xFFFF0000, 0x64FF9B << 64) or value >> 32 == 0x0064FF9B << 64:
        return IPv4Address(value & 0xFFFFFFFF) if value >> 24 else None
    if value >> 112 == 0x2002:
        return IPv4Address(value >> 80 & 0xFFFFFFFF)
    if value >> 96 == 0x20010000 and value & 0xFFFFFFFFFFFFFFFF:
        return IPv4Address(~value & 0xFFFFFFFF)
    return None


def is_allowed(address: Address, prefix: int | None, rules: Rules) -> bool:
    """Whether an address is one that nobody has, or a network no smaller than the policy allows.

    >>> is_allowed(IPv4Address("203.0.0.0"), 16, Rules()), is_allowed(IPv4Address("203.0.113.0"), 24, Rules())
    (True, False)
    """
    if isinstance(address, IPv6Address):
        inner = inner_ipv4(address)
        if inner is not None:
            return is_allowed(inner, None, rules)
        if int(address) < 2:
            return True
        return int(address) & ((1 << (128 - rules.ipv6_bits)) - 1) == 0 and (prefix or 0) <= rules.ipv6_bits
    first = address.packed[0]
    if first in (0, 127) or first >= 224:  # this host, loopback, multicast, netmasks
        return True
    return int(address) & ((1 << (32 - rules.ipv4_bits)) - 1) == 0 and (prefix or 0) <= rules.ipv4_bits


def mask_text(text: str) -> str:
    """Return a text, a file name mostly, with its addresses masked and its control characters gone."""
    clean = "".join(char if char.isprintable() else "?" for char in text)
    clean = re.sub(r"[^\s/@]+@[^\s/@]+\.[A-Za-z]{2,}", "(e-mail)", clean)
    found = sorted((s for s in sightings(clean) if s.likely), key=lambda s: s.start, reverse=True)
    if any(sighting.start == 0 and sighting.end == len(clean) for sighting in found):
        return mask_address(found[0].address)
    for sighting in found:
        clean = clean[: sighting.start] + mask_address(sighting.address) + clean[sighting.end :]
    return clean
