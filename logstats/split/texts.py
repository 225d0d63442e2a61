"""What texts of a block cut at its quote marks say: time, client, request, referrer, agent."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.addresses import DOTTED_QUAD
from logstats.batches import (
    AGENT,
    CLIENT,
    IS_IPV4,
    MINUTE,
    NOTHING,
    PROTOCOL,
    REFERRER,
    REQUEST,
    VHOST,
    encode,
    encode_runs,
)
from logstats.frozen import frozen
from logstats.plan import IDENT, MINUTE_WIDTH, TIME_WIDTH, Plan, Word
from logstats.request_line import METHOD_PATTERN, PROTOCOL_PATTERN, cut_requests

if TYPE_CHECKING:
    from logstats.dictionary import Dictionaries
    from logstats.split.rows import Split

_SECONDS_AND_OFFSET: Final = re.compile(
    r":(?:[0-5][0-9]|60) (?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3])(?P<minutes>[0-5][0-9])\] "
)


def read_time(split: Split) -> None:
    """Read the minute and the offset of every row; both are few."""
    split.times = split.pieces["p0"].str.slice(-TIME_WIDTH)
    # Lines come in the order of their times.
    run_codes, times_of_runs = encode_runs(split.times)
    minute_codes, minutes = encode(times_of_runs.str.head(MINUTE_WIDTH))
    tail_codes, tails = encode(times_of_runs.str.slice(MINUTE_WIDTH))
    offset = pl.Series([_offset(text) for text in tails.to_list()], dtype=pl.Int64)
    local = minutes.str.to_datetime("%d/%b/%Y:%H:%M", strict=False, time_unit="us")
    if offset.null_count():
        split.checks.append(offset.is_not_null()[tail_codes][run_codes])
    offsets = offset.drop_nulls().unique().sort()
    if len(offsets) <= 1:
        codes, times = minute_codes, local - timedelta(minutes=offsets[0] if len(offsets) else 0)
    else:
        place = offset.replace_strict(offsets, pl.int_range(len(offsets), eager=True), default=0)
        codes = (minute_codes * len(offsets) + place[tail_codes]).cast(pl.UInt32)
        every = local.to_frame("local").join(
            offsets.to_frame("offset"), how="cross", maintain_order="left_right"
        )
        times = every.select(pl.col("local") - pl.duration(minutes="offset")).to_series()
    split.codes[MINUTE] = codes[run_codes]
    utc = times.dt.replace_time_zone("UTC").alias(schema.TIME)
    split.values[MINUTE] = pl.DataFrame([utc, utc.is_not_null().alias("ok")])


@lru_cache(4096)
def _offset(tail: str | None) -> int | None:
    """Return the minutes of `:05 +0100] `, null for another text; there are sixty in a log."""
    found = _SECONDS_AND_OFFSET.fullmatch(tail or "")
    if found is None:
        return None
    minutes = int(found["hours"]) * 60 + int(found["minutes"])
    return -minutes if found["sign"] == "-" else minutes


def read_head(split: Split, plan: Plan) -> None:
    """Read the words before the time: host and maybe virtual host."""
    heads = split.pieces["p0"].str.head(-TIME_WIDTH)
    plain = _plain_head(plan.head)
    if plain is None:
        split.codes[CLIENT], raw = encode(heads)
        split.values[CLIENT] = _read_words(raw, plan.head)
    else:
        split.codes[CLIENT], split.values[CLIENT] = _read_hosts(heads, plan.head, plain)
    if schema.VHOST not in split.values[CLIENT].columns:
        _read_nothing(split, VHOST)
        return
    codes, vhosts = encode(split.values[CLIENT][schema.VHOST])
    split.codes[VHOST] = codes[split.codes[CLIENT]]
    split.values[VHOST] = pl.DataFrame({schema.VHOST: vhosts}).with_columns(ok=pl.lit(value=True))


@frozen
class _PlainHead:
    """What stands before the time where it is an address, hyphens and a bracket: `192.0.2.1 - - [`.

    Attributes:
        ipv4: A pattern for heads with an IPv4 address.
        ipv6: A pattern for heads with what may be an IPv6 address.
        behind: How many signs stand behind the address.
    """

    ipv4: str
    ipv6: str
    behind: int


@cache
def _plain_head(words: tuple[Word, ...]) -> _PlainHead | None:
    """Return how heads of these words usually look, None for others than host, hyphen and user."""
    first, *others = words
    plain = (None, IDENT, schema.USER)
    if first.column != schema.HOST or any(word.literal or word.column not in plain for word in others):
        return None
    behind = " -" * len(others) + " ["
    end = re.escape(behind) + "$"
    return _PlainHead(f"^{DOTTED_QUAD}{end}", f"^[0-9A-Fa-f:]+{end}", len(behind))


def _read_hosts(
    heads: pl.Series, words: tuple[Word, ...], plain: _PlainHead
) -> tuple[pl.Series, pl.DataFrame]:
    """Return codes and values of heads, a value a row: they are not compared with one another.

    There are about as many clients as lines in a block: finding the distinct ones costs more than
    to look at the same address twice. Only heads that are not plain are read word by word.
    """
    is_ipv4 = heads.str.contains(plain.ipv4).fill_null(value=False)
    hosts = heads.str.head(-plain.behind)
    ok = pl.repeat(value=True, n=len(heads), eager=True)
    others = (~is_ipv4).arg_true()
    odd = others.filter(~heads[others].str.contains(plain.ipv6).fill_null(value=False))
    if len(odd):
        codes, raw = encode(heads[odd])
        read = _read_words(raw, words)
        hosts = hosts.scatter(odd, read[schema.HOST][codes])
        ok = ok.scatter(odd, read["ok"][codes])
    columns = {"raw": heads, schema.HOST: hosts, "ok": ok, IS_IPV4: is_ipv4}
    return pl.int_range(len(heads), dtype=pl.UInt32, eager=True), pl.DataFrame(columns)


def _read_words(raw: pl.Series, head: tuple[Word, ...]) -> pl.DataFrame:
    """Return host, maybe virtual host, and whether to trust it, of each distinct head."""
    words = raw.str.splitn(" ", len(head) + 1).struct.unnest()
    columns: dict[str, pl.Series] = {}
    checks = [_plain(raw), words[f"field_{len(head)}"] == "["]
    for place, word in enumerate(head):
        text = words[f"field_{place}"]
        checks.append(text == word.literal if word.literal else text != "")
        if word.port:
            checks.append(text.str.count_matches(":", literal=True) == 1)
            text = text.str.split_exact(":", 1).struct.field("field_0")
        if word.column in (schema.HOST, schema.VHOST):
            columns[word.column] = text
    ok = pl.DataFrame([check.alias(str(number)) for number, check in enumerate(checks)])
    trusted = ok.select(pl.all_horizontal(pl.all()).fill_null(value=False)).to_series()
    return pl.DataFrame({"raw": raw, **columns, "ok": trusted})


def _read_nothing(split: Split, column: str) -> None:
    """Give every row null in a column that the format does not have."""
    split.codes[column] = pl.zeros(split.height, pl.UInt32, eager=True)
    nothing = pl.Series(column, [None], dtype=pl.String)
    split.values[column] = pl.DataFrame([nothing, pl.Series("ok", [True])])


def _plain(raw: pl.Series) -> pl.Series:
    """Whether a text is what the client sent: nothing escaped, nothing lost, nothing that could do harm."""
    return ~raw.str.contains(r"[\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\x{FFFD}]").fill_null(value=True)


def read_request(split: Split, plan: Plan, known: Dictionaries, *, keep_query: bool) -> None:
    """Read method, path, maybe query, and protocol."""
    request = split.pieces[f"p{plan.request}"]
    heads, ends = cut_requests(request, keep_query=keep_query)
    split.encode(PROTOCOL, ends, known, _read_protocols)
    split.encode(REQUEST, heads, known, _read_targets)


def _read_protocols(raw: pl.Series) -> pl.DataFrame:
    protocol = raw.str.extract(PROTOCOL_PATTERN)
    return pl.DataFrame({"raw": raw, schema.PROTOCOL: protocol, "ok": protocol.is_not_null()})


def _read_targets(raw: pl.Series) -> pl.DataFrame:
    """Read method and target, with or without its query."""
    words = raw.str.splitn(" ", 2).struct.unnest()
    method_codes, methods = encode(words["field_0"])
    target = words["field_1"].str.splitn("?", 2).struct.unnest()
    is_method = methods.str.contains(METHOD_PATTERN).fill_null(value=False)
    return pl.DataFrame(
        {
            "raw": raw,
            schema.METHOD: words["field_0"],
            schema.PATH: target["field_0"],
            schema.QUERY: target["field_1"],
            "ok": is_method[method_codes]
            & ~target["field_0"].is_in(["", NOTHING]).fill_null(value=True)
            & ~words["field_1"].str.contains(" ", literal=True).fill_null(value=True)
            & _plain(raw),
        }
    )


def read_quoted(split: Split, plan: Plan, known: Dictionaries, column: str) -> None:
    """Read the referrer or the agent, where the format has it."""
    if column not in plan.quoted:
        _read_nothing(split, column)
        return
    split.encode(column, split.pieces[f"p{plan.quoted[column]}"], known, _QUOTED[column])


def _read_text(column: str, raw: pl.Series) -> pl.DataFrame:
    # An empty field says as little as the hyphen that stands for none.
    value = raw.fill_null(NOTHING)
    return pl.DataFrame({"raw": raw, column: value, "ok": _plain(value)})


_QUOTED: Final = {column: partial(_read_text, column) for column in (REFERRER, AGENT)}
