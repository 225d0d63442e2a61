"""How the text of a field becomes columns of a hit, one reader for each type.

A reader fills the field's column (a request fills four) and says whether the text
was of its type. What it must not do is guess: a time that is none is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from logstats import schema
from logstats.formats import model, times
from logstats.formats.model import Hit
from logstats.formats.requests import read_request, split_target
from logstats.formats.strftime import Parts, read_parts

PARTS: Final = " time parts"  # no column has a blank in its name

# A reader fills columns of the hit; False: the text is none of this type.
Reader = Callable[[Hit, model.Field, str], bool]


def is_empty(text: str) -> bool:
    """Whether a server says by this text that there is nothing."""
    return text in {"", "-"}


def read_text(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in text; nothing for a hyphen."""
    if field.column is not None:
        # httpd writes "" for a user without a name (mod_log_config, log_remote_user)
        empty = is_empty(text) or (text == '""' and field.column == schema.USER)
        hit[field.column] = None if empty else text
    return True


def read_raw(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in text, a hyphen too."""
    if field.column is not None:
        hit[field.column] = text
    return True


def read_integer(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in a number; a hyphen is no bytes, or nothing."""
    if field.column is None:
        return True
    if is_empty(text):
        # CLF writes a hyphen for "no bytes sent" (mod_log_config, %b)
        hit[field.column] = 0 if field.column == schema.BYTES_SENT else None
        return True
    if not _DIGITS.fullmatch(text):
        return False
    hit[field.column] = int(text)
    return True


_DIGITS: Final = re.compile(r"-?[0-9]{1,18}")


def read_status(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in a status; nothing for a hyphen or -1."""
    if field.column is None or is_empty(text):
        return True
    # Squid writes TCP_MISS/200, HAProxy -1 where nothing was sent
    digits = text.rpartition("/")[2]
    if digits == "-1":
        return True
    if not (digits.isascii() and digits.isdigit()):
        return False
    hit[field.column] = int(digits)
    return True


def duration_reader(unit_us: int) -> Reader:
    """Return a reader of durations in a unit of so many microseconds."""

    def read(hit: Hit, field: model.Field, text: str) -> bool:
        if field.column is None or is_empty(text):
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


def read_nanoseconds(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in microseconds from nanoseconds."""
    if field.column is not None and not is_empty(text):
        if not _DIGITS.fullmatch(text):
            return False
        hit[field.column] = int(text) // 1000
    return True


_UNITS_US: Final = {"ns": 0.001, "us": 1, "µs": 1, "ms": 1000, "s": 1_000_000}


def read_with_unit(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in a duration that has its unit behind it."""
    number = text.rstrip("nuµms")
    unit = _UNITS_US.get(text[len(number) :])
    if unit is None or not _DECIMAL.fullmatch(number):
        return False
    if field.column is not None:
        hit[field.column] = int(float(number) * unit)
    return True


def time_reader(kind: str) -> Reader:
    """Return a reader of times of a kind of `times.TIME_READERS`."""

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


def read_strftime(hit: Hit, field: model.Field, text: str) -> bool:
    """Keep the parts of a time until the line has been read."""
    return field.column is None or read_parts(text, field.argument, _parts(hit))


def add_day(hit: Hit, day: date) -> None:
    """Add the day to a time of day that has none beside it."""
    parts = _parts(hit)
    if "hour" in parts and "day" not in parts:
        parts |= {"year": f"{day:%Y}", "month": f"{day:%m}", "day": f"{day:%d}"}


def read_request_line(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in method, path, query and protocol."""
    if field.column is not None:
        read_request(hit, text)
    return True


def read_target(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in path and query."""
    if field.column is not None and not is_empty(text):
        hit[schema.PATH], query = split_target(text)
        if query is not None:
            hit[schema.QUERY] = query
    return True


def read_query(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in a query, with or without its question mark."""
    if field.column is not None and not is_empty(text):
        hit[field.column] = text.removeprefix("?")
    return True


def read_address_port(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in an address, and the client port where there is one."""
    if field.column is None or is_empty(text):
        return True
    host, port = split_port(text)
    hit[field.column] = host
    if port is not None and field.column == schema.HOST:
        hit[model.CLIENT_PORT] = port
    return True


def read_address_and_port(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in an address that always has a port after its last colon, brackets or not."""
    host, colon, port = text.rpartition(":")
    if not colon or "]" in port or not (port.isascii() and port.isdigit()):
        return read_address_port(hit, field, text)
    return read_address_port(hit, field, f"[{host.strip('[]')}]:{port}")


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
    if not port:
        # `unix:` is nginx's name for a client on a local socket
        return (host, None) if text.startswith("[") else (text, None)
    if not (port.isascii() and port.isdigit()):
        return text, None
    return host, int(port)


def read_list(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in a list of addresses; where it stands for the client, the first of them is the client."""
    if field.column is None or is_empty(text):
        return True
    if field.column != schema.HOST:
        hit[field.column] = text
        return True
    if "," in text:
        hit[model.FORWARDED_FOR] = text
    return read_address_port(hit, field, text.partition(",")[0].strip(" "))


def read_timers(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in the last of HAProxy's times (the total), in milliseconds; `+` says that more came later."""
    return duration_reader(1000)(hit, field, text.rpartition("/")[2].lstrip("+"))


def read_count(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in a count that may have a `+`."""
    return read_integer(hit, field, text.lstrip("+"))


def read_padded(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in milliseconds with blanks before them."""
    return duration_reader(1000)(hit, field, text.lstrip(" "))


def read_url(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in path and query of a whole URL, and its host where nothing else tells the virtual host."""
    read_target(hit, field, text)
    _read_authority(hit)
    return True


def read_url_request(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in a request line whose target is a whole URL."""
    if field.column is not None:
        read_request(hit, text)
        _read_authority(hit)
    return True


_AUTHORITY: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{0,15}://(?:[^/@\s]{0,255}@)?(\[[^\]]{1,64}\]|[^/:\s]{1,255})"
)


def _read_authority(hit: Hit) -> None:
    path = hit[schema.PATH]
    match = _AUTHORITY.match(path) if isinstance(path, str) else None
    if hit[schema.VHOST] is not None:
        return
    if match is not None:
        hit[schema.VHOST] = match[1]
    elif hit[schema.METHOD] == "CONNECT" and isinstance(path, str):
        # authority form, RFC 9112 section 3.2.3
        hit[schema.VHOST] = split_port(path)[0]


def read_quoted_request(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in a request line with its quotes, or a hyphen without."""
    return read_request_line(hit, field, without_quotes(text))


def read_quoted_text(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in text with its quotes, or a hyphen without."""
    return read_text(hit, field, without_quotes(text))


def without_quotes(text: str) -> str:
    """Return text without the quotes around it."""
    return text[1:-1] if len(text) > 1 and text[0] == '"' == text[-1] else text


# RFC 8446 section 4.2.1 and its predecessors: the wire number of each version.
_TLS: Final = {"768": "SSLv3", "769": "TLSv1", "770": "TLSv1.1", "771": "TLSv1.2", "772": "TLSv1.3"}


def read_tls_number(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in the name of a TLS version that is written as its number."""
    return read_text(hit, field, _TLS.get(text, text))


# IANA's TLS cipher suites, the ones that are still used.
_SUITES: Final = {
    "4865": "TLS_AES_128_GCM_SHA256",
    "4866": "TLS_AES_256_GCM_SHA384",
    "4867": "TLS_CHACHA20_POLY1305_SHA256",
    "49161": "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "49162": "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "49171": "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "49172": "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "49195": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "49196": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "49199": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "49200": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "52392": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "52393": "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
}


def read_tls_suite(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in the name of a cipher suite that is written as its number."""
    return read_text(hit, field, _SUITES.get(text, text))
