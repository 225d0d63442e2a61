"""The types of fields: what text they may be, and what is read from it.

A type without a pattern is free text: it ends where what follows in the layout
begins. `bounded` says that its pattern looks at a bounded number of characters,
so that it may stand in a look-ahead without making a hostile line slow.
"""

from __future__ import annotations

from typing import Final

from logstats.formats import error_logs, readers, times
from logstats.formats.readers import Reader
from logstats.frozen import frozen


@frozen
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


def _free(says: str, read: Reader) -> FieldType:
    return FieldType(says, None, read, bounded=False)


def _wide(says: str, pattern: str, read: Reader, characters: str) -> FieldType:
    return FieldType(says, pattern, read, bounded=False, wide=characters)


def _bounded(says: str, pattern: str | None, read: Reader) -> FieldType:
    return FieldType(says, pattern, read, bounded=True)


# These are free text in their own quotes, or a hyphen without.
IN_OWN_QUOTES: Final = frozenset({"quoted_request", "quoted_text"})
_NO_BLANK: Final = r"[^\s\",]"
_IP: Final = r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:]{2,39}(?:[0-9.]{0,15})|localhost|unix:)(?![\w:])"
_PORT: Final = r"(?:-|[0-9]{1,5})"
_TIMER: Final = r"[+-]?[0-9]{1,12}"
_ERROR_TIME: Final = error_logs.error_time_pattern("error_time")
_SLASH_TIME: Final = error_logs.error_time_pattern("slash_time")
_PHP_TIME: Final = error_logs.error_time_pattern("php_time")
_CLIENT_PART: Final = r"(?:\[pid [0-9]{1,10}\] )?(?:\[client [^\s\]]{1,255}\] )?"
TYPES: Final[dict[str, FieldType]] = {
    "text": _free("text", readers.read_text),
    "raw": _free("text, a hyphen kept", readers.read_raw),
    "word": _wide("text without blanks", r"~+", readers.read_text, r"\S"),
    "optional_word": _wide("text without blanks, or nothing", r"~*", readers.read_text, r"\S"),
    "address": _wide("address or host name", r"~+", readers.read_text, _NO_BLANK),
    "optional_address": _wide("host name or address, or nothing", r"~*", readers.read_text, _NO_BLANK),
    "ip": _bounded("IP address", _IP, readers.read_text),
    "ip_list": _bounded("IP addresses", rf"{_IP}(?:,\s?{_IP}){{0,32}}", readers.read_list),
    "letter": _bounded("letter", r"[A-Z]", readers.read_text),
    "address_port": _wide("address with port", r"~+", readers.read_address_port, _NO_BLANK),
    "address_and_port": _wide("address, always with port", r"~+", readers.read_address_and_port, _NO_BLANK),
    "address_list": _wide("addresses", r"~+(?:,\s?~+)*+", readers.read_list, r"[^\s\",]"),
    "integer": _bounded("number", r"(?:-?[0-9]{1,18}|-)", readers.read_integer),
    "digits": _bounded("number", r"[0-9]{1,18}", readers.read_integer),
    "port": _bounded("port", _PORT, readers.read_integer),
    "status": _bounded("status", r"(?:-|[0-9]{3})", readers.read_status),
    "loose_status": _bounded("status, 0 or -1 for none", r"(?:-1|-|[0-9]{3}|0)", readers.read_status),
    "cache_tag": _bounded("result code of a cache", r"[A-Z_0-9]{1,80}", readers.read_text),
    "squid_status": _bounded("code/status", r"[A-Z_0-9]{1,80}/[0-9]{3}", readers.read_status),
    "seconds": _bounded(
        "seconds", r"(?:-?[0-9]{1,15}(?:\.[0-9]{1,9})?|-)", readers.duration_reader(1_000_000)
    ),
    "milliseconds": _bounded(
        "milliseconds", r"(?:-?[0-9]{1,15}(?:\.[0-9]{1,9})?|-)", readers.duration_reader(1000)
    ),
    "microseconds": _bounded("microseconds", r"(?:-?[0-9]{1,15}|-)", readers.duration_reader(1)),
    "seconds_list": _bounded(
        "seconds, one for each upstream",
        r"(?:-|[0-9.]{1,25})(?:(?:, ?| : )(?:-|[0-9.]{1,25})){0,64}",
        readers.duration_reader(1_000_000),
    ),
    "integer_list": _bounded(
        "numbers, one for each upstream",
        r"(?:-|[0-9]{1,18})(?:(?:, ?| : )(?:-|[0-9]{1,18})){0,64}",
        readers.read_text,
    ),
    "nanoseconds": _bounded("nanoseconds", r"(?:-?[0-9]{1,18}|-)", readers.read_nanoseconds),
    "unit_seconds": _bounded(
        "a number and its unit, 13ms", r"[0-9.]{1,20}(?:ns|us|µs|ms|s)", readers.read_with_unit
    ),
    "text_seconds": _free("seconds, or nothing", readers.duration_reader(1_000_000)),
    "clf": _bounded("time, 01/Feb/2026:10:00:00 +0000", times.CLF_PATTERN, readers.time_reader("clf")),
    "iso": _bounded("time, ISO 8601", times.ISO_PATTERN, readers.time_reader("iso")),
    "epoch": _bounded("time, seconds since 1970", times.EPOCH_PATTERN, readers.time_reader("epoch")),
    "epoch_ms": _bounded("time, milliseconds since 1970", r"[0-9]{1,20}", readers.time_reader("epoch_ms")),
    "epoch_us": _bounded("time, microseconds since 1970", r"[0-9]{1,20}", readers.time_reader("epoch_us")),
    "any_time": _free("time", readers.time_reader("any_time")),
    "error_time": _bounded("time, Sun Feb 01 10:00:00 2026", _ERROR_TIME, error_logs.read_error_time),
    "slash_time": _bounded("time, 2026/02/01 10:00:00", _SLASH_TIME, error_logs.read_error_time),
    "php_time": _bounded("time, 01-Feb-2026 10:00:00", _PHP_TIME, error_logs.read_error_time),
    "strftime": _bounded("time or a part of it", None, readers.read_strftime),
    "request": _free("request line", readers.read_request_line),
    "target": _free("path and query", readers.read_target),
    "path": _wide("path", r"~*", readers.read_text, r"[^\s?\"]"),
    "query": _wide("query", r"(?:\?~*+)?", readers.read_query, _NO_BLANK),
    "query_text": _free("query", readers.read_query),
    "method": _bounded("method", r"(?:-|[A-Za-z_-]{1,32})", readers.read_text),
    "protocol": _bounded("protocol", r"(?:-|[A-Za-z]{1,8}(?:/[0-9.]{1,5})?)", readers.read_text),
    "hostname": _bounded(
        "host name or address",
        r"(?:[A-Za-z0-9_-]{1,63}\.){1,10}[A-Za-z][A-Za-z0-9-]{0,62}(?::[0-9]{1,5})?",
        readers.read_text,
    ),
    "pad": _bounded("blanks", r"[ \t]{0,40}", readers.read_text),
    "level": _bounded("level", r"[A-Za-z][A-Za-z0-9]{0,15}", readers.read_text),
    "php_level": _bounded("level", r"[A-Z]{2,10}(?: [A-Za-z]{2,12}){0,3}", readers.read_text),
    "counters": _bounded("counts with slashes", rf"{_TIMER}(?:/{_TIMER}){{0,6}}", readers.read_text),
    "haproxy_timers": _bounded(
        "times with slashes, ms", rf"{_TIMER}(?:/{_TIMER}){{1,6}}", readers.read_timers
    ),
    "haproxy_count": _bounded("bytes, + for more", r"[+-]?[0-9]{1,18}", readers.read_count),
    "padded_milliseconds": _bounded("milliseconds", r" {0,20}-?[0-9]{1,12}", readers.read_padded),
    "url": _free("whole URL", readers.read_url),
    "url_request": _free("request line with a whole URL", readers.read_url_request),
    "quoted_request": _free("request line in quotes, or a hyphen", readers.read_quoted_request),
    "quoted_text": _free("text in quotes, or a hyphen", readers.read_quoted_text),
    "client_part": _bounded(
        "[client ...], maybe behind [pid ...], or nothing", _CLIENT_PART, error_logs.read_client_part
    ),
    "message": _free("message", error_logs.read_message),
    "tls_suite": _free("cipher suite as a number", readers.read_tls_suite),
    "tls_number": _free("TLS version as a number", readers.read_tls_number),
}
