"""Who the client is where a proxy stands before the server.

`X-Forwarded-For` is text that any client may send. Only what a proxy of ours has added to it
counts: from its right end, the first address that is none of our proxies.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

import polars as pl

from logstats import schema
from logstats.addresses import read_address
from logstats.batches import encode
from logstats.errors import UsageError

# A proxy on a socket of this machine, as nginx calls it (set_real_ip_from unix:).
LOCAL: Final = "unix:"
# Addresses that are looked at; no chain of proxies is longer.
_LONGEST: Final = 64
_REMEMBERED: Final = 65_536


class Proxies:
    """The proxies that are trusted to say truly who asked them."""

    def __init__(self, networks: tuple[str, ...]) -> None:
        """Take networks in CIDR notation, single addresses, and `unix:`.

        Raises:
            UsageError: One of them is none of these.
        """
        self._trusts_local = LOCAL in networks
        self._networks = tuple(_network(text) for text in networks if text != LOCAL)
        self._client = lru_cache(_REMEMBERED)(self._find)

    def client(self, peer: str | None, forwarded: str | None) -> str | None:
        """Return the address of the client: the right-most one that is no trusted proxy.

        Args:
            peer: Who connected to the server; None where the log does not tell.
            forwarded: The list that the request had; its left-most address may be anybody's words.

        Returns:
            The peer itself if it is not trusted or the list says nothing. What stands at the
            left end if all are trusted; the last trusted one before something that is no address.

        >>> proxies = Proxies(("192.0.2.0/24",))
        >>> proxies.client("192.0.2.1", "203.0.113.66, 198.51.100.7, 192.0.2.2")
        '198.51.100.7'
        >>> proxies.client("198.51.100.7", "203.0.113.66")
        '198.51.100.7'
        """
        return self._client(peer, forwarded)

    def _find(self, peer: str | None, forwarded: str | None) -> str | None:
        found = peer
        if peer is not None and not self._trusts(peer):
            return peer
        for part in reversed((forwarded or "").split(",")[-_LONGEST:]):
            text = part.strip(' "+')
            if read_address(text) is None:
                break
            found = text
            if not self._trusts(text):
                break
        return found

    def _trusts(self, text: str) -> bool:
        if text.startswith(LOCAL):
            return self._trusts_local
        address = read_address(text)
        return address is not None and any(address in network for network in self._networks)

    def clients(self, peers: pl.Series, forwarded: pl.Series) -> pl.Series:
        """Return the client of each pair; pass distinct ones."""
        pairs = zip(peers.to_list(), forwarded.to_list(), strict=True)
        return pl.Series([self.client(peer, said) for peer, said in pairs], dtype=pl.String)

    def look_behind(
        self, codes: pl.Series, peers: pl.DataFrame, forwarded: pl.Series
    ) -> tuple[pl.Series, pl.DataFrame]:
        """Return codes and values of the clients that peers speak for.

        Args:
            codes: The peer of each row.
            peers: The distinct ones, with `host`.
            forwarded: The list that the request of each row had.
        """
        lists, raw = encode(forwarded)
        pairs, pair = encode((codes.cast(pl.UInt64) * len(raw) + lists).alias("pair"))
        known = peers[(pair // len(raw)).cast(pl.UInt32)]
        hosts = self.clients(known[schema.HOST], raw[(pair % len(raw)).cast(pl.UInt32)])
        return pairs, known.with_columns(hosts.alias(schema.HOST))


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise UsageError("a trusted proxy is a network such as 192.0.2.0/24, an address, or unix:") from None
