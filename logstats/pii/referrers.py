"""Reduce a referrer to its origin (logs) or the domain somebody registered (reports).

Path, query, fragment, user, password and port of a referrer never pass.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

import polars as pl

from logstats.domains import is_hosted_name, read_host_name, registrable_domain
from logstats.pii.detect import find_suspects, scrub_text

INTERNAL: Final = "(internal)"
ADDRESS: Final = "(ip address)"
MISSING: Final = "(none)"
INVALID: Final = "(invalid)"
APP: Final = "(app)"

# A backslash ends a host as a slash does (WHATWG URL, "special authority").
_PARTS: Final = r"^\s*([A-Za-z][A-Za-z0-9+.-]*)://(?:[^/?#\\]*@)?(\[[^\]/?#]*\]|[^/?#\\:]*)"
_SCHEME: Final = r"^\s*(?:[Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp])$"
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
# `host-203-0-113-7.example.net`, `cb007107.example.net`: labels in which an address may stand.
_SPELLS_ADDRESS: Final = re.compile(
    r"[0-9]{1,3}(?:[.x-][0-9]{1,3}){2,}|(?:^|[.-])[0-9a-f]{8}(?:[.-]|$)|[0-9]{8,}"
)
# RFC 2606 section 2: names that nobody can own.
_SAFE_HOSTS: Final = {ADDRESS: "address.invalid", INTERNAL: "internal.invalid"}
# The same hosts stand in most referrers that are new.
_REMEMBERED: Final = 16_384
_SAFE_ORIGIN: Final = r"^(?:https?|ftp)://(?:address|internal)\.invalid/$"


def _domain(host: str, own_sites: frozenset[str]) -> str:
    """Return what a report shows of one host."""
    host = unquote(host).strip().lower()
    if host.startswith("[") or ":" in host:
        return ADDRESS
    host = host.removesuffix(".")
    if _NUMBER.fullmatch(host.rsplit(".", 1)[-1]):
        return ADDRESS
    name = read_host_name(host)
    if name is None:
        return INVALID
    if "." not in name or any(name == site or name.endswith("." + site) for site in own_sites):
        return INTERNAL
    return registrable_domain(name) or INVALID


def _parts(raw: pl.Series) -> pl.DataFrame:
    """Return scheme, host and a code for each distinct pair of them."""
    text = pl.col("raw")
    groups = text.str.extract_groups(_PARTS).struct
    scheme = groups[0].str.to_lowercase()
    return (
        raw.cast(pl.String)
        .alias("raw")
        .to_frame()
        .select("raw", scheme.alias("scheme"), groups[1].alias("host"))
    )


def referrer_domains(raw: pl.Series, own_sites: frozenset[str] = frozenset()) -> pl.Series:
    """Return the domain each referrer comes from.

    Args:
        raw: Distinct referrers as the client sent them; nulls are allowed.
        own_sites: Host names of the site itself; their subdomains belong to it.

    Returns:
        For each row a registrable domain in ASCII, or `(internal)` for the own site and
        single-label names, `(ip address)`, `(none)`, `(app)` for `android-app:`, or `(invalid)`.
    """
    parts = _parts(raw)
    sites = frozenset(site.lower().removeprefix("www.") for site in own_sites)
    hosts = parts["host"].drop_nulls().unique()
    domains = pl.Series([_domain(host, sites) for host in hosts.to_list()], dtype=pl.String)
    shown = pl.col("host").replace_strict(hosts, domains, default=INVALID, return_dtype=pl.String)
    is_missing = pl.col("raw").is_null() | pl.col("raw").str.strip_chars().is_in(["", "-"])
    return parts.select(
        pl.when(is_missing).then(pl.lit(MISSING))
        .when(pl.col("scheme").is_in(["android-app", "ios-app"])).then(pl.lit(APP))
        .when(pl.col("scheme").is_in(["http", "https", "ftp"])).then(shown)
        .otherwise(pl.lit(INVALID)).alias("referrer")
    ).to_series()  # fmt: skip


def referrer_origins(raw: pl.Series) -> pl.Series:
    """Return what a log keeps of each referrer: its origin, `scheme://host/`.

    Args:
        raw: Distinct referrers as written in the log; nulls stay null.

    Returns:
        `-` and the empty text stay. A host that looks personal is cut to its registrable
        domain; an address becomes `address.invalid`, a name without a registered domain
        `internal.invalid`; what is no URL becomes `-`.
    """
    parts = _parts(raw)
    hosts = parts["host"].drop_nulls().unique()
    suspects = find_suspects("/" + hosts.str.to_lowercase().str.strip_suffix("."))
    origins = pl.Series(map(_origin_host, hosts.to_list(), suspects.to_list()), dtype=pl.String)
    host = pl.col("host").replace_strict(hosts, origins, default=None, return_dtype=pl.String)
    is_safe = pl.col("raw").is_null() | pl.col("raw").str.contains(rf"^-?$|{_SAFE_ORIGIN}")
    has_origin = pl.col("scheme").is_in(["http", "https", "ftp"]) & host.is_not_null()
    return parts.select(
        pl.when(is_safe).then(pl.col("raw"))
        .when(has_origin).then(pl.concat_str(pl.col("scheme"), pl.lit("://"), host, pl.lit("/")))
        .otherwise(pl.lit("-")).alias("referrer")
    ).to_series()  # fmt: skip


@lru_cache(maxsize=_REMEMBERED)
def _origin_host(host: str, is_suspect: bool) -> str | None:  # noqa: FBT001 - called by map
    """Return what a log keeps of one host, or None if it is none.

    Args:
        host: As the client sent it.
        is_suspect: Whether a path of its name alone is worth a closer look.
    """
    domain = _domain(host, frozenset())
    if domain in _SAFE_HOSTS:
        return _SAFE_HOSTS[domain]
    name = host.lower().removesuffix(".")
    if domain == INVALID:
        return None
    if read_host_name(name) != name or is_hosted_name(name) or _SPELLS_ADDRESS.search(name):
        return domain
    return domain if is_suspect and scrub_text(f"/{name}") != f"/{name}" else name
