"""Personal data out: what is left of a hit names nobody.

Works on the distinct values of a batch. What cannot be understood is
replaced by a fixed word and counted, never passed on.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.batches import (
    AGENT,
    CIDR,
    CLIENT,
    CUT,
    IS_IPV4,
    NOTHING,
    PROTOCOL,
    REFERRER,
    REQUEST,
    VHOST,
    RedactedBatch,
)
from logstats.delivery import clean_delivery
from logstats.dictionary import Dictionary, Grown
from logstats.hosts import CANONICAL, HostCutter, HostReader, cut_hosts, networks
from logstats.pii import CLASSES, clean_paths, clean_query, referrer_domains, referrer_origins, rewrite_paths
from logstats.pii.agent_strings import mask_agents

if TYPE_CHECKING:
    from logstats.batches import ParsedBatch
    from logstats.policy import Policy
    from logstats.seeds import Seeds

NONE: Final = "(none)"
NO_REQUEST: Final = "(no request)"
TRUNCATE, DROP, KEYED = "truncate", "drop", "keyed"
OTHER: Final = "(other)"
OTHER_HOST: Final = "(other host)"
# A class of what is replaced, beside those of `pii`.
NO_ADDRESS: Final = "no_address"
_FOUND: Final = "found"

# IANA's HTTP method registry, as far as web servers and WebDAV use it; any other word is text of a client.
METHODS: Final = (
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI", "QUERY",
    "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "ACL",
    "BIND", "CHECKIN", "CHECKOUT", "LABEL", "LINK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKWORKSPACE",
    "ORDERPATCH", "REBIND", "UNBIND", "UNCHECKOUT", "UNLINK", "UPDATE", "VERSION-CONTROL",
)  # fmt: skip
PROTOCOLS: Final = ("HTTP/0.9", "HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/3.0")


class Redactor:
    """Replaces personal data by what a policy keeps of it; threads may share it.

    Attributes:
        replaced: For each class of personal data, in how many hits it was replaced.
    """

    def __init__(
        self, policy: Policy, seeds: Seeds, *, places: bool, hosts: frozenset[str] | None = None
    ) -> None:
        """Make a redactor.

        Args:
            policy: How much is kept.
            seeds: Those of the run.
            places: Whether the cut address is needed to look up where it is.
            hosts: The site's own host names; by default those that the policy lists.
        """
        self._policy = policy
        self._seeds = seeds
        self._places = places
        self.replaced: Counter[str] = Counter()
        self._hosts = frozenset(policy.sites) if hosts is None else hosts
        self._lock = threading.Lock()
        self._hosts_read = HostReader(policy.addresses.nat64_prefixes)
        self._requests = Grown(self._clean_requests)
        self._referrers = Grown(
            lambda values: referrer_domains(values[REFERRER], self._hosts).alias(REFERRER).to_frame()
        )
        self._protocols = Grown(
            lambda values: _allowed(values[PROTOCOL], PROTOCOLS).alias(PROTOCOL).to_frame()
        )
        self._agents = Grown(
            lambda values: values.select(AGENT, seeds.hash_text(values[AGENT], "agent").alias(schema.TOKEN))
        )

    def redact_batch(self, parsed: ParsedBatch) -> RedactedBatch:
        """Return the same hits in the same order, without addresses, queries and names of clients' hosts.

        The agent string stays until `enrich` has read it.
        """
        values = parsed.values
        redacted = parsed.replace(
            client=self._redact_clients(parsed),
            request=self._redact_requests(parsed),
            referrer=parsed.grow(REFERRER, self._referrers),
            protocol=parsed.grow(PROTOCOL, self._protocols),
            vhost=self._redact_vhosts(values[VHOST][VHOST]),
            agent=parsed.grow(AGENT, self._agents),
            **{
                name: clean_delivery(name, values[name][name]).to_frame()
                for name in schema.DELIVERY
                if name in values
            },
        )
        return RedactedBatch(redacted)

    def _redact_clients(self, parsed: ParsedBatch) -> pl.DataFrame:
        """Return a token for each client and, if wanted, the network its address is in."""
        addresses = self._policy.addresses
        clients = parsed.values[CLIENT]
        is_ipv4 = clients.get_column(IS_IPV4) if IS_IPV4 in clients.columns else None
        read = self._hosts_read.read(clients[schema.HOST], is_ipv4)
        unread = read[CANONICAL].is_null()
        if unread.any():
            self._add_replaced({NO_ADDRESS: int(unread[parsed.hits[CLIENT]].sum())})
        tokens = self._seeds.hash_text(read[CANONICAL], "client").alias(schema.TOKEN)
        if not self._places:
            return tokens.to_frame()
        bits = {"ipv4_bits": addresses.ipv4_bits, "ipv6_bits": addresses.ipv6_bits}
        return pl.DataFrame([tokens, cut_hosts(read, **bits).alias(CUT), networks(read, **bits).alias(CIDR)])

    def _redact_requests(self, parsed: ParsedBatch) -> pl.DataFrame:
        clean = parsed.grow(REQUEST, self._requests)
        if clean.get_column(_FOUND).max():
            found = clean.get_column(_FOUND)[parsed.hits.get_column(REQUEST)].to_frame()
            hits = found.filter(pl.first() > 0).group_by(_FOUND).len().rows()
            for place, name in enumerate(CLASSES):
                self._add_replaced({name: sum(count for bits, count in hits if bits & (1 << place))})
        return clean.drop(_FOUND)

    def _clean_requests(self, requests: pl.DataFrame) -> pl.DataFrame:
        """Return method and path of each request, and the classes that were replaced in it as bits."""
        clean = _clean(requests[schema.PATH], self._policy.paths.max_length)
        # Without a method nothing was requested: the text is a TLS hello, a single word, or nothing.
        is_request = requests[schema.METHOD].is_not_null()
        paths = pl.select(
            pl.when(is_request).then(clean[schema.PATH]).otherwise(pl.lit(NO_REQUEST))
        ).to_series()
        if self._policy.paths.keep_params:
            kept = clean_query(requests[schema.QUERY].fill_null(""), self._policy.paths.keep_params)
            paths = pl.select(pl.when(kept != "").then(paths + "?" + kept).otherwise(paths)).to_series()
        methods = _allowed(requests[schema.METHOD], METHODS)
        return pl.DataFrame([methods.alias(schema.METHOD), paths.alias(schema.PATH), clean[_FOUND]])

    def _redact_vhosts(self, hosts: pl.Series) -> pl.DataFrame:
        """Return the names of the site itself; what else a client sent as Host is text of a client."""
        known = pl.when(hosts.is_in(list(self._hosts))).then(hosts)
        shown = known.when(hosts.is_not_null()).then(pl.lit(OTHER_HOST)).otherwise(pl.lit(NONE))
        return pl.select(shown.alias(VHOST))

    def _add_replaced(self, hits: dict[str, int]) -> None:
        """Add the hits in which values of classes were replaced."""
        with self._lock:
            self.replaced.update({name: count for name, count in hits.items() if count})


def _clean(raw: pl.Series, max_length: int) -> pl.DataFrame:
    """Return each path fit to be counted, and the classes that were replaced in it as bits."""
    clean = clean_paths(raw, max_length=max_length)
    found = clean.classes.select(_class_bits()).to_series()
    return pl.DataFrame([clean.values.fill_null(NONE).alias(schema.PATH), found])


@cache
def _class_bits() -> pl.Expr:
    """Return the classes that are counted in a row as one number, a bit each."""
    bits = ((pl.col(name) > 0).cast(pl.UInt16) * (1 << place) for place, name in enumerate(CLASSES))
    return pl.sum_horizontal(bits).cast(pl.UInt16).alias(_FOUND)


def _allowed(words: pl.Series, known: tuple[str, ...]) -> pl.Series:
    """Return words that are known, `(other)` for any other, `(none)` for none."""
    return pl.select(
        pl.when(words.is_in(known))
        .then(words)
        .when(words.is_not_null())
        .then(pl.lit(OTHER))
        .otherwise(pl.lit(NONE))
    ).to_series()


class _Masked:
    """What stands for texts, found once for each."""

    def __init__(self, mask: Callable[[pl.Series], pl.Series]) -> None:
        self._known = Dictionary(lambda texts: mask(texts).alias("masked").to_frame())

    def __call__(self, texts: pl.Series) -> pl.Series:
        encoded = self._known.encode(texts)
        return encoded.values.get_column("masked")[encoded.codes]


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
    _reader: HostReader = field(init=False, repr=False)
    _cutter: HostCutter = field(init=False, repr=False)
    _paths: _Masked = field(default_factory=lambda: _Masked(_mask_targets), init=False, repr=False)
    _agents: _Masked = field(default_factory=lambda: _Masked(mask_agents), init=False, repr=False)

    def __post_init__(self) -> None:
        """Read and cut addresses as the policy has it."""
        prefixes = self.policy.addresses.nat64_prefixes
        self._reader = HostReader(prefixes)
        self._cutter = HostCutter(ipv4_bits=self.bits[0], ipv6_bits=self.bits[1], nat64_prefixes=prefixes)

    @property
    def keep_query(self) -> bool:
        """Whether parts of queries may stay."""
        return bool(self.policy.paths.keep_params)

    @property
    def by_day(self) -> bool:
        """Whether an address is replaced by something else on another day."""
        return self.mode == KEYED

    def mask_hosts(
        self, hosts: pl.Series, days: pl.Series | None, is_ipv4: pl.Series | None = None
    ) -> pl.Series:
        """Return what is written instead of each host; a hyphen for what is no address."""
        if self.mode == DROP:
            return pl.repeat(NOTHING, len(hosts), dtype=pl.String, eager=True)
        if self.mode == TRUNCATE:
            cut = self._cutter.cut(hosts, is_ipv4)
            # `fill_null` makes all texts anew for these few.
            missing = cut.is_null().arg_true()
            return cut.scatter(missing, NOTHING) if len(missing) else cut
        read = self._reader.read(hosts, is_ipv4)
        if days is None:
            raise ValueError("a keyed token needs its day")
        from logstats.keys import keyed_tokens

        frame = pl.DataFrame({"day": days, "host": read[CANONICAL]}).with_row_index("row")
        tokens = [
            part.select(
                "row",
                pl.Series("token", keyed_tokens(part["host"], self.keys(day), self.site), dtype=pl.String),
            )
            # A line whose time is none is withheld; there is no key for it.
            for (day,), part in frame.drop_nulls("day").partition_by("day", as_dict=True).items()
        ]
        known = pl.concat([pl.DataFrame(schema={"row": pl.UInt32, "token": pl.String}), *tokens])
        found = frame.join(known, on="row", how="left", maintain_order="left")
        return found["token"].fill_null(NOTHING)

    def mask_targets(self, paths: pl.Series, queries: pl.Series | None) -> pl.Series:
        """Return paths with personal segments replaced, and the parameters that may stay."""
        if queries is None:
            return _mask_targets(paths)
        # With what is kept of its query a path comes again and again.
        masked = self._paths(paths)
        kept = clean_query(queries.fill_null(""), self.policy.paths.keep_params)
        return pl.select(pl.when(kept != "").then(masked + "?" + kept).otherwise(masked)).to_series()

    def mask_texts(self, texts: pl.Series) -> pl.Series:
        """Return texts with what looks personal replaced."""
        return rewrite_paths(texts)

    def mask_referrers(self, referrers: pl.Series) -> pl.Series:
        """Return the origin of each referrer."""
        return referrer_origins(referrers)

    def mask_agents(self, agents: pl.Series) -> pl.Series:
        """Return agent strings without addresses and e-mail addresses."""
        return self._agents(agents)


def _mask_targets(targets: pl.Series) -> pl.Series:
    """Return targets with personal segments replaced, as reports have them, and else byte for byte."""
    # What is before a host (RFC 3986 section 3.2.1) or in `;jsessionid=` is dropped as a query is.
    shorter = targets.str.replace(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@", "${1}")
    return rewrite_paths(shorter.str.replace_all(r";[^/]*", ""))
