"""Read and cut the addresses and host names that servers wrote for clients, many at once.

What is neither an address nor a host name becomes null, never itself.
"""

from __future__ import annotations

import socket
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats.addresses import DOTTED_QUAD, Nat64, nat64_layouts, prefix_mask, trim, unwrap
from logstats.dictionary import Dictionary
from logstats.domains import read_host_name, registrable_domain

if TYPE_CHECKING:
    from collections.abc import Sequence

KIND: Final = "kind"
CANONICAL: Final = "canonical"
IPV4, IPV6, NAME, NONE = "ipv4", "ipv6", "host", "none"
KINDS: Final = pl.Enum([IPV4, IPV6, NAME, NONE])
UNKNOWN: Final = "unknown"

_LONGEST: Final = 512
# IPv6 clients come back in block after block; these are kept in memory only, about 20 MB.
_REMEMBERED: Final = 65_536

# Two groups and more that are cut off are written as two colons (RFC 5952 section 4.2).
_KEPT_GROUPS: Final = range(2, 7)
# The prefixes that hold an IPv4 address (see `addresses`) and do not begin with a zero, as they are written.
_WITH_IPV4: Final = ("64:ff9b:", "2001:0:", "2001::", "2002:")
_GROUP: Final = "[1-9a-f][0-9a-f]{0,3}"
_ANY_GROUP: Final = "[0-9a-f]{1,4}"


def _holds_ipv4() -> pl.Expr:
    """Whether the IPv6 address in `canonical`, in lower case, has one of these prefixes."""
    return pl.any_horizontal(pl.col(CANONICAL).str.starts_with(prefix) for prefix in _WITH_IPV4)


def _is_plain_ipv6() -> pl.Expr:
    """Whether a host is a canonical IPv6 address (RFC 5952) as it stands and holds no IPv4 address.

    Only without a group of zeros beside the two colons: where these stand is then no question.
    """
    forms = [f"(?:{_GROUP}:){{7}}{_GROUP}"]
    for before in range(1, 7):
        behind = f"(?:{_GROUP}(?::{_GROUP}){{0,{5 - before}}})?" if before < 6 else ""
        forms.append(f"(?:{_GROUP}:){{{before}}}:{behind}")
    is_canonical = pl.col(CANONICAL).str.contains(f"^(?:{'|'.join(forms)})$")
    return (is_canonical & ~_holds_ipv4()).fill_null(value=False)


_IS_PLAIN_IPV6: Final = _is_plain_ipv6()


def _read_odd(text: str | None, nat64: tuple[Nat64, ...]) -> tuple[str, str | None]:
    """Return kind and canonical form of one host that is no plain dotted quad."""
    if text is None or len(text) > _LONGEST:
        return NONE, None
    packed = unwrap(text, nat64)  # a bare IPv6 address, the most frequent case by far
    if packed is None:
        trimmed = trim(text)
        packed = unwrap(trimmed, nat64)
    if packed is None:
        name = read_host_name(trimmed)
        return (NAME, name) if name else (NONE, None)
    if len(packed) == 4:
        return IPV4, socket.inet_ntop(socket.AF_INET, packed)
    return IPV6, socket.inet_ntop(socket.AF_INET6, packed)


def _read_each(hosts: pl.Series, nat64: tuple[Nat64, ...]) -> pl.DataFrame:
    read = [_read_odd(text, nat64) for text in hosts.to_list()]
    return pl.DataFrame(read, schema={KIND: KINDS, CANONICAL: pl.String}, orient="row")


class HostReader:
    """Reads hosts, each that is no plain address once; threads may share it.

    Args:
        nat64_prefixes: Further prefixes that embed an IPv4 address.
    """

    def __init__(self, nat64_prefixes: Sequence[str] = ()) -> None:
        nat64 = nat64_layouts(nat64_prefixes)
        # Any address may lie in a prefix of one's own.
        self._may_be_plain = not nat64
        self._odd = Dictionary(lambda hosts: _read_each(hosts, nat64))

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
        if self._may_be_plain and len(odd):
            is_ipv6 = hosts[odd].to_frame().select_seq(_IS_PLAIN_IPV6).to_series()
            kind = kind.scatter(odd.filter(is_ipv6), IPV6)
            odd = odd.filter(~is_ipv6)
        if not len(odd):
            return pl.DataFrame([kind, hosts])
        encoded = self._odd.encode(hosts[odd])
        read = encoded.values[encoded.codes]
        return pl.DataFrame([kind.scatter(odd, read[KIND]), hosts.scatter(odd, read[CANONICAL])])


class HostCutter:
    """Cuts hosts, each that is no plain IPv4 address once; threads may share it.

    Args:
        ipv4_bits: Leading bits kept of IPv4.
        ipv6_bits: Leading bits kept of IPv6.
        nat64_prefixes: Further prefixes that embed an IPv4 address.
    """

    def __init__(self, *, ipv4_bits: int, ipv6_bits: int, nat64_prefixes: Sequence[str] = ()) -> None:
        self._bits = {"ipv4_bits": ipv4_bits, "ipv6_bits": ipv6_bits}
        self._nat64 = nat64_layouts(nat64_prefixes)
        # Any address may lie in a prefix of one's own.
        self._ipv6 = None if nat64_prefixes else _cut_ipv6(ipv6_bits)
        self._odd = Dictionary(self._cut_each)

    def cut(self, hosts: pl.Series, is_ipv4: pl.Series | None = None) -> pl.Series:
        """Return what is kept of each host, as `cut_hosts` does.

        Args:
            hosts: Texts as the server wrote them; nulls are allowed.
            is_ipv4: Which are known to be plain IPv4 addresses; others may be, too.
        """
        hosts = hosts.cast(pl.String).alias(CANONICAL)
        cut = _cut_quads(hosts.to_frame(), self._bits["ipv4_bits"])
        odd = (~(is_dotted_quad(hosts) if is_ipv4 is None else is_ipv4)).arg_true()
        if is_ipv4 is not None:
            # Behind some addresses a user is named.
            odd = odd.filter(~is_dotted_quad(hosts[odd]))
        return cut.scatter(odd, self._cut_odd(hosts[odd])) if len(odd) else cut

    def _cut_odd(self, hosts: pl.Series) -> pl.Series:
        """Return what is kept of each of some hosts, most of them IPv6 addresses."""
        cut = pl.repeat(None, len(hosts), dtype=pl.String, eager=True)
        if self._ipv6 is not None:
            cut = hosts.to_frame().select(self._ipv6).to_series()
        rest = cut.is_null().arg_true()
        if not len(rest):
            return cut
        encoded = self._odd.encode(hosts[rest])
        return cut.scatter(rest, encoded.values.get_column(CANONICAL)[encoded.codes])

    def _cut_each(self, hosts: pl.Series) -> pl.DataFrame:
        read = _read_each(hosts, self._nat64)
        return cut_hosts(read, **self._bits).alias(CANONICAL).to_frame()


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
        return address.str.replace(rf"(?:\.[0-9]+){{{4 - whole}}}$", f".{zeros}")
    octets = address.str.split_exact(".", 3).struct
    cut = octets[whole].cast(pl.UInt8, strict=False) & (prefix_mask(part, 8))
    pieces = [*(octets[place] for place in range(whole)), cut.cast(pl.String)]
    if zeros:
        pieces.append(pl.lit(zeros))
    return pl.concat_str(pieces, separator=".")


def _cut_ipv6(bits: int) -> pl.Expr | None:
    """Return the network address of the usual IPv6 addresses in `canonical`, null for any other host.

    Usual are those in lower case, of whose groups that are kept none but the last are zero, and which hold
    no IPv4 address. None if it takes more than to keep some groups of the text.
    """
    kept, part = divmod(bits, 16)
    if part or kept not in _KEPT_GROUPS:
        return None
    # An address, from its first groups on: eight groups, or fewer with two colons for what lacks.
    starts = [rf"(?:{_GROUP}:){{{kept - zeros}}}(?:0:){{{zeros}}}" for zeros in range(kept)]
    left = 8 - kept
    ends = [rf"(?:{_ANY_GROUP}:){{{left - 1}}}{_ANY_GROUP}$", rf"(?:{_ANY_GROUP}:){{{left - 1}}}:$"]
    for before in range(left - 1):
        behind = rf"(?:{_ANY_GROUP}(?::{_ANY_GROUP}){{0,{left - 2 - before}}})?"
        ends.append(rf"(?:{_ANY_GROUP}:){{{before}}}:{behind}$")
    address = pl.col(CANONICAL)
    usual = address.str.contains(f"^(?:{'|'.join(starts)})(?:{'|'.join(ends)})") & ~_holds_ipv4()
    groups = address.str.extract(f"^((?:{_GROUP}:){{1,{kept}}})")
    return pl.when(usual).then(pl.concat_str(groups, pl.lit(":")))


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
    mask, rows = prefix_mask(ipv6_bits, 128), read[odd]
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
