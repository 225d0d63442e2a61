"""The types of fields: what text they may be, and what is read from it.

A type without a pattern is free text: it ends where what follows in the layout
begins. `bounded` says that its pattern looks at a bounded number of characters,
so that it may stand in a look-ahead without making a hostile line slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from logstats import schema
from logstats.formats import model, times
from logstats.formats.model import Hit
from logstats.formats.requests import read_request, split_target
from logstats.formats.strftime import Parts, read_parts

PARTS: Final = " time parts"  # no column has a blank in its name

# A reader fills columns of the hit; False: the text is none of this type.
Reader = Callable[[Hit, model.Field, str], bool]


@dataclass(frozen=True, slots=True)
class FieldType:
    """How a type looks and how it is read.

    `says` is a plain word for the reference page. The pattern has no groups; where it ends
    only at what follows in the layout (`%v:%p`), `wide` is the class of its characters, and
    each of them is written as `~` in the pattern.
    """

    says: str
    pattern: str | None
    read: Reader
    bounded: bool
    wide: str | None = None


def _dash(text: str) -> bool:
    return text in {"", "-"}


def _text(hit: Hit, field: model.Field, text: str) -> bool:
    if field.column is not None:
        hit[field.column] = None if _dash(text) else text
    return True


def _raw(hit: Hit, field: model.Field, text: str) -> bool:
    if field.column is not None:
        hit[field.column] = text
    return True


def _integer(hit: Hit, field: model.Field, text: str) -> bool:
    if field.column is None:
        return True
    if _dash(text):
        # CLF writes a hyphen for "no bytes sent" (mod_log_config, %b)
        hit[field.column] = 0 if field.column == schema.BYTES_SENT else None
        return True
    if not _DIGITS.fullmatch(text):
        return False
    hit[field.column] = int(text)
    return True


_DIGITS: Final = re.compile(r"-?[0-9]{1,18}")


def _status(hit: Hit, field: model.Field, text: str) -> bool:
    if field.column is None or _dash(text):
        return True
    # Squid writes TCP_MISS/200, HAProxy -1 where nothing was sent
    digits = text.rpartition("/")[2]
    if digits == "-1":
        return True
    if not (digits.isascii() and digits.isdigit()):
        return False
    hit[field.column] = int(digits)
    return True


def _duration(unit_us: int) -> Reader:
    def read(hit: Hit, field: model.Field, text: str) -> bool:
        if field.column is None or _dash(text):
            return True
        # nginx lists one time for each upstream it asked: "0.010, 0.200 : 0.100"
        parts = [part for part in re.split(r"[,:\s]+", text) if part not in {"", "-"}]
        if not all(_DECIMAL.fullmatch(part) for part in parts):
            return False
        if parts and not any(part.startswith("-") for part in parts):
            hit[field.column] = sum(_scaled(part, unit_us) for part in parts)
        return True

    return read


_DECIMAL: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?")


def _scaled(text: str, unit_us: int) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole) * unit_us + int(fraction.ljust(9, "0") or 0) * unit_us // 10**9


def _time(kind: str) -> Reader:
    def read(hit: Hit, field: model.Field, text: str) -> bool:
        if field.column is None:
            return True
        found = times.TIME_READERS[kind](text)
        if found is None:
            return False
        hit[field.column] = found
        return True

    return read


def _parts(hit: Hit) -> Parts:
    parts = hit.setdefault(PARTS, {})
    assert isinstance(parts, dict)  # noqa: S101 - for the type checker: only this module writes it
    return parts


def _strftime(hit: Hit, field: model.Field, text: str) -> bool:
    return field.column is None or read_parts(text, field.argument, _parts(hit))


def _request(hit: Hit, field: model.Field, text: str) -> bool:
    if field.column is not None:
        read_request(hit, text)
    return True


def _target(hit: Hit, field: model.Field, text: str) -> bool:
    if field.column is not None and not _dash(text):
        hit[schema.PATH], query = split_target(text)
        if query is not None:
            hit[schema.QUERY] = query
    return True


def _query(hit: Hit, field: model.Field, text: str) -> bool:
    if field.column is not None and not _dash(text):
        hit[field.column] = text.removeprefix("?")
    return True


def _address_port(hit: Hit, field: model.Field, text: str) -> bool:
    if field.column is None or _dash(text):
        return True
    host, port = split_port(text)
    hit[field.column] = host
    if port is not None and field.column == schema.HOST:
        hit[model.CLIENT_PORT] = port
    return True


def split_port(text: str) -> tuple[str, int | None]:
    """Return address and port of `192.0.2.1:80` and `[2001:db8::1]:80`; a bare IPv6 address has none.

    >>> split_port("[2001:db8::1]:80"), split_port("2001:db8::1"), split_port("192.0.2.1:x")
    (('2001:db8::1', 80), ('2001:db8::1', None), ('192.0.2.1:x', None))
    """
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        return text, None
    if port and not (port.isascii() and port.isdigit()):
        return text, None
    return host, int(port) if port else None


def _list(hit: Hit, field: model.Field, text: str) -> bool:
    if field.column is not None:
        hit[field.column] = None if _dash(text) else text
    return True


def _free(says: str, read: Reader) -> FieldType:
    return FieldType(says, None, read, bounded=False)


def _wide(says: str, pattern: str, read: Reader, characters: str) -> FieldType:
    return FieldType(says, pattern, read, bounded=False, wide=characters)


def _bounded(says: str, pattern: str | None, read: Reader) -> FieldType:
    return FieldType(says, pattern, read, bounded=True)


_NO_BLANK: Final = r"[^\s\"]"
_PORT: Final = r"(?:-|[0-9]{1,5})"
TYPES: Final[dict[str, FieldType]] = {
    "text": _free("text", _text),
    "raw": _free("text, a hyphen kept", _raw),
    "word": _wide("text without blanks", r"~+", _text, r"\S"),
    "optional_word": _wide("text without blanks, or nothing", r"~*", _text, r"\S"),
    "address": _wide("address or host name", r"~+", _text, _NO_BLANK),
    "ip": _bounded(
        "IP address", r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:]{2,39}(?:[0-9.]{0,15}))(?![\w:])", _text
    ),
    "address_port": _wide("address with port", r"~+", _address_port, _NO_BLANK),
    "address_list": _wide("addresses", r"~+(?:,\s?~+)*+", _list, r"[^\s\",]"),
    "integer": _bounded("number", r"(?:-?[0-9]{1,18}|-)", _integer),
    "digits": _bounded("number", r"[0-9]{1,18}", _integer),
    "port": _bounded("port", _PORT, _integer),
    "status": _bounded("status", r"(?:-|[0-9]{3})", _status),
    "squid_status": _bounded("code/status", r"[A-Z_0-9]{1,80}/[0-9]{3}", _status),
    "seconds": _bounded("seconds", r"(?:-?[0-9]{1,15}(?:\.[0-9]{1,9})?|-)", _duration(1_000_000)),
    "milliseconds": _bounded("milliseconds", r"(?:-?[0-9]{1,15}(?:\.[0-9]{1,9})?|-)", _duration(1000)),
    "microseconds": _bounded("microseconds", r"(?:-?[0-9]{1,15}|-)", _duration(1)),
    "seconds_list": _bounded(
        "seconds, one for each upstream",
        r"(?:-|[0-9.]{1,25})(?:(?:, ?| : )(?:-|[0-9.]{1,25})){0,64}",
        _duration(1_000_000),
    ),
    "text_seconds": _free("seconds, or nothing", _duration(1_000_000)),
    "clf": _bounded("time, 01/Feb/2026:10:00:00 +0000", times.CLF_PATTERN, _time("clf")),
    "iso": _bounded("time, ISO 8601", times.ISO_PATTERN, _time("iso")),
    "epoch": _bounded("time, seconds since 1970", times.EPOCH_PATTERN, _time("epoch")),
    "epoch_ms": _bounded("time, milliseconds since 1970", r"[0-9]{1,20}", _time("epoch_ms")),
    "epoch_us": _bounded("time, microseconds since 1970", r"[0-9]{1,20}", _time("epoch_us")),
    "any_time": _free("time", _time("any_time")),
    "strftime": _bounded("time or a part of it", None, _strftime),
    "request": _free("request line", _request),
    "target": _free("path and query", _target),
    "path": _wide("path", r"~*", _text, r"[^\s?\"]"),
    "query": _wide("query", r"(?:\?~*+)?", _query, _NO_BLANK),
    "query_text": _free("query", _query),
    "method": _bounded("method", r"(?:-|[A-Za-z_-]{1,32})", _text),
    "protocol": _bounded("protocol", r"(?:-|[A-Za-z]{1,8}(?:/[0-9.]{1,5})?)", _text),
}
