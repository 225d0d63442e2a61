"""How an answer was delivered, in the words of servers: from a cache or not, over which TLS.

A server writes these words itself, but a layout may put a header in their place, which somebody
chose. So only words that are known stay; anything else is `(other)`.

Sources: ngx_http_upstream_module ($upstream_cache_status), "Amazon CloudFront standard log
fields" (x-edge-result-type), "Cloudflare cache responses", "Azure Front Door access logs"
(cacheStatus), Fastly's fastly_info.state, varnishncsa (Varnish:hitmiss, Varnish:handling), the
result codes of Squid; IANA's TLS cipher suites and the names that OpenSSL has for them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import polars as pl

from logstats import schema
from logstats.batches import encode
from logstats.summaries import NOT_TOLD

OTHER: Final = "(other)"

# Words of states; several of them joined are one state: TCP_MEM_HIT, HIT-STALE, RefreshHit.
_STATES: Final = (
    "HIT", "MISS", "BYPASS", "EXPIRED", "STALE", "UPDATING", "REVALIDATED", "DYNAMIC", "IGNORED", "DEFERRED",
    "UNKNOWN", "PASS", "PIPE", "SYNTH", "ERROR", "REDIRECT", "REFRESHHIT", "ORIGINSHIELDHIT", "LIMITEXCEEDED",
    "CAPACITYEXCEEDED", "LAMBDAEXECUTIONERROR", "LAMBDALIMITEXCEEDED", "LAMBDAVALIDATIONERROR",
    "FUNCTIONEXECUTIONERROR", "FUNCTIONTHROTTLEDERROR", "FUNCTIONGENERATEDRESPONSE", "HITMISS", "HITPASS",
    "STREAMHIT", "FOR", "REMOTE", "PARTIAL", "CACHE", "NOCONFIG", "CONFIG", "NOCACHE", "PRIVATE", "NOSTORE",
    "CLUSTER", "WAIT", "RECV", "BG", "TCP", "UDP", "TAG", "NONE", "MEM", "REFRESH", "UNMODIFIED", "MODIFIED",
    "FAIL", "OLD", "NEW", "CLIENT", "IMS", "INM", "SWAPFAIL", "NEGATIVE", "OFFLINE", "DENIED", "TUNNEL",
    "ASYNC", "ERR", "ABORTED", "TIMEOUT", "REPLY", "INVALID", "DISABLED",
)  # fmt: skip
_STATE: Final = rf"^(?:{'|'.join(_STATES)})(?:[_-](?:{'|'.join(_STATES)})){{0,4}}$"
_TLS: Final = r"^TLS *V? *1(?:\.([0-3]))?$|^1\.([0-3])$"
_OLDER: Final = r"^(SSLV[23]|QUIC)$"
# What a cipher's name begins with: the key exchange, or what encrypts.
_BEGINNINGS: Final = (
    "TLS", "SSL", "ECDHE", "ECDH", "DHE", "EDH", "DH", "ADH", "AECDH", "AES128", "AES256", "RSA", "PSK",
    "SRP", "DES", "RC4", "RC2", "IDEA", "SEED", "CAMELLIA128", "CAMELLIA256", "ARIA128", "ARIA256",
    "CHACHA20", "NULL", "EXP", "EXP1024", "GOST2001", "GOST2012256", "KRB5", "IANA",
)  # fmt: skip
_CIPHER: Final = rf"^(?:{'|'.join(_BEGINNINGS)})(?:[_-][A-Z0-9]{{1,10}}){{1,9}}$"
# Anything else is for the exact parser.
_SPELLING: Final = r"^[A-Za-z0-9._/-]{1,80}$"
_NOTHING: Final = ("", "-", "NONE", "(NONE)", "N/A")


def clean_delivery(column: str, words: pl.Series) -> pl.Series:
    """Return what is kept of words of one column of `schema.DELIVERY`: `(none)` for none.

    >>> clean_delivery("cache_status", pl.Series(["Hit", "TCP_MEM_HIT", "-", "anna"])).to_list()
    ['HIT', 'TCP_MEM_HIT', '(none)', '(other)']
    >>> clean_delivery("tls_protocol", pl.Series(["TLSv1.3", "1.2", "tlsv1", None])).to_list()
    ['TLSv1.3', 'TLSv1.2', 'TLSv1', '(none)']
    """
    word = pl.lit(words.cast(pl.String)).str.strip_chars().str.to_uppercase()
    known = _KNOWN[column](word)
    is_nothing = word.is_null() | word.is_in(_NOTHING)
    kept = pl.when(is_nothing).then(pl.lit(NOT_TOLD)).otherwise(known.fill_null(OTHER))
    return pl.select(kept.alias(column)).to_series()


@lru_cache(maxsize=4096)
def is_known(column: str, word: str) -> bool:
    """Whether a word of such a column is one of a server.

    >>> is_known("cache_status", "HIT"), is_known("cache_status", "anna")
    (True, False)
    """
    return bool(clean_delivery(column, pl.Series([word])).item() != OTHER)


def encode_words(words: pl.Series, column: str) -> tuple[pl.Series, pl.DataFrame]:
    """Return codes, and distinct words: `raw`, the column, and `ok`, whether they are spelled as such."""
    codes, raw = encode(words)
    told = raw.str.contains(_SPELLING).fill_null(value=False)
    return codes, pl.DataFrame({"raw": raw, column: raw, "ok": told})


def _state(word: pl.Expr) -> pl.Expr:
    return pl.when(word.str.contains(_STATE)).then(word)


def _tls(word: pl.Expr) -> pl.Expr:
    minor = pl.coalesce(word.str.extract(_TLS, 1), word.str.extract(_TLS, 2))
    # OpenSSL calls TLS 1.0 TLSv1.
    name = pl.when(minor.is_in(["1", "2", "3"])).then("TLSv1." + minor).otherwise(pl.lit("TLSv1"))
    older = word.str.extract(_OLDER).str.replace("SSLV", "SSLv")
    return pl.when(word.str.contains(_TLS)).then(name).otherwise(older)


def _cipher(word: pl.Expr) -> pl.Expr:
    return pl.when(word.str.contains(_CIPHER)).then(word)


_KNOWN: Final = {schema.CACHE_STATUS: _state, schema.TLS_PROTOCOL: _tls, schema.TLS_CIPHER: _cipher}
