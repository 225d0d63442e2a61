"""Lines of values with a separator: W3C extended logs and LTSV.

A W3C log says in a `#Fields:` line what its columns are, and may say it anew in the
middle of the file. Sources: https://www.w3.org/TR/WD-logfile.html,
https://learn.microsoft.com/en-us/windows/win32/http/w3c-logging, http://ltsv.org/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from logstats import schema
from logstats.formats import model
from logstats.formats.exact import EMPTY, finish, read_field, rejected
from logstats.formats.fields import Meaning, Ranked, settle, with_client
from logstats.formats.json_lines import read_values
from logstats.formats.model import NO_FORMAT, Escape, Field, Format, Hit, Kind, Rejected
from logstats.formats.readers import add_day

_WD: Final = "WD-logfile, Field Identifiers"
_IIS: Final = "W3C Logging, fields of IIS"
_FRONT: Final = "CloudFront standard log file fields"

# What a W3C identifier stands for, in lower case.
IDENTIFIERS: Final[dict[str, Meaning]] = {
    "date": Meaning("strftime", schema.TIME, 1, f"{_WD}: date of the request, UTC"),
    "time": Meaning("strftime", schema.TIME, 1, f"{_WD}: time of the request, UTC"),
    "c-ip": Meaning("address_port", schema.HOST, 3, f"{_WD}: the client's address"),
    "c-dns": Meaning("word", schema.HOST, 2, f"{_WD}: the client's name"),
    "c-port": Meaning("port", model.CLIENT_PORT, 1, f"{_FRONT}: the client's port"),
    "s-ip": Meaning("word", None, 1, f"{_WD}: the server's address"),
    "s-port": Meaning("port", model.SERVER_PORT, 1, f"{_IIS}: the server's port"),
    "cs-username": Meaning("text", schema.USER, 1, f"{_WD}: the user"),
    "cs-method": Meaning("text", schema.METHOD, 1, f"{_WD}: the method"),
    "cs-uri": Meaning("target", schema.PATH, 2, f"{_WD}: path and query"),
    "cs-uri-stem": Meaning("text", schema.PATH, 3, f"{_WD}: the path"),
    "cs-uri-query": Meaning("query_text", schema.QUERY, 1, f"{_WD}: the query"),
    "cs-version": Meaning("text", schema.PROTOCOL, 1, f"{_IIS}: the protocol"),
    "cs-protocol-version": Meaning("text", schema.PROTOCOL, 2, f"{_FRONT}: the protocol"),
    "cs(user-agent)": Meaning("text", schema.AGENT, 1, f"{_WD}: a header"),
    "cs(referer)": Meaning("text", schema.REFERRER, 1, f"{_WD}: a header"),
    "cs(referrer)": Meaning("text", schema.REFERRER, 1, f"{_WD}: a header"),
    "cs(cookie)": Meaning("text", model.COOKIE, 1, f"{_WD}: a header"),
    "cs-host": Meaning("text", schema.VHOST, 2, f"{_IIS}: the Host header"),
    "cs(host)": Meaning("text", schema.VHOST, 1, f"{_WD}: a header"),
    "x-host-header": Meaning("text", schema.VHOST, 3, f"{_FRONT}: the Host header"),
    "sc-status": Meaning("status", schema.STATUS, 1, f"{_WD}: the status"),
    "sc-bytes": Meaning("integer", schema.BYTES_SENT, 2, f"{_WD}: bytes sent"),
    "bytes": Meaning("integer", schema.BYTES_SENT, 1, f"{_WD}: bytes sent"),
    "cs-bytes": Meaning("integer", model.BYTES_RECEIVED, 1, f"{_WD}: bytes received"),
    "time-taken": Meaning("w3c_taken", schema.DURATION_US, 1, f"{_WD}: seconds; IIS writes milliseconds"),
    "x-forwarded-for": Meaning("text", model.FORWARDED_FOR, 2, f"{_FRONT}: a header"),
    "cs(x-forwarded-for)": Meaning("text", model.FORWARDED_FOR, 1, f"{_WD}: a header"),
    "x-edge-result-type": Meaning("text", model.CACHE_STATUS, 1, f"{_FRONT}: Hit, Miss, Error"),
    "ssl-protocol": Meaning("text", model.TLS_PROTOCOL, 1, f"{_FRONT}: TLSv1.3"),
    "ssl-cipher": Meaning("text", model.TLS_CIPHER, 1, f"{_FRONT}: the cipher"),
}
_PARTS: Final = {"date": "%Y-%m-%d", "time": "%H:%M:%S"}
_VALUE: Final = re.compile(r'"[^"]*+(?:""[^"]*+)*+"|[^\s]++')
_FIELDS: Final = re.compile(r"\ufeff?#Fields:[ \t]*", re.IGNORECASE)


def is_comment(line: str) -> bool:
    """Whether a line is one of a W3C log's own (`#Version`, `#Date`, `#Fields`)."""
    return line.startswith(("#", "\ufeff#"))


@lru_cache(maxsize=256)
def follow(header: str) -> Format | None:
    """Return the format that a `#Fields:` line announces; None if the line is none.

    >>> follow("#Fields: date time c-ip").columns
    ('time', 'host')
    """
    match = _FIELDS.match(header)
    if match is None:
        return None
    header = header.rstrip("\r\n \t")
    names = header[match.end() :].split()
    # IIS writes UTC and milliseconds, others seconds (WD-logfile); IIS alone has the Win32 status
    unit = "milliseconds" if "sc-win32-status" in names or "s-computername" in names else "seconds"
    plus = Escape.PERCENT if "x-edge-location" in names else Escape.PLUS
    ranked = [_field(name, unit, plus) for name in names]
    tokens = settle(with_client(ranked))
    return Format("w3c", "W3C extended, fields as its header says", Kind.W3C, tokens, header=header)


def _field(name: str, unit: str, escape: Escape) -> Ranked:
    meaning = IDENTIFIERS.get(name.lower(), Meaning("text"))
    kind = unit if meaning.type == "w3c_taken" else meaning.type
    # blanks are written as + in headers only; in a path a + is a +
    written = (
        escape
        if "(" in name or (escape is Escape.PERCENT and meaning.column == schema.AGENT)
        else Escape.NONE
    )
    return Ranked(Field(name, kind, meaning.column, written, _PARTS.get(name.lower(), "")), meaning.rank)


def split_w3c(line: str) -> Iterator[tuple[int, int]]:
    """Return where each value of a W3C line begins and ends, without its quotes."""
    if "\t" in line:
        start = 0
        for value in line.split("\t"):
            quoted = len(value) > 1 and value[0] == '"' == value[-1]
            yield start + quoted, start + len(value) - quoted
            start += len(value) + 1
        return
    for match in _VALUE.finditer(line):
        quoted = len(match[0]) > 1 and match[0][0] == '"' == match[0][-1]
        yield match.start() + quoted, match.end() - quoted


def parse_w3c(format_: Format, line: str) -> Hit | Rejected:
    """Return the columns of a line of a W3C log by the header in the format."""
    values = list(split_w3c(line.rstrip(" ")))
    fields = format_.fields
    if len(values) != len(fields) or is_comment(line):
        return Rejected(NO_FORMAT)
    hit = dict(EMPTY)
    for field, (start, end) in zip(fields, values, strict=True):
        if field.column is not None and not read_field(hit, field, line[start:end]):
            return rejected(field)
    if format_.since is not None:
        add_day(hit, format_.since.moment)
    return finish(hit)


def split_ltsv(line: str) -> Iterator[tuple[str, int, int]]:
    """Return label, begin and end of each value of an LTSV line."""
    start = 0
    for piece in line.split("\t"):
        label, colon, _ = piece.partition(":")
        if colon:
            yield label, start + len(label) + 1, start + len(piece)
        start += len(piece) + 1


def parse_ltsv(format_: Format, line: str) -> Hit | Rejected:
    """Return the columns of a line of labelled values."""
    values = {_label(label): line[start:end] for label, start, end in split_ltsv(line)}
    if not all(name in values for name in format_.requires):
        return Rejected(NO_FORMAT)
    return read_values(format_, values)


def _label(label: str) -> str:
    return re.sub(r"[-_@: ]", "", label.lower())
