"""Read, unwrap and cut one address.

An IPv4 address inside an IPv6 one is unwrapped before anything else happens to
it; what is neither an address nor a host name becomes null, never itself.
"""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Final, TypeAlias

from logstats.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

Address: TypeAlias = IPv4Address | IPv6Address

# How many leading bits other tools keep of IPv4 and IPv6; "default" is ours.
PRESETS: Final[dict[str, tuple[int, int]]] = {
    "default": (16, 32),
    "ga": (24, 48),
    "matomo2": (16, 48),
    "anonip": (20, 44),
    "zero": (0, 0),
}

_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
DOTTED_QUAD: Final = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_BRACKETED: Final = re.compile(r"\[([^\[\]]*)\](?::[0-9]{1,5})?")
_PORT_AFTER_DOTTED: Final = re.compile(rf"((?:[0-9a-f:]*:)?{DOTTED_QUAD}):[0-9]{{1,5}}", re.IGNORECASE)
_PORT_AFTER_NAME: Final = re.compile(r"([^:]+):[0-9]{1,5}")

_MAPPED: Final = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, RFC 4291 section 2.5.5.2
_COMPATIBLE: Final = bytes(12)  # ::/96, RFC 4291 section 2.5.5.1
_SIIT: Final = bytes(8) + b"\xff\xff\0\0"  # ::ffff:0:0:0/96, RFC 2765 section 2.1
_NAT64: Final = bytes.fromhex("0064ff9b") + bytes(8)  # 64:ff9b::/96, RFC 6052 section 2.1
_SIX_TO_FOUR: Final = b"\x20\x02"  # 2002::/16, RFC 3056 section 2
_TEREDO: Final = b"\x20\x01\0\0"  # 2001::/32, RFC 4380 section 4
_NOT_COMPATIBLE: Final = frozenset((bytes(16), bytes(15) + b"\x01"))  # :: and ::1
_FIRST_96: Final = frozenset((_MAPPED, _SIIT, _NAT64))
_NAT64_LENGTHS: Final = frozenset((32, 40, 48, 56, 64, 96))
_RESERVED_OCTET: Final = 8  # bits 64 to 71 carry nothing, RFC 6052 section 2.2

Nat64: TypeAlias = tuple[bytes, tuple[int, ...]]


def nat64_layout(prefix: str) -> Nat64:
    """Return the leading bytes of a NAT64 prefix and where its IPv4 octets stand.

    Raises:
        UsageError: The prefix is no IPv6 network of 32, 40, 48, 56, 64 or 96 bits.

    Source: RFC 6052 section 2.2.

    >>> nat64_layout("2001:db8:100::/40")[1]
    (5, 6, 7, 9)
    """
    try:
        network = IPv6Network(prefix)
    except ValueError:
        raise UsageError("a NAT64 prefix is an IPv6 network such as 2001:db8::/96") from None
    if network.prefixlen not in _NAT64_LENGTHS:
        raise UsageError("a NAT64 prefix has 32, 40, 48, 56, 64 or 96 bits")
    first = network.prefixlen // 8
    places = [place for place in range(first, 16) if place != _RESERVED_OCTET]
    return network.network_address.packed[:first], tuple(places[:4])


def nat64_layouts(prefixes: Sequence[str]) -> tuple[Nat64, ...]:
    """Return the layouts, the longest prefix first, as routing has it."""
    return tuple(sorted(map(nat64_layout, prefixes), key=lambda layout: -len(layout[0])))


def _embedded(packed: bytes, nat64: Sequence[Nat64]) -> bytes | None:
    """Return the four octets of the IPv4 address inside an IPv6 one, or None."""
    head = packed[:12]
    if head in _FIRST_96:
        return packed[12:]
    if head == _COMPATIBLE:
        return None if packed in _NOT_COMPATIBLE else packed[12:]
    if head[:2] == _SIX_TO_FOUR:
        return packed[2:6]
    if head[:4] == _TEREDO:
        return bytes(octet ^ 0xFF for octet in packed[12:])
    for prefix, places in nat64:
        if packed.startswith(prefix):
            return bytes(packed[place] for place in places)
    return None


def trim(text: str) -> str:
    """Return a host without blanks, brackets, port and zone id."""
    text = text.strip(' \t"')
    forms = (_BRACKETED, _PORT_AFTER_DOTTED, _PORT_AFTER_NAME)
    found = next(filter(None, (form.fullmatch(text) for form in forms)), None)
    text = found[1] if found else text
    address, percent, _zone = text.partition("%")
    return address if percent and ":" in address else text


def unwrap(text: str, nat64: Sequence[Nat64]) -> bytes | None:
    """Return the 4 or 16 bytes of an address, or None."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        packed = socket.inet_pton(family, text)
    except (OSError, ValueError):
        return None
    if family == socket.AF_INET:
        return packed
    return _embedded(packed, nat64) or packed


def read_address(text: str, *, nat64_prefixes: Sequence[str] = ()) -> Address | None:
    """Return the address in a text, an embedded IPv4 address unwrapped, or None.

    Args:
        text: One address as a server writes it: port, brackets and zone id are allowed.
        nat64_prefixes: Further prefixes that embed an IPv4 address.

    Returns:
        None for leading zeros, octal, short and hand-masked forms too.

    Source: RFC 4291, 6052, 3056, 4380.

    >>> read_address("[2002:cb00:7107::1]:443")
    IPv4Address('203.0.113.7')
    >>> read_address("203.0.113.07") is None
    True
    """
    packed = unwrap(trim(text), nat64_layouts(nat64_prefixes))
    if packed is None:
        return None
    return IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed)


def prefix_mask(bits: int, width: int) -> int:
    """Return the leading bits of an address of `width` bits as a number."""
    return ((1 << bits) - 1) << (width - bits)


def cut_address(
    text: str, *, ipv4_bits: int = 16, ipv6_bits: int = 32, nat64_prefixes: Sequence[str] = ()
) -> str | None:
    """Return the network address that stands in for an address, or None if it is none.

    >>> cut_address("64:ff9b::203.0.113.7")
    '203.0.0.0'
    """
    address = read_address(text, nat64_prefixes=nat64_prefixes)
    if address is None:
        return None
    bits = ipv4_bits if address.version == 4 else ipv6_bits
    return str(type(address)(int(address) & prefix_mask(bits, address.max_prefixlen)))


def truncate_address(text: str, *, ipv4_bits: int = 16, ipv6_bits: int = 32) -> str | None:
    """Return the network that stands in for an address, or None if it is no address.

    Args:
        text: One address as the server wrote it.
        ipv4_bits: Leading bits kept of IPv4.
        ipv6_bits: Leading bits kept of IPv6.

    Returns:
        The network in CIDR notation. An IPv4 address inside an IPv6 one counts as IPv4.

    >>> truncate_address("::ffff:203.0.113.77")
    '203.0.0.0/16'
    """
    network = cut_address(text, ipv4_bits=ipv4_bits, ipv6_bits=ipv6_bits)
    if network is None:
        return None
    return f"{network}/{ipv6_bits if ':' in network else ipv4_bits}"
