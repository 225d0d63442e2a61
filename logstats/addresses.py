"""Read, unwrap and cut the address (or the host name) a server wrote for a client.

An IPv4 address inside an IPv6 one is unwrapped before anything else happens to
it; what is neither an address nor a host name becomes null, never itself.
"""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Final, TypeAlias

import polars as pl

from logstats.dictionary import Dictionary
from logstats.domains import read_host_name, registrable_domain
from logstats.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

Address: TypeAlias = IPv4Address | IPv6Address

KIND: Final = "kind"
CANONICAL: Final = "canonical"
IPV4, IPV6, NAME, NONE = "ipv4", "ipv6", "host", "none"
KINDS: Final = pl.Enum([IPV4, IPV6, NAME, NONE])
UNKNOWN: Final = "unknown"

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
_LONGEST: Final = 512
# IPv6 clients come back in block after block; these are kept in memory only, about 20 MB.
_REMEMBERED: Final = 65_536

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


def _layouts(prefixes: Sequence[str]) -> tuple[Nat64, ...]:
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


def _trim(text: str) -> str:
    """Return a host without blanks, brackets, port and zone id."""
    text = text.strip(' \t"')
    forms = (_BRACKETED, _PORT_AFTER_DOTTED, _PORT_AFTER_NAME)
    found = next(filter(None, (form.fullmatch(text) for form in forms)), None)
    text = found[1] if found else text
    address, percent, _zone = text.partition("%")
    return address if percent and ":" in address else text


def _unwrap(text: str, nat64: Sequence[Nat64]) -> bytes | None:
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
    packed = _unwrap(_trim(text), _layouts(nat64_prefixes))
    if packed is None:
        return None
    return IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed)


def _mask(bits: int, width: int) -> int:
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
    return str(type(address)(int(address) & _mask(bits, address.max_prefixlen)))


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


def _read_odd(text: str | None, nat64: tuple[Nat64, ...]) -> tuple[str, str | None]:
    """Return kind and canonical form of one host that is no plain dotted quad."""
    if text is None or len(text) > _LONGEST:
        return NONE, None
    packed = _unwrap(text, nat64)  # a bare IPv6 address, the most frequent case by far
    if packed is None:
        trimmed = _trim(text)
        packed = _unwrap(trimmed, nat64)
    if packed is None:
        name = read_host_name(trimmed)
        return (NAME, name) if name else (NONE, None)
    if len(packed) == 4:
        return IPV4, socket.inet_ntop(socket.AF_INET, packed)
    return IPV6, socket.inet_ntop(socket.AF_INET6, packed)


class HostReader:
    """Reads hosts, each that is no plain IPv4 address once; threads may share it.

    Args:
        nat64_prefixes: Further prefixes that embed an IPv4 address.
    """

    def __init__(self, nat64_prefixes: Sequence[str] = ()) -> None:
        self._nat64 = _layouts(nat64_prefixes)
        self._odd = Dictionary(self._read_each)

    def read(self, hosts: pl.Series, is_ipv4: pl.Series | None = None) -> pl.DataFrame:
        """Return what each host is and its canonical form.

        Args:
            hosts: Texts as the server wrote them; nulls are allowed.
            is_ipv4: Which are plain IPv4 addresses, where that is known.

        Returns:
            A row for each host, in the same order: `kind` (ipv4, ipv6, host, none)
            and `canonical`: an unwrapped address, a host name in lower case, or
            null for what is neither (so that nothing passes that was not understood).
        """
        hosts = hosts.cast(pl.String).alias(CANONICAL)
        if is_ipv4 is None:
            is_ipv4 = is_dotted_quad(hosts)
        kind = pl.repeat(IPV4, len(hosts), dtype=KINDS, eager=True).alias(KIND)
        odd = (~is_ipv4).arg_true()
        if not len(odd):
            return pl.DataFrame([kind, hosts])
        encoded = self._odd.encode(hosts.gather(odd))
        read = encoded.values[encoded.codes]
        return pl.DataFrame([kind.scatter(odd, read[KIND]), hosts.scatter(odd, read[CANONICAL])])

    def _read_each(self, hosts: pl.Series) -> pl.DataFrame:
        read = [_read_odd(text, self._nat64) for text in hosts.to_list()]
        return pl.DataFrame(read, schema={KIND: KINDS, CANONICAL: pl.String}, orient="row")


class HostCutter:
    """Cuts hosts, each that is no plain IPv4 address once; threads may share it.

    Args:
        ipv4_bits: Leading bits kept of IPv4.
        ipv6_bits: Leading bits kept of IPv6.
        nat64_prefixes: Further prefixes that embed an IPv4 address.
    """

    def __init__(self, *, ipv4_bits: int, ipv6_bits: int, nat64_prefixes: Sequence[str] = ()) -> None:
        self._bits = {"ipv4_bits": ipv4_bits, "ipv6_bits": ipv6_bits}
        self._reader = HostReader(nat64_prefixes)
        self._odd = Dictionary(self._cut_each)

    def cut(self, hosts: pl.Series, is_ipv4: pl.Series | None = None) -> pl.Series:
        """Return what is kept of each host, as `cut_hosts` does.

        Args:
            hosts: Texts as the server wrote them; nulls are allowed.
            is_ipv4: Which are plain IPv4 addresses, where that is known.
        """
        hosts = hosts.cast(pl.String).alias(CANONICAL)
        odd = (~(is_dotted_quad(hosts) if is_ipv4 is None else is_ipv4)).arg_true()
        cut = _cut_quads(hosts.to_frame(), self._bits["ipv4_bits"])
        if not len(odd):
            return cut
        encoded = self._odd.encode(hosts.gather(odd))
        return cut.scatter(odd, encoded.values.get_column(CANONICAL).gather(encoded.codes))

    def _cut_each(self, hosts: pl.Series) -> pl.DataFrame:
        return cut_hosts(self._reader.read(hosts), **self._bits).alias(CANONICAL).to_frame()


def is_dotted_quad(hosts: pl.Series) -> pl.Series:
    """Return which hosts are plain IPv4 addresses: canonical as they stand."""
    return hosts.str.contains(f"^{DOTTED_QUAD}$").fill_null(value=False)


def read_hosts(hosts: pl.Series, *, nat64_prefixes: Sequence[str] = ()) -> pl.DataFrame:
    """Return what each host is and its canonical form; see `HostReader.read`."""
    return HostReader(nat64_prefixes).read(hosts)


def _cut_quads(read: pl.DataFrame, bits: int) -> pl.Series:
    cut = read.select(_cut_ipv4(bits).alias(CANONICAL)).to_series()
    if len(cut) != read.height:  # a constant where nothing is kept
        return pl.repeat(cut.item(), read.height, dtype=pl.String, eager=True)
    return cut


def _cut_ipv4(bits: int) -> pl.Expr:
    """Return the network address of the dotted quads in `canonical`."""
    whole, part = divmod(bits, 8)
    zeros = ".".join("0" * (4 - whole - bool(part)))
    address = pl.col(CANONICAL)
    if part == 0:
        if whole == 4:
            return address
        if whole == 0:
            return pl.lit(zeros)
        kept = address.str.extract(rf"^((?:[0-9]+\.){{{whole}}})")
        return pl.concat_str(kept, pl.lit(zeros))
    octets = address.str.split_exact(".", 3).struct
    cut = octets[whole].cast(pl.UInt8, strict=False) & (_mask(part, 8))
    pieces = [*(octets[place] for place in range(whole)), cut.cast(pl.String)]
    if zeros:
        pieces.append(pl.lit(zeros))
    return pl.concat_str(pieces, separator=".")


@lru_cache(maxsize=_REMEMBERED)
def _cut_odd(kind: str, canonical: str, ipv6_mask: int) -> str:
    if kind == NAME:
        return registrable_domain(canonical) or UNKNOWN
    number = int.from_bytes(socket.inet_pton(socket.AF_INET6, canonical), "big") & ipv6_mask
    return socket.inet_ntop(socket.AF_INET6, number.to_bytes(16, "big"))


def cut_hosts(read: pl.DataFrame, *, ipv4_bits: int = 16, ipv6_bits: int = 32) -> pl.Series:
    """Return what is kept of each host: a network address, a domain, or null.

    Args:
        read: A frame of `read_hosts`.
        ipv4_bits: Leading bits kept of IPv4.
        ipv6_bits: Leading bits kept of IPv6.

    Returns:
        The network address without a prefix length; the registrable domain of a
        host name, or `unknown`; null where the kind is none. Where no bit of
        an address is kept, no name is kept either.
    """
    cut = _cut_quads(read, ipv4_bits)
    odd = (read[KIND] != IPV4).arg_true()
    if len(odd) == 0:
        return cut
    mask, rows = _mask(ipv6_bits, 128), read[odd]
    keep_names = ipv4_bits > 0 or ipv6_bits > 0
    texts = [
        None
        if canonical is None
        else UNKNOWN
        if kind == NAME and not keep_names
        else _cut_odd(kind, canonical, mask)
        for kind, canonical in zip(rows[KIND].to_list(), rows[CANONICAL].to_list(), strict=True)
    ]
    return cut.scatter(odd, pl.Series(texts, dtype=pl.String))


def networks(read: pl.DataFrame, *, ipv4_bits: int = 16, ipv6_bits: int = 32) -> pl.Series:
    """Return the network of each host in CIDR notation, its domain, or null."""
    kind, cut = pl.col(KIND), pl.col(CANONICAL)
    lengths = {IPV4: f"/{ipv4_bits}", IPV6: f"/{ipv6_bits}", NAME: "", NONE: ""}
    bits = kind.cast(pl.String).replace_strict(lengths, return_dtype=pl.String)
    shown = read.with_columns(cut_hosts(read, ipv4_bits=ipv4_bits, ipv6_bits=ipv6_bits).alias(CANONICAL))
    return shown.select(pl.concat_str(cut, bits).alias("network")).to_series()
