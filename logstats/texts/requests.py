"""What was requested: from one text as the client sent it, from several, or from whatever there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from logstats import schema
from logstats.batches import encode
from logstats.formats import Field
from logstats.formats.model import REQUEST as WHOLE_REQUEST
from logstats.formats.model import Escape
from logstats.texts.each import Fields, read_together
from logstats.texts.plain import EMPTY_TEXTS, HARMFUL, first_told, is_text, read_values

_TARGETS: Final = frozenset({"target", "url"})
_REQUESTS: Final = frozenset({"request", "url_request"})
_PARTS: Final = (schema.METHOD, schema.PATH, schema.QUERY, schema.PROTOCOL)
# A field that one row in so many lacks is none to rely on.
_FEW: Final = 20
# As `formats.requests` has it.
_METHOD: Final = r"^[A-Za-z][A-Za-z_-]{0,31}$"
# ` HTTP/1.1`, with the blank before it.
_PROTOCOL_WIDTH: Final = 9
_PROTOCOL: Final = r"^ ([A-Z]{4}/[0-9]\.[0-9])$"


@dataclass(frozen=True, slots=True)
class Requests:
    """Codes and values of requests, protocols and virtual hosts, and what must hold."""

    request: pl.Series
    requests: pl.DataFrame
    protocol: pl.Series
    protocols: pl.DataFrame
    vhost: pl.Series
    vhosts: pl.DataFrame
    checks: list[pl.Series]


def read_requests(fields: Fields, height: int, *, by_name: bool, keep_query: bool) -> Requests:
    """Return what was requested in every row."""
    found = {
        column: [pair for pair in fields if pair[0].column == column] for column in (*_PARTS, schema.VHOST)
    }
    whole = [pair for pair in fields if pair[0].column == WHOLE_REQUEST]
    read: _Read | None = None
    if all(is_text(one) for one, _ in found[schema.VHOST]):
        if _is_whole(whole, fields, height):
            read = _read_line(whole[0][1], keep_query=keep_query)
        elif not whole and _are_parts(found):
            read = _read_parts(found, height, by_name=by_name, keep_query=keep_query)
    if read is not None:
        vhost = read_values(found[schema.VHOST], height, by_name=by_name)
        return Requests(*read[:4], vhost.codes, vhost.values.alias(schema.VHOST).to_frame(), read[4])
    if not keep_query:
        fields = [(one, _without_query(one, texts)) for one, texts in fields]
    codes, values, ok = read_together(fields, height, [*_PARTS, schema.VHOST], by_name=by_name)
    parts = [values.select(_REQUEST), values.select(schema.PROTOCOL), values.select(schema.VHOST)]
    return Requests(codes, parts[0], codes, parts[1], codes, parts[2], [ok])


_REQUEST: Final = (schema.METHOD, schema.PATH, schema.QUERY)
# Codes and values of requests and of protocols, and what must hold.
_Read = tuple[pl.Series, pl.DataFrame, pl.Series, pl.DataFrame, list[pl.Series]]


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


def _read_line(request: pl.Series, *, keep_query: bool) -> _Read:
    """Read requests as clients send them: method, target, protocol."""
    protocol_codes, ends = encode(request.str.slice(-_PROTOCOL_WIDTH))
    protocols = ends.str.extract(_PROTOCOL).alias(schema.PROTOCOL)
    checks = [protocols.is_not_null().gather(protocol_codes)]
    halves = request.str.splitn("?", 2).struct.unnest()
    codes, raw = encode(request if keep_query else halves["field_0"])
    words = raw.str.splitn(" ", 3).struct.unnest()
    target = words["field_1"].str.splitn("?", 2).struct.unnest()
    rest = words["field_2"]
    # The third word is the protocol that the end was read as, or was cut off with the query; or else a
    # part of a path with a blank in it.
    ok = pl.DataFrame(
        {
            "method": words["field_0"].str.contains(_METHOD),
            "path": ~target["field_0"].is_in(EMPTY_TEXTS),
            "rest": rest.is_null() | (rest.str.len_bytes() == _PROTOCOL_WIDTH - 1),
            "plain": ~raw.str.contains(f"[{HARMFUL}]"),
        }
    )
    checks.append(ok.select(pl.all_horizontal(pl.all()).fill_null(value=False)).to_series().gather(codes))
    if not keep_query:
        checks.append(halves["field_1"].is_null() | rest.is_null().gather(codes))
    frame = {schema.METHOD: words["field_0"], schema.PATH: target["field_0"], schema.QUERY: target["field_1"]}
    return codes, pl.DataFrame(frame), protocol_codes, protocols.to_frame(), checks


def _read_parts(found: dict[str, Fields], height: int, *, by_name: bool, keep_query: bool) -> _Read:
    """Read method, path and protocol from fields of their own."""
    method = read_values(found[schema.METHOD], height, by_name=by_name)
    protocol = read_values(found[schema.PROTOCOL], height, by_name=by_name)
    checks: list[pl.Series] = []
    if any(one.type == "target" for one, _ in found[schema.PATH]):
        path_codes, paths, queries, ok = _read_targets(found[schema.PATH], keep_query=keep_query)
        checks.append(ok.gather(path_codes))
    else:
        path = read_values(found[schema.PATH], height, by_name=by_name)
        path_codes, paths = path.codes, path.values
        queries = pl.repeat(None, len(paths), dtype=pl.String, eager=True)
    # Methods and paths are few each: the pairs of both are told by one number.
    codes, pairs = encode(method.codes.cast(pl.UInt64) * len(paths) + path_codes)
    frame = {
        schema.METHOD: method.values.gather(pairs // len(paths)),
        schema.PATH: paths.gather(pairs % len(paths)),
        schema.QUERY: queries.gather(pairs % len(paths)),
    }
    protocols = protocol.values.alias(schema.PROTOCOL).to_frame()
    return codes, pl.DataFrame(frame), protocol.codes, protocols, checks


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
