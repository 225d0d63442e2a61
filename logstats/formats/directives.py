"""Apache's LogFormat: the table of directives, and a layout compiled by it.

Source: https://httpd.apache.org/docs/2.4/mod/mod_log_config.html ("Custom Log Formats",
"Modifiers") and https://httpd.apache.org/docs/2.4/mod/mod_logio.html; what the text leaves
open was read in modules/loggers/mod_log_config.c and mod_logio.c of httpd 2.4.
"""

from __future__ import annotations

import re
from typing import Final

from logstats import schema
from logstats.errors import UsageError
from logstats.formats import model
from logstats.formats.fields import Meaning, Ranked, settle, with_client
from logstats.formats.model import Escape, Field, Literal, Token

_CONFIG: Final = "mod_log_config, Custom Log Formats"
_LOGIO: Final = "mod_logio, Custom Log Formats"

# Directives without an argument.
DIRECTIVES: Final[dict[str, Meaning]] = {
    "a": Meaning("address", schema.HOST, 3, f"{_CONFIG}: the client's address, after mod_remoteip"),
    "A": Meaning("address", None, 1, f"{_CONFIG}: the server's own address"),
    "b": Meaning("integer", schema.BYTES_SENT, 3, f"{_CONFIG}: bytes of the body, a hyphen for none"),
    "B": Meaning("integer", schema.BYTES_SENT, 3, f"{_CONFIG}: bytes of the body, 0 for none"),
    "D": Meaning("microseconds", schema.DURATION_US, 5, f"{_CONFIG}: time taken in microseconds"),
    "f": Meaning("text", None, 1, f"{_CONFIG}: the file's name on the server"),
    "h": Meaning("address", schema.HOST, 2, f"{_CONFIG}: address, or host name with HostnameLookups"),
    "H": Meaning("protocol", schema.PROTOCOL, 1, f"{_CONFIG}: the request's protocol"),
    "I": Meaning("integer", model.BYTES_RECEIVED, 1, f"{_LOGIO}: bytes received with headers"),
    "k": Meaning("integer", None, 1, f"{_CONFIG}: requests before on this connection"),
    "l": Meaning("text", None, 1, f"{_CONFIG}: the name from identd, mostly a hyphen"),
    "L": Meaning("text", None, 1, f"{_CONFIG}: the entry's id in the error log"),
    "m": Meaning("method", schema.METHOD, 1, f"{_CONFIG}: the request's method"),
    "O": Meaning("integer", schema.BYTES_SENT, 2, f"{_LOGIO}: bytes sent with headers"),
    "p": Meaning("port", model.SERVER_PORT, 1, f"{_CONFIG}: the server's canonical port"),
    "P": Meaning("integer", None, 1, f"{_CONFIG}: the process id"),
    "q": Meaning("query", schema.QUERY, 1, f"{_CONFIG}: the query with its question mark, or nothing"),
    "r": Meaning("request", model.REQUEST, 2, f"{_CONFIG}: the first line of the request"),
    "R": Meaning("text", None, 1, f"{_CONFIG}: the handler"),
    "s": Meaning("status", schema.STATUS, 1, f"{_CONFIG}: the status of the original request"),
    "S": Meaning("integer", None, 1, f"{_LOGIO}: bytes both ways"),
    "t": Meaning("clf", schema.TIME, 2, f"{_CONFIG}: the time the request came, in brackets"),
    "T": Meaning("seconds", schema.DURATION_US, 1, f"{_CONFIG}: time taken in seconds"),
    "u": Meaning("text", schema.USER, 1, f"{_CONFIG}: the user, unverified where the status is 401"),
    "U": Meaning("path", schema.PATH, 1, f"{_CONFIG}: the path without the query"),
    "v": Meaning("address", schema.VHOST, 1, f"{_CONFIG}: the canonical server name"),
    "V": Meaning("address", schema.VHOST, 2, f"{_CONFIG}: the server name as UseCanonicalName says"),
    "X": Meaning("optional_word", None, 1, f"{_CONFIG}: X, + or - for the connection at the end"),
    "^FB": Meaning("microseconds", None, 1, f"{_LOGIO}: delay to the first byte in microseconds"),
}

# Directives with an argument: letter, argument in lower case.
ARGUED: Final[dict[tuple[str, str], Meaning]] = {
    ("a", "c"): Meaning("address", model.PEER, 1, f"{_CONFIG}: the connection's peer address"),
    ("h", "c"): Meaning("address", model.PEER, 1, f"{_CONFIG}: the connection's peer, by name or address"),
    ("p", "canonical"): DIRECTIVES["p"],
    ("p", "local"): Meaning("port", None, 1, f"{_CONFIG}: the server's actual port"),
    ("p", "remote"): Meaning("port", model.CLIENT_PORT, 1, f"{_CONFIG}: the client's port"),
    ("P", "pid"): Meaning("integer", None, 1, f"{_CONFIG}: the process id"),
    ("P", "tid"): Meaning("integer", None, 1, f"{_CONFIG}: the thread id"),
    ("P", "hextid"): Meaning("text", None, 1, f"{_CONFIG}: the thread id in hex"),
    ("T", "us"): Meaning("microseconds", schema.DURATION_US, 4, f"{_CONFIG}: time taken in the unit given"),
    ("T", "ms"): Meaning("milliseconds", schema.DURATION_US, 3, f"{_CONFIG}: time taken in the unit given"),
    ("T", "s"): Meaning("seconds", schema.DURATION_US, 2, f"{_CONFIG}: time taken in the unit given"),
    ("i", "referer"): Meaning("text", schema.REFERRER, 2, "RFC 9110 section 10.1.3"),
    ("i", "referrer"): Meaning("text", schema.REFERRER, 1, "the header as it should have been spelled"),
    ("i", "user-agent"): Meaning("text", schema.AGENT, 1, "RFC 9110 section 10.1.5"),
    ("i", "host"): Meaning("address", schema.VHOST, 1, "RFC 9110 section 7.2"),
    ("i", "x-forwarded-for"): Meaning("address_list", model.FORWARDED_FOR, 3, "a list, the client first"),
    ("i", "forwarded"): Meaning("text", model.FORWARDED_FOR, 2, "RFC 7239"),
    ("i", "x-real-ip"): Meaning("address", model.FORWARDED_FOR, 1, "one address set by a proxy"),
    ("i", "cf-connecting-ip"): Meaning("address", model.FORWARDED_FOR, 1, "one address set by a proxy"),
    ("i", "true-client-ip"): Meaning("address", model.FORWARDED_FOR, 1, "one address set by a proxy"),
    ("i", "cookie"): Meaning("text", model.COOKIE, 1, "RFC 6265 section 5.4"),
    ("x", "ssl_protocol"): Meaning("text", model.TLS_PROTOCOL, 1, "mod_ssl, Custom Log Formats"),
    ("x", "ssl_cipher"): Meaning("text", model.TLS_CIPHER, 1, "mod_ssl, Custom Log Formats"),
    ("x", "varnish:hitmiss"): Meaning("text", model.CACHE_STATUS, 2, "varnishncsa, %{Varnish:hitmiss}x"),
    ("x", "varnish:handling"): Meaning("text", model.CACHE_STATUS, 1, "varnishncsa, %{Varnish:handling}x"),
    ("c", "version"): Meaning("text", model.TLS_PROTOCOL, 1, "mod_ssl, the old form of %{...}x"),
    ("c", "cipher"): Meaning("text", model.TLS_CIPHER, 1, "mod_ssl, the old form of %{...}x"),
    ("e", "remote_user"): Meaning("text", schema.USER, 0, "RFC 3875 section 4.1.11"),
    ("^FB", ""): DIRECTIVES["^FB"],
}

# Letters that take any argument: header, reply header, note, variable, cookie, trailer, TLS.
GENERIC: Final = {
    "i": "header",
    "o": "reply_header",
    "n": "note",
    "e": "environment",
    "C": "cookie",
    "x": "tls",
    "c": "tls",
    "^ti": "trailer",
    "^to": "reply_trailer",
}

_DIRECTIVE: Final = re.compile(
    r"%(?P<before>[<>]?)(?P<unless>!?(?:\d{3}(?:,\d{3})*)?)(?P<after>[<>]*)"
    r"(?:\{(?P<argument>(?:[^{}\\]|\\.)*)\})?(?P<late>[<>!\d,]*)"
    r"(?P<letter>\^[A-Za-z]{2}|[A-Za-z%])"
)


def compile_apache(layout: str) -> tuple[Token, ...]:
    """Return the tokens of a LogFormat string.

    Raises:
        UsageError: The string has a percent sign that begins no directive.
    """
    pieces: list[Literal | Ranked] = []
    position = 0
    while position < len(layout):
        start = layout.find("%", position)
        if start < 0:
            start = len(layout)
        if start > position:
            pieces.append(Literal(layout[position:start]))
        if start == len(layout):
            break
        match = _DIRECTIVE.match(layout, start)
        if match is None:
            raise UsageError(f"LogFormat: no directive begins at character {start + 1}")
        pieces.extend(_directive(match))
        position = match.end()
    return settle(with_client(pieces))


def _directive(match: re.Match[str]) -> list[Literal | Ranked]:
    letter, argument = match["letter"], match["argument"]
    if letter == "%":
        return [Literal("%")]
    meaning = meaning_of(letter, argument)
    name = match[0]
    final = ">" in match["before"] + match["after"] + match["late"]
    field = Field(name, meaning.type, meaning.column, Escape.APACHE, argument or "")
    ranked = Ranked(field, meaning.rank * 10 + final)
    if match["unless"]:
        # a conditional directive writes a hyphen for every other status
        ranked = Ranked(field, meaning.rank * 10 - 5)
    if letter == "t" and meaning.type == "clf":
        return [Literal("["), ranked, Literal("]")]
    return [ranked]


def meaning_of(letter: str, argument: str | None) -> Meaning:
    """Return what a directive stands for.

    Raises:
        UsageError: httpd has no such directive.
    """
    if letter == "t" and argument:
        return Meaning(
            "strftime", schema.TIME, 1, f"{_CONFIG}: strftime, or sec, msec, usec and their fractions"
        )
    if argument is not None and (known := ARGUED.get((letter, argument.lower()))):
        return known
    if argument is not None and letter in GENERIC:
        return Meaning("text", None, 1, f"{_CONFIG}: {GENERIC[letter]}")
    if letter in DIRECTIVES:
        return DIRECTIVES[letter]
    raise UsageError(f"LogFormat: httpd has no directive %{letter}")
