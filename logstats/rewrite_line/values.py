"""One value of a line: which parts of it are masked, and how.

What has no column of its own is taken for text: every address in it is cut, whatever
looks personal is replaced, and a value whose name says that it is a person's goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from logstats import schema
from logstats.delivery import is_known
from logstats.formats import Field, model
from logstats.formats.readers import without_quotes
from logstats.formats.requests import split_request
from logstats.pii.written_addresses import find_addresses
from logstats.pii.written_urls import find_queries
from logstats.pii.written_users import drop_logins, drop_userinfo
from logstats.plan import IDENT
from logstats.rewrite_line.slots import NOTHING, Piece, Slot, What

# Columns whose text says nothing of a person, and the types that are numbers and times.
_KEPT_COLUMNS: Final = frozenset(
    {
        schema.TIME, schema.METHOD, schema.PROTOCOL, schema.STATUS, schema.BYTES_SENT, schema.VHOST,
        schema.DURATION_US, model.CLIENT_PORT, model.SERVER_PORT, model.BYTES_RECEIVED,
        model.UPSTREAM_TIME_US, model.LEVEL,
    }
)  # fmt: skip
_KEPT_TYPES: Final = frozenset(
    {
        "integer", "digits", "port", "status", "loose_status", "squid_status", "seconds", "milliseconds",
        "microseconds", "nanoseconds", "seconds_list", "integer_list", "unit_seconds", "clf", "iso", "epoch",
        "epoch_ms", "epoch_us", "error_time", "slash_time", "php_time", "strftime", "method", "protocol",
        "letter", "pad", "level", "php_level", "counters", "haproxy_timers", "haproxy_count",
        "padded_milliseconds", "cache_tag",
    }
)  # fmt: skip
_ADDRESS_COLUMNS: Final = frozenset({schema.HOST, model.PEER, model.FORWARDED_FOR, model.UPSTREAM_ADDR})
_ADDRESS_TYPES: Final = frozenset(
    {
        "address",
        "optional_address",
        "address_port",
        "address_and_port",
        "address_list",
        "ip",
        "ip_list",
        "hostname",
    }
)
_REQUEST_TYPES: Final = frozenset({"request", "url_request", "quoted_request"})
_TARGET_TYPES: Final = frozenset({"target", "path", "url"})
_QUERY_TYPES: Final = frozenset({"query", "query_text"})
_QUOTED_TYPES: Final = frozenset({"quoted_request", "quoted_text"})
_DROPPED_COLUMNS: Final = frozenset({schema.USER, model.COOKIE, IDENT})
_DROPPED_NAMES: Final = frozenset({"%l", "%u", "$remote_user", "$binary_remote_addr"})
# Headers, variables and keys that hold an address: `%{True-Client-IP}i`, `$http_x_client_ip`, `client.ip`.
_ADDRESS_NAMES: Final = re.compile(
    r"(?i)(?:^|[-_.{$])(?:ips?|addr|address|ipaddr|ipaddress|ipv[46]|forwarded[-_]for)(?:\}[\^a-z]+)?\Z"
)
# Names under which applications log a person: of users, of mail, of what proves who somebody is.
_TELLING: Final = re.compile(
    r"(?i)(?:user(?![-_. ]?agent)|login|account|e?-?mail|phone|cookie|session|\bsid\b|auth|token|"
    r"passw|secret|credential)"
)
_SEPARATORS: Final = re.compile(r"((?:,|\s|%20|\+|;)+)")
_PORT: Final = re.compile(r"(\[?)(.+?)(\]?(?::[0-9]{1,5})?)", re.DOTALL)
_LOCAL: Final = "unix:"
# A word of the server that may hold more: a client chooses the host it asks for, and JSON holds any text.
_NO_WORD: Final = re.compile(
    r"@|%40|[\[(]at[\])]|::|(?:[0-9A-Fa-f]{1,4}:){4}|[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\\"
)
# The server's own numbers: `pid 35708:tid 4328636416` (httpd ErrorLogFormat).
_PROCESS: Final = re.compile(r"(?:pid|tid) [0-9]{1,20}(?::tid [0-9]{1,20})?")


def as_it_is(text: str) -> str:
    """Return a masked value as it is."""
    return text


def or_nothing(text: str) -> str:
    """Return a masked value, a hyphen for an empty one, so that a line keeps its columns."""
    return text or NOTHING


def is_kept(field: Field | None) -> bool:
    """Whether a value is a number, a time, or a word of the server, of which nothing but addresses goes."""
    return field is not None and (
        field.column in _KEPT_COLUMNS or (field.type in _KEPT_TYPES and field.column not in _DROPPED_COLUMNS)
    )


def is_plain(text: str) -> bool:
    """Whether a value that is kept holds neither an address nor an e-mail address, nor an escape."""
    return not _NO_WORD.search(text)


def _is_delivery(column: str | None, text: str) -> bool:
    """Whether this is a word of the server on how it delivered, or the number of one."""
    return column in schema.DELIVERY and (text.isdecimal() or is_known(column, text))


def mask_value(name: str, field: Field | None, text: str) -> Iterator[Piece]:  # noqa: C901, PLR0912 - one branch a kind
    """Yield the pieces of a value that is not masked as they are, and a slot for each that is."""
    column, kind = (field.column, field.type) if field is not None else (None, "")
    if kind in _QUOTED_TYPES and without_quotes(text) != text:
        yield '"'
        yield from mask_value(name, Field(name, kind.removeprefix("quoted_"), column), text[1:-1])
        yield '"'
    elif text in ("", NOTHING) or _is_delivery(column, text):
        yield text
    elif is_kept(field):
        yield text if is_plain(text) else Slot(What.AGENT, text, as_it_is)
    elif column == schema.AGENT:
        yield Slot(What.AGENT, text, as_it_is)
    elif kind in _REQUEST_TYPES:
        yield from _mask_request(text)
    elif column == schema.REFERRER:
        yield Slot(What.REFERRER, text, as_it_is)
    elif column == schema.PATH or kind in _TARGET_TYPES:
        yield _target(text)
    elif column == schema.QUERY or kind in _QUERY_TYPES:
        yield _query(text)
    elif column in _DROPPED_COLUMNS or name in _DROPPED_NAMES:
        yield NOTHING
    elif kind == "client_part":
        yield from mask_text(text)
    elif column is None and _PROCESS.fullmatch(f"{name} {text}"):
        yield text
    elif column in _ADDRESS_COLUMNS or kind in _ADDRESS_TYPES:
        yield from _mask_addresses(text, local=column != schema.HOST)
    elif column is None and _TELLING.search(name):
        yield NOTHING
    elif column is None and _ADDRESS_NAMES.search(name):
        yield from _mask_addresses(text, local=True)
    else:
        yield from mask_text(text)


def mask_text(text: str) -> Iterator[Piece]:
    """Yield free text with a slot for each address, query and referrer and for what stands between them.

    What looks like an address and is none is not passed on.
    """
    text = drop_logins(drop_userinfo(text))
    end = 0
    for found in find_queries(text):
        yield from _mask_words(text[end : found.start])
        part = text[found.start : found.end]
        if found.is_referrer:
            yield Slot(What.REFERRER, part, or_nothing)
        elif part.startswith("?"):
            yield _query(part)
        end = found.end
    yield from _mask_words(text[end:])


def _mask_words(text: str) -> Iterator[Piece]:
    end = 0
    for found in find_addresses(text):
        yield from _between(text[end : found.start])
        address = text[found.start : found.end]
        yield Slot(What.HOST, address, as_it_is) if found.is_address else NOTHING
        end = found.end
    yield from _between(text[end:])


def _between(text: str) -> Iterator[Piece]:
    if text.strip():
        yield Slot(What.TEXT, text, as_it_is)
    elif text:
        yield text


def _mask_addresses(text: str, *, local: bool) -> Iterator[Piece]:
    """Yield each address of a list by itself; what stands between them stays.

    Args:
        text: One or several addresses.
        local: Whether `unix:` and a path may stay: that of a server, not of a client.
    """
    for number, part in enumerate(_SEPARATORS.split(text)):
        if number % 2 or part in ("", NOTHING):
            yield part
        elif local and part.startswith(_LOCAL):
            yield _LOCAL
            yield from mask_text(part.removeprefix(_LOCAL))
        else:
            yield from _mask_address(part)


def _mask_address(text: str) -> Iterator[Piece]:
    before, address, after = "", text, ""
    # More than one colon is IPv6, whose port stands behind a bracket.
    if (text.startswith("[") or text.count(":") < 2) and (match := _PORT.fullmatch(text)):
        before, address, after = match.groups()
    yield before
    yield Slot(What.HOST, address, as_it_is)
    yield after


def _target(text: str) -> Slot:
    return Slot(What.TARGET, drop_userinfo(text), or_nothing)


def _query(text: str) -> Slot:
    """Return the slot of a query that stands alone; its question mark stays if it had one."""
    if text.startswith("?"):
        return Slot(What.TARGET, text, as_it_is)
    return Slot(What.TARGET, f"?{text}", lambda masked: masked.removeprefix("?") or NOTHING)


def _mask_request(text: str) -> Iterator[Piece]:
    """Yield a request line; what is no request is taken for a target as a whole."""
    method, target, _ = split_request(text)
    if target is None:
        yield from mask_text(text)
        return
    place = text.find(target, text.index(method) + len(method) if method else 0)
    yield text[:place]
    yield _target(target)
    yield text[place + len(target) :]
