"""One line of the exact parser with its personal fields replaced, everything else as it was."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol

import polars as pl

from logstats import schema
from logstats.formats import Field, Format, Kind, Rejected, model, parse_line
from logstats.formats.layout import scanner
from logstats.formats.requests import split_request, split_target
from logstats.plan import IDENT

NOTHING: Final = "-"
# Columns whose text says nothing of a person, and the types that are numbers and times.
_KEPT_COLUMNS: Final = frozenset(
    {
        schema.TIME, schema.METHOD, schema.PROTOCOL, schema.STATUS, schema.BYTES_SENT, schema.AGENT,
        schema.VHOST, schema.DURATION_US, model.SERVER_PORT, model.BYTES_RECEIVED, model.UPSTREAM_TIME_US,
        model.CACHE_STATUS, model.TLS_PROTOCOL, model.TLS_CIPHER, model.LEVEL,
    }
)  # fmt: skip
_KEPT_TYPES: Final = frozenset(
    {
        "integer", "digits", "port", "status", "squid_status", "seconds", "milliseconds", "microseconds",
        "seconds_list", "clf", "iso", "epoch", "epoch_ms", "epoch_us", "strftime", "method", "protocol",
    }
)  # fmt: skip
_ADDRESS_COLUMNS: Final = frozenset({schema.HOST, model.PEER, model.FORWARDED_FOR, model.UPSTREAM_ADDR})
_ADDRESS_TYPES: Final = frozenset({"address", "address_port", "address_list", "ip"})
_DROPPED_COLUMNS: Final = frozenset({schema.USER, model.COOKIE, IDENT})


class Masks(Protocol):
    """What stands in for personal values; each takes distinct values and returns as many."""

    @property
    def keep_query(self) -> bool:
        """Whether parts of queries may stay."""
        ...

    @property
    def by_day(self) -> bool:
        """Whether an address is replaced by something else on another day."""
        ...

    def mask_hosts(self, hosts: pl.Series, days: pl.Series | None) -> pl.Series:
        """Return what is written instead of each host, on its day where that matters."""
        ...

    def mask_targets(self, paths: pl.Series, queries: pl.Series | None) -> pl.Series:
        """Return each path, with what is kept of its query."""
        ...

    def mask_texts(self, texts: pl.Series) -> pl.Series:
        """Return texts without what looks personal in them."""
        ...

    def mask_referrers(self, referrers: pl.Series) -> pl.Series:
        """Return what is kept of each referrer."""
        ...


def rewrite_line(line: bytes, known: tuple[Format, ...], masks: Masks) -> tuple[bytes | None, str | None]:
    """Return the line without personal data, or None and the reason why it is withheld.

    Args:
        line: One line without its newline.
        known: Formats to try, the likeliest first.
        masks: What is written instead of personal values.
    """
    text, encoding = _decode(line)
    reason = "no_format"
    for number, format_ in enumerate(known):
        hit = parse_line(format_, text)
        if isinstance(hit, Rejected):
            reason = hit.reason if number == 0 else reason
            continue
        time = hit[schema.TIME]
        made = _rewrite(format_, text, masks, time if isinstance(time, datetime) else None)
        if made is None:
            continue
        return made.encode(encoding), None
    return None, reason


def _decode(line: bytes) -> tuple[str, str]:
    try:
        return line.decode(), "utf-8"
    except UnicodeDecodeError:
        return line.decode("latin-1"), "latin-1"


def _rewrite(format_: Format, text: str, masks: Masks, time: datetime | None) -> str | None:
    if format_.kind is not Kind.TEXT:
        return None
    compiled = scanner(format_)
    match = compiled.match(text)
    if match is None:
        return None
    pieces: list[str] = []
    end = 0
    for number, field in enumerate(compiled.fields, start=1):
        start, stop = match.span(number)
        if start < 0:
            continue
        pieces += [text[end:start], _mask(field, text[start:stop], masks, time)]
        end = stop
    return "".join(pieces) + text[end:]


def _mask(field: Field, text: str, masks: Masks, time: datetime | None) -> str:  # noqa: PLR0911 - one a kind
    """Return what is written instead of the text of a field."""
    column = field.column
    if text in ("", NOTHING):
        return text
    if field.type == "request":
        return _mask_request(text, masks)
    if column == schema.REFERRER:
        return _one(masks.mask_referrers(pl.Series([text])))
    if field.type in ("target", "path") or column == schema.PATH:
        return _mask_target(text, masks)
    if column == schema.QUERY or field.type in ("query", "query_text"):
        masked = _mask_target("?" + text.removeprefix("?"), masks)
        return masked if text.startswith("?") else masked.removeprefix("?")
    if column in _DROPPED_COLUMNS or field.name in ("%l", "$remote_user"):
        return NOTHING
    if column in _KEPT_COLUMNS or field.type in _KEPT_TYPES:
        return text
    if column in _ADDRESS_COLUMNS or field.type in _ADDRESS_TYPES:
        return ", ".join(_mask_host(host.strip(), masks, time) for host in text.split(","))
    return _one(masks.mask_texts(pl.Series([text])))


def _mask_host(host: str, masks: Masks, time: datetime | None) -> str:
    if host in ("", NOTHING):
        return host
    days = pl.Series([time.date() if time else None], dtype=pl.Date) if masks.by_day else None
    return _one(masks.mask_hosts(pl.Series([host]), days))


def _mask_request(text: str, masks: Masks) -> str:
    """Replace the target of a request line; what is no request is taken for a target as a whole."""
    _, target, _ = split_request(text)
    if target is None:
        return text
    start = text.find(target, text.find(" ") + 1 if text.strip() != target else 0)
    return text[:start] + _mask_target(target, masks) + text[start + len(target) :]


def _mask_target(target: str, masks: Masks) -> str:
    path, query = split_target(target)
    queries = pl.Series([query], dtype=pl.String) if masks.keep_query else None
    return _one(masks.mask_targets(pl.Series([path or ""]), queries))


def _one(values: pl.Series) -> str:
    value = values.item()
    return NOTHING if value is None else str(value)
