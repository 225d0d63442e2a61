"""Blocks become columns: the fast plan for the many lines, the exact parser for the odd ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.batches import (
    AGENT,
    CLIENT,
    MINUTE,
    NOTHING,
    PROTOCOL,
    REFERRER,
    REQUEST,
    VHOST,
    Batch,
    ParsedBatch,
    encode,
)
from logstats.formats import Kind, LineReader, Rejected
from logstats.formats.model import BAD_TIME, FORWARDED_FOR, NO_FORMAT, PEER
from logstats.frozen import frozen
from logstats.lines import decode_line, split_lines
from logstats.plan import plan_of
from logstats.split import split_block
from logstats.tally import Tally

if TYPE_CHECKING:
    from logstats.dictionary import Dictionaries
    from logstats.formats import Format, Hit
    from logstats.proxies import Proxies


# The types of lists of addresses.
LISTS: Final = frozenset({"address_list", "ip_list"})


@frozen
class Parsed:
    """What a block holds: hits of the fast plan, hits of the exact parser, and the account."""

    batch: ParsedBatch | None
    odd_hits: list[Hit]
    tally: Tally


def parse_block(
    data: bytes,
    formats: tuple[Format, ...],
    *,
    keep_query: bool = False,
    proxies: Proxies | None = None,
    dictionaries: Dictionaries | None = None,
) -> Parsed:
    """Return the hits of a block.

    Args:
        data: Whole lines; the last one need not end in a newline.
        formats: The format of the source first, then its siblings, which odd lines may have.
        keep_query: Whether the query of each request is wanted.
        proxies: Whose word counts about who the client is; without, the one who connected is the client.
        dictionaries: What was read in other blocks; by default nothing.
    """
    plan = plan_of(formats[0])
    if formats[0].kind is Kind.JSON and not (proxies and {PEER, FORWARDED_FOR} & {*formats[0].columns}):
        from logstats.split_json import split_json

        found = split_json(data, formats[0], keep_query=keep_query, dictionaries=dictionaries)
        if found is not None:
            return _parse_odd(found.odd_lines, formats, found.batch, found.parsed)
    if formats[0].kind is Kind.W3C and proxies is None:
        from logstats.split_w3c import split_w3c

        read = split_w3c(data, formats[0], keep_query=keep_query, dictionaries=dictionaries)
        if read is not None:
            return _parse_odd(read.odd_lines, formats, read.batch, read.parsed)
    if plan is None:
        return _look_behind(_parse_odd(split_lines(data), formats, None), formats[0], proxies)
    split = split_block(data, plan, keep_query=keep_query, proxies=proxies, dictionaries=dictionaries)
    odd = split.odd_rows()
    batch = split.batch() if len(odd) < split.height else None
    parsed = _parse_odd(split.odd_lines, formats, batch, split.height - len(odd))
    return _look_behind(parsed, formats[0], proxies)


def _look_behind(parsed: Parsed, format_: Format, proxies: Proxies | None) -> Parsed:
    """Put in the place of each proxy the client that it speaks for."""
    if proxies is None:
        return parsed
    # Where only the list was logged, nobody knows who connected: the server itself took its word.
    lists = any(field.column == schema.HOST and field.type in LISTS for field in format_.fields)
    for hit in parsed.odd_hits:
        if said := _text(hit.get(FORWARDED_FOR)):
            peer = None if lists else hit.get(PEER) or hit[schema.HOST]
            hit[schema.HOST] = proxies.client(_text(peer), said)
    return parsed


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _parse_odd(
    lines: list[bytes], formats: tuple[Format, ...], batch: ParsedBatch | None, parsed: int = 0
) -> Parsed:
    tally = Tally(read=parsed + len(lines), parsed=parsed)
    hits: list[Hit] = []
    reader = LineReader(formats)
    for line in lines:
        hit = read_odd_line(line, reader)
        if hit is None:
            tally.blank += 1
        elif isinstance(hit, Rejected):
            tally.rejected[hit.reason] += 1
        else:
            tally.parsed += 1
            hits.append(hit)
    return Parsed(batch, hits, tally)


def read_odd_line(line: bytes, reader: LineReader) -> Hit | Rejected | None:
    """Return the hit of the next line, why it is none, or None for a blank line or a comment of a W3C log."""
    text = decode_line(line)
    hit = reader.read(text)
    if hit is None:
        is_comment = bool(line.strip()) and not any(known.kind is Kind.W3C for known in reader.formats)
        return Rejected(NO_FORMAT) if is_comment else None
    # Nobody can say on which day such a hit was.
    return Rejected(BAD_TIME) if not isinstance(hit, Rejected) and hit[schema.TIME] is None else hit


def parse_odd_line(line: bytes, formats: tuple[Format, ...]) -> Hit | Rejected:
    """Return the hit of a line by the first format that fits, else why the first one does not."""
    return read_odd_line(line, LineReader(formats)) or Rejected(NO_FORMAT)


def batch_of_hits(hits: list[Hit], format_: Format) -> ParsedBatch:
    """Return hits of the exact parser as a batch.

    Args:
        hits: At least one, all of one source.
        format_: The format of the source; a column it has is never null.
    """
    frame = pl.DataFrame(
        {name: [hit.get(name) for hit in hits] for name in _HIT_COLUMNS}, schema_overrides=_HIT_COLUMNS
    )
    frame = frame.with_columns(
        pl.col(name).fill_null(NOTHING) for name in (REFERRER, AGENT) if name in format_.columns
    )
    codes: dict[str, pl.Series] = {}
    values: dict[str, pl.DataFrame] = {}
    for code, columns in _CODE_COLUMNS.items():
        distinct = frame.select(columns).unique().with_row_index("code")
        rows = frame.select(columns)
        found = rows.join(distinct, on=columns, how="left", nulls_equal=True, maintain_order="left")
        codes[code] = found["code"]
        values[code] = distinct.drop("code")
    for name in schema.DELIVERY:
        if name in format_.columns:
            words = pl.Series(name, [hit.get(name) for hit in hits], dtype=pl.String)
            if words.null_count() < len(words):
                codes[name], distinct_words = encode(words)
                values[name] = distinct_words.alias(name).to_frame()
    numbers = frame.select(
        pl.col(schema.STATUS).clip(0, 999).fill_null(0).cast(pl.UInt16),
        pl.col(schema.BYTES_SENT).clip(0).fill_null(0),
        pl.col(schema.DURATION_US),
    )
    return ParsedBatch(Batch(pl.DataFrame(codes).hstack(numbers), values))


_HIT_COLUMNS: Final[dict[str, pl.DataType]] = {
    schema.TIME: pl.Datetime("us", "UTC"),
    schema.HOST: pl.String(),
    schema.METHOD: pl.String(),
    schema.PATH: pl.String(),
    schema.QUERY: pl.String(),
    schema.PROTOCOL: pl.String(),
    schema.STATUS: pl.Int64(),
    schema.BYTES_SENT: pl.Int64(),
    schema.REFERRER: pl.String(),
    schema.AGENT: pl.String(),
    schema.VHOST: pl.String(),
    schema.DURATION_US: pl.Int64(),
}
_CODE_COLUMNS: Final = {
    MINUTE: [schema.TIME],
    CLIENT: [schema.HOST],
    REQUEST: [schema.METHOD, schema.PATH, schema.QUERY],
    PROTOCOL: [schema.PROTOCOL],
    REFERRER: [schema.REFERRER],
    AGENT: [schema.AGENT],
    VHOST: [schema.VHOST],
}
