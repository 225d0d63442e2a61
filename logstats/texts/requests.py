"""What was requested: from one text as the client sent it, from several, or from whatever there is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.batches import encode
from logstats.formats import Field
from logstats.formats.model import REQUEST as WHOLE_REQUEST
from logstats.formats.model import Escape
from logstats.frozen import frozen
from logstats.request_line import METHOD_PATTERN, PROTOCOL_PATTERN, cut_requests
from logstats.texts.each import Fields, read_together
from logstats.texts.plain import EMPTY_TEXTS, HARMFUL, first_told, is_text, read_values

if TYPE_CHECKING:
    from logstats.dictionary import Dictionaries, Era

_TARGETS: Final = frozenset({"target", "url"})
_REQUESTS: Final = frozenset({"request", "url_request"})
_PARTS: Final = (schema.METHOD, schema.PATH, schema.QUERY, schema.PROTOCOL)
# A field that one row in so many lacks is none to rely on.
_FEW: Final = 20


@frozen
class Requests:
    """Codes and values of requests, protocols and virtual hosts, and what must hold.

    Codes of requests of an era last from block to block.
    """

    request: pl.Series
    requests: pl.DataFrame
    era: Era | None
    protocol: pl.Series
    protocols: pl.DataFrame
    vhost: pl.Series
    vhosts: pl.DataFrame
    checks: list[pl.Series]


def read_requests(
    fields: Fields, height: int, known: Dictionaries, *, by_name: bool, keep_query: bool
) -> Requests:
    """Return what was requested in every row."""
    found = {
        column: [pair for pair in fields if pair[0].column == column] for column in (*_PARTS, schema.VHOST)
    }
    whole = [pair for pair in fields if pair[0].column == WHOLE_REQUEST]
    read: _Read | None = None
    if all(is_text(one) for one, _ in found[schema.VHOST]):
        if _is_whole(whole, fields, height):
            read = _read_line(whole[0][1], known, keep_query=keep_query)
        elif not whole and _are_parts(found):
            read = _read_parts(found, height, by_name=by_name, keep_query=keep_query)
    if read is not None:
        vhost = read_values(found[schema.VHOST], height, by_name=by_name)
        vhosts = vhost.values.alias(schema.VHOST).to_frame()
        return Requests(
            read.request,
            read.requests,
            read.era,
            read.protocol,
            read.protocols,
            vhost.codes,
            vhosts,
            read.checks,
        )
    if not keep_query:
        fields = [(one, _without_query(one, texts)) for one, texts in fields]
    codes, values, ok = read_together(fields, height, [*_PARTS, schema.VHOST], by_name=by_name)
    parts = [values.select(_REQUEST), values.select(schema.PROTOCOL), values.select(schema.VHOST)]
    return Requests(codes, parts[0], None, codes, parts[1], codes, parts[2], [ok])


_REQUEST: Final = (schema.METHOD, schema.PATH, schema.QUERY)
_OK: Final = "ok"


@frozen
class _Read:
    request: pl.Series
    requests: pl.DataFrame
    era: Era | None
    protocol: pl.Series
    protocols: pl.DataFrame
    checks: list[pl.Series]


def _is_whole(whole: Fields, fields: Fields, height: int) -> bool:
    """Whether one field tells all, and those that might add something come after it."""
    if len(whole) != 1 or whole[0][0].type != "request" or whole[0][0].escape is not Escape.NONE:
        return False
    parts = [one for one, _ in fields if one.column in (*_PARTS, WHOLE_REQUEST)]
    is_first = parts[0] is whole[0][0] and all(one.column != schema.QUERY for one in parts)
    return is_first and whole[0][1].null_count() * _FEW <= height


def _are_parts(found: dict[str, Fields]) -> bool:
    """Whether method, path and protocol are told apart, each by fields of one type."""
    texts = found[schema.METHOD] + found[schema.PROTOCOL]
    paths = [one for one, _ in found[schema.PATH]]
    if found[schema.QUERY] or not all(is_text(one) for one, _ in texts):
        return False
    if len({(one.type, one.escape) for one in paths}) > 1 or len({one.escape for one, _ in texts}) > 1:
        return False
    return all(is_text(one) or (one.type == "target" and one.escape is Escape.NONE) for one in paths)


def _read_line(request: pl.Series, known: Dictionaries, *, keep_query: bool) -> _Read:
    """Read requests as clients send them: method, target, protocol."""
    heads, ends = cut_requests(request, keep_query=keep_query)
    protocol_codes, distinct = encode(ends)
    protocols = distinct.str.extract(PROTOCOL_PATTERN).alias(schema.PROTOCOL)
    checks = [protocols.is_not_null()[protocol_codes]]
    read = partial(_read_heads, keep_query=keep_query)
    encoded = known.encode(f"texts of requests, {keep_query}", heads, read)
    ok = encoded.values.get_column(_OK)
    if not ok.all():
        checks.append(ok[encoded.codes])
    return _Read(
        encoded.codes,
        encoded.values.select(_REQUEST),
        encoded.era,
        protocol_codes,
        protocols.to_frame(),
        checks,
    )


def _read_heads(raw: pl.Series, *, keep_query: bool) -> pl.DataFrame:
    """Read method and target, with or without its query."""
    words = raw.str.splitn(" ", 2).struct.unnest()
    target = words["field_1"].str.splitn("?", 2).struct.unnest()
    query = target["field_1"]
    plain = pl.DataFrame(
        {
            "method": words["field_0"].str.contains(METHOD_PATTERN),
            "path": ~target["field_0"].is_in(EMPTY_TEXTS),
            "words": ~(target["field_0"] if keep_query else words["field_1"]).str.contains(" ", literal=True),
            "raw": ~raw.str.contains(f"[{HARMFUL}]"),
        }
    )
    return pl.DataFrame(
        {
            schema.METHOD: words["field_0"],
            schema.PATH: target["field_0"],
            schema.QUERY: query if keep_query else pl.repeat(None, len(raw), dtype=pl.String, eager=True),
            _OK: plain.select(pl.all_horizontal(pl.all()).fill_null(value=False)).to_series(),
        }
    )


def _read_parts(found: dict[str, Fields], height: int, *, by_name: bool, keep_query: bool) -> _Read:
    """Read method, path and protocol from fields of their own."""
    method = read_values(found[schema.METHOD], height, by_name=by_name)
    protocol = read_values(found[schema.PROTOCOL], height, by_name=by_name)
    checks: list[pl.Series] = []
    if any(one.type == "target" for one, _ in found[schema.PATH]):
        path_codes, paths, queries, ok = _read_targets(found[schema.PATH], keep_query=keep_query)
        checks.append(ok[path_codes])
    else:
        path = read_values(found[schema.PATH], height, by_name=by_name)
        path_codes, paths = path.codes, path.values
        queries = pl.repeat(None, len(paths), dtype=pl.String, eager=True)
    # Methods and paths are few each: the pairs of both are told by one number.
    codes, pairs = encode(method.codes.cast(pl.UInt64) * len(paths) + path_codes)
    frame = {
        schema.METHOD: method.values[pairs // len(paths)],
        schema.PATH: paths[pairs % len(paths)],
        schema.QUERY: queries[pairs % len(paths)],
    }
    protocols = protocol.values.alias(schema.PROTOCOL).to_frame()
    return _Read(codes, pl.DataFrame(frame), None, protocol.codes, protocols, checks)


def _read_targets(fields: Fields, *, keep_query: bool) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    """Return codes of targets, their paths and queries, and which of them are read as they should be."""
    texts = first_told([texts for _, texts in fields], by_name=True)
    cut = texts if keep_query else texts.str.splitn("?", 2).struct.field("field_0")
    codes, distinct = encode(cut)
    halves = distinct.str.splitn("?", 2).struct.unnest()
    paths = halves["field_0"]
    # A hyphen before a question mark is a path, alone it is none; the rest is rare too.
    odd = distinct.str.contains(rf"^-|[{HARMFUL}]|^-?[0-9.]+[eE]").fill_null(value=False)
    odd |= (paths == "").fill_null(value=False) if len(fields) > 1 else pl.Series([False])
    return codes, pl.select(pl.when(paths != "").then(paths)).to_series(), halves["field_1"], ~odd


def _without_query(one: Field, texts: pl.Series) -> pl.Series:
    """Return texts without queries, so that fewer of them differ, where that changes no path."""
    if one.type in _TARGETS:
        return texts.str.replace(r"^([^-?][^?]*)\?.*$", "$1")
    if one.type in _REQUESTS:
        return texts.str.replace(_REQUEST_WITH_QUERY, "$1$2")
    return texts


_REQUEST_WITH_QUERY: Final = (
    r"^([A-Za-z][A-Za-z_-]{0,31} /[^?]*)\?.*( [A-Z]{2,8}/[0-9]{1,2}(?:\.[0-9]{1,2})?)$"
)
