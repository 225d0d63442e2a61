"""Where the fields of a line stand in its raw text, so that a rewrite touches nothing else.

Every field that may hold a person's data has a span: those that fill a column under the
column's name, all others under the name that the server gives them. So nothing that is
read over can slip through a rewrite unseen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from logstats import schema
from logstats.formats import model
from logstats.formats.delimited import split_ltsv, split_w3c
from logstats.formats.envelopes import Inner, candidates
from logstats.formats.json_lines import fold, scalar_spans
from logstats.formats.layout import scanner
from logstats.formats.lines import parse_bare
from logstats.formats.model import NO_FORMAT, Field, Format, Hit, Kind, Rejected
from logstats.formats.readers import without_quotes
from logstats.formats.requests import split_request

Span = tuple[int, int]
Named = tuple[str, int, int, Field | None]

ENVELOPE: Final = "envelope"
_REQUEST_TYPES: Final = frozenset({"request", "url_request", "quoted_request"})
_TARGET_TYPES: Final = frozenset({"target", "url"})
_QUOTED_TYPES: Final = frozenset({"quoted_request", "quoted_text"})
_CLIENT: Final = re.compile(r"(?:\[pid [0-9]+\] )?\[client (.*)\] ?\Z", re.DOTALL)


def field_spans(format_: Format, line: str) -> dict[str, Span] | None:
    """Return where each field stands in a line, in characters; None if the line does not fit.

    Keys are columns (`host`, `user`, `request` with `method`, `path`, `query` and `protocol` within
    it, `referrer`, `agent`, `vhost`, `forwarded_for`, ...) or, for a field that fills no column, the
    name it has in the layout. A second field of the same key has `#2` behind it. `host` is the
    address alone, without port and brackets; a list of addresses is one span. What stands around
    a line (a syslog prefix, the other values of a JSON object) is under `envelope`.
    """
    bare = line.rstrip("\r\n")
    read = unwrap_line(format_, bare)
    if isinstance(read, Rejected):
        return None
    inner, _ = read
    parts = (part for named in whole_fields(format_, inner.line) for part in _parts(inner.line, *named))
    placed = {
        name: (inner.positions[start], inner.positions[end])
        for name, (start, end) in _numbered(parts).items()
    }
    around = ((ENVELOPE, start, end, None) for start, end in envelope_spans(bare, inner))
    return placed | _numbered(around)


def unwrap_line(format_: Format, line: str) -> tuple[Inner, Hit] | Rejected:
    """Return the part of a line that fits the format and what it tells, or why nothing in it fits."""
    rejected = Rejected(NO_FORMAT)
    for inner in candidates(line):
        hit = parse_bare(format_, inner.line)
        if not isinstance(hit, Rejected):
            return inner, hit
        rejected = hit
    return rejected


def whole_fields(format_: Format, line: str) -> Iterator[Named]:
    """Return column or name, begin, end and field of each value of a line that fits, in their order.

    The field is None for a value that the format does not know. Nothing else of the line is a value.
    """
    match format_.kind:
        case Kind.TEXT:
            fields = _text(format_, line)
        case Kind.JSON:
            fields = _named(format_, scalar_spans(line))
        case Kind.LTSV:
            fields = _named(format_, split_ltsv(line))
        case Kind.W3C:
            fields = _w3c(format_, line)
    yield from fields


def _text(format_: Format, line: str) -> Iterator[Named]:
    compiled = scanner(format_)
    match = compiled.match(line)
    if match is None:
        return
    for group, field in enumerate(compiled.fields, start=1):
        yield field.column or field.name, match.start(group), match.end(group), field


def _w3c(format_: Format, line: str) -> Iterator[Named]:
    for field, (start, end) in zip(format_.fields, split_w3c(line.rstrip(" ")), strict=True):
        yield field.column or field.name, start, end, field


def _named(format_: Format, values: Iterable[tuple[str, int, int]]) -> Iterator[Named]:
    for name, start, end in values:
        field = _field_named(format_, name)
        yield (field.column if field is not None and field.column else name), start, end, field


# A log has few names, but a hostile one may have many.
@lru_cache(maxsize=4096)
def _field_named(format_: Format, name: str) -> Field | None:
    by_name = {fold(field.name): field for field in format_.fields}
    return by_name.get(".".join(fold(part) for part in name.split("."))) or by_name.get(fold(name))


def _parts(line: str, name: str, start: int, end: int, field: Field | None) -> Iterator[Named]:
    kind = field.type if field is not None else ""
    text = line[start:end]
    if kind in _QUOTED_TYPES and without_quotes(text) != text:
        start, end, text = start + 1, end - 1, text[1:-1]
    if kind == "address_and_port":
        start, end = _address_before_port(text, start)
    elif kind == "address_port" or (kind == "address_list" and name == schema.HOST and "," not in text):
        start, end = _address(text, start)
    elif kind == "client_part" and (match := _CLIENT.match(text)):
        place = start + match.start(1)
        find = _address if field is not None and field.argument == "old" else _address_before_port
        start, end = find(match[1], place)
    if kind in _TARGET_TYPES:
        yield from _target(text, start)
        return
    yield name, start, end, field
    if name == model.REQUEST and kind in _REQUEST_TYPES:
        yield from _request(text, start)


def _address(text: str, start: int) -> Span:
    """Return where the address stands in an address that may have brackets and a port."""
    if text.startswith("["):
        return start + 1, start + max(text.find("]"), 1)
    if text.count(":") == 1:
        return start, start + text.index(":")
    return start, start + len(text)


def _address_before_port(text: str, start: int) -> Span:
    """Return where the address stands in an address that always has a port."""
    host, colon, port = text.rpartition(":")
    if colon and port.isdigit() and not host.startswith("["):
        return start, start + len(host)
    return _address(text, start)


def _request(text: str, start: int) -> Iterator[Named]:
    """Return where method, target and protocol stand, by the rule of `split_request`."""
    method, target, protocol = split_request(text)
    place = len(text) - len(text.lstrip(" "))
    if method is not None:
        yield schema.METHOD, start + place, start + place + len(method), None
        place += len(method)
    if target is not None:
        place = text.index(target, place)
        yield from _target(target, start + place)
        place += len(target)
    if protocol is not None:
        place = text.rindex(protocol)
        yield schema.PROTOCOL, start + place, start + place + len(protocol), None


def _target(text: str, start: int) -> Iterator[Named]:
    path, _, _ = text.partition("?")
    yield schema.PATH, start, start + len(path), None
    yield from _query(text, start)


def _query(text: str, start: int) -> Iterator[Named]:
    mark = text.find("?")
    if mark >= 0:
        yield schema.QUERY, start + mark + 1, start + len(text), None


def _numbered(spans: Iterable[Named]) -> dict[str, Span]:
    found: dict[str, Span] = {}
    for name, start, end, _ in spans:
        key, count = name, 1
        while key in found:
            count += 1
            key = f"{name}#{count}"
        found[key] = (start, end)
    return found


def envelope_spans(line: str, inner: Inner) -> list[Span]:
    """Return what stands around a line: a prefix, or the other values of a JSON object."""
    first, last = inner.positions[0], inner.positions[-1]
    if first == 0:
        return []
    if not line.startswith("{"):
        return [(0, first)] if last == len(line) else [(0, first), (last, len(line))]
    return [(start, end) for _, start, end in scalar_spans(line) if end <= first or start >= last]
