"""Personal data out: what is left of a hit names nobody.

Works on the distinct values of a batch. What cannot be understood is
replaced by a fixed word and counted, never passed on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.addresses import CANONICAL, cut_hosts, networks, read_hosts
from logstats.batches import AGENT, CIDR, CLIENT, CUT, NOTHING, PROTOCOL, REFERRER, REQUEST, VHOST, RedactedBatch
from logstats.keys import keyed_tokens
from logstats.pii import CLASSES, clean_paths, clean_query, referrer_domains, referrer_origins, rewrite_paths

if TYPE_CHECKING:
    from collections import Counter

    from logstats.batches import ParsedBatch
    from logstats.policy import Policy
    from logstats.seeds import Seeds

NONE: Final = "(none)"
TRUNCATE, DROP, KEYED = "truncate", "drop", "keyed"
OTHER: Final = "(other)"
OTHER_HOST: Final = "(other host)"
# A class of what is replaced, beside those of `pii`.
NO_ADDRESS: Final = "no_address"

# IANA's HTTP method registry, as far as web servers and WebDAV use it; any other word is text of a client.
METHODS: Final = (
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI", "QUERY",
    "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "ACL",
    "BIND", "CHECKIN", "CHECKOUT", "LABEL", "LINK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKWORKSPACE",
    "ORDERPATCH", "REBIND", "UNBIND", "UNCHECKOUT", "UNLINK", "UPDATE", "VERSION-CONTROL",
)  # fmt: skip
PROTOCOLS: Final = ("HTTP/0.9", "HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/3.0")


def redact_batch(
    parsed: ParsedBatch, policy: Policy, seeds: Seeds, *, places: bool, replaced: Counter[str]
) -> RedactedBatch:
    """Replace personal data by what the policy keeps of it.

    Args:
        parsed: Hits as the log has them.
        policy: How many bits, which parameters, which sites.
        seeds: Of this run; tokens of visitors are made with them.
        places: Whether the cut address is needed, to look up where it is.
        replaced: Adds, for each class of personal data, in how many hits it was replaced.

    Returns:
        The same hits in the same order. Addresses, queries and host names of
        clients are gone; the agent string stays until `enrich` has read it.
    """
    values = parsed.values
    sites = frozenset(policy.sites)
    agent = values[AGENT].with_columns(seeds.hash_text(values[AGENT][AGENT], "agent").alias(schema.TOKEN))
    referrer = referrer_domains(values[REFERRER][REFERRER], sites)
    host = values[VHOST][VHOST]
    vhost = pl.when(host.is_in(policy.sites)).then(host).when(host.is_not_null()).then(pl.lit(OTHER_HOST))
    redacted = parsed.replace(
        client=_redact_clients(parsed, policy, seeds, places=places, replaced=replaced),
        request=_redact_requests(parsed, policy, replaced),
        referrer=pl.DataFrame({REFERRER: referrer}),
        protocol=pl.DataFrame({PROTOCOL: _allowed(values[PROTOCOL][PROTOCOL], PROTOCOLS)}),
        vhost=pl.select(vhost.fill_null(NONE).alias(VHOST)),
        agent=agent,
    )
    return RedactedBatch(redacted)


def _redact_clients(
    parsed: ParsedBatch, policy: Policy, seeds: Seeds, *, places: bool, replaced: Counter[str]
) -> pl.DataFrame:
    """Return a token for each client and, if wanted, the network its address is in."""
    addresses = policy.addresses
    read = read_hosts(parsed.values[CLIENT][schema.HOST], nat64_prefixes=addresses.nat64_prefixes)
    _count_hits(parsed, CLIENT, {NO_ADDRESS: read[CANONICAL].is_null()}, replaced)
    tokens = seeds.hash_text(read[CANONICAL], "client").alias(schema.TOKEN)
    if not places:
        return tokens.to_frame()
    bits = {"ipv4_bits": addresses.ipv4_bits, "ipv6_bits": addresses.ipv6_bits}
    return pl.DataFrame([tokens, cut_hosts(read, **bits).alias(CUT), networks(read, **bits).alias(CIDR)])


def _redact_requests(parsed: ParsedBatch, policy: Policy, replaced: Counter[str]) -> pl.DataFrame:
    requests = parsed.values[REQUEST]
    clean = clean_paths(requests[schema.PATH], max_length=policy.paths.max_length)
    found = {name: clean.classes[name] > 0 for name in CLASSES}
    _count_hits(parsed, REQUEST, found, replaced)
    paths = clean.values.fill_null(NONE)
    if policy.paths.keep_params:
        kept = clean_query(requests[schema.QUERY].fill_null(""), policy.paths.keep_params)
        paths = pl.select(pl.when(kept != "").then(paths + "?" + kept).otherwise(paths)).to_series()
    return pl.DataFrame(
        {schema.METHOD: _allowed(requests[schema.METHOD], METHODS), schema.PATH: paths}
    )


def _allowed(words: pl.Series, known: tuple[str, ...]) -> pl.Series:
    """Return words that are known, `(other)` for any other, `(none)` for none."""
    return pl.select(
        pl.when(words.is_in(known)).then(words).when(words.is_not_null()).then(pl.lit(OTHER)).otherwise(pl.lit(NONE))
    ).to_series()


def _count_hits(parsed: ParsedBatch, code: str, found: dict[str, pl.Series], replaced: Counter[str]) -> None:
    """Count the hits whose value was found to be of a class."""
    for name, is_found in found.items():
        if is_found.any():
            replaced[name] += int(is_found.gather(parsed.hits[code]).sum())


@dataclass(slots=True)
class LineMasks:
    """What `anonymize` writes instead of personal values; see `rewrite_line.Masks`.

    Attributes:
        policy: How much is kept.
        mode: `truncate`, `drop` or `keyed`.
        bits: Leading bits that are kept of IPv4 and IPv6.
        keys: The key of each UTC day, for `keyed`.
        site: Tokens of two sites differ.
    """

    policy: Policy
    mode: str
    bits: tuple[int, int]
    keys: Callable[[date], bytes]
    site: str = ""

    @property
    def keep_query(self) -> bool:
        """Whether parts of queries may stay."""
        return bool(self.policy.paths.keep_params)

    @property
    def by_day(self) -> bool:
        """Whether an address is replaced by something else on another day."""
        return self.mode == KEYED

    def mask_hosts(self, hosts: pl.Series, days: pl.Series | None) -> pl.Series:
        """Return what is written instead of each host; a hyphen for what is no address."""
        if self.mode == DROP:
            return pl.repeat(NOTHING, len(hosts), dtype=pl.String, eager=True)
        read = read_hosts(hosts, nat64_prefixes=self.policy.addresses.nat64_prefixes)
        if self.mode == TRUNCATE:
            cut = cut_hosts(read, ipv4_bits=self.bits[0], ipv6_bits=self.bits[1])
            return cut.fill_null(NOTHING)
        if days is None:
            raise ValueError("a keyed token needs its day")
        frame = pl.DataFrame({"day": days, "host": read[CANONICAL]}).with_row_index("row")
        tokens = [
            part.select("row", pl.Series("token", keyed_tokens(part["host"], self.keys(day), self.site), dtype=pl.String))
            for (day,), part in frame.partition_by("day", as_dict=True).items()
        ]
        return pl.concat(tokens).sort("row")["token"].fill_null(NOTHING)

    def mask_targets(self, paths: pl.Series, queries: pl.Series | None) -> pl.Series:
        """Return paths with personal segments replaced, and the parameters that may stay."""
        masked = rewrite_paths(paths)
        if queries is None:
            return masked
        kept = clean_query(queries.fill_null(""), self.policy.paths.keep_params)
        return pl.select(pl.when(kept != "").then(masked + "?" + kept).otherwise(masked)).to_series()

    def mask_texts(self, texts: pl.Series) -> pl.Series:
        """Return texts with what looks personal replaced."""
        return rewrite_paths(texts)

    def mask_referrers(self, referrers: pl.Series) -> pl.Series:
        """Return the origin of each referrer."""
        return referrer_origins(referrers)
