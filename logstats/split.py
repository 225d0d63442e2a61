"""A block cut at its quote marks: codes of distinct values, numbers, and which rows to trust."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

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
from logstats.delivery import encode_words
from logstats.formats import Field
from logstats.lines import line_lengths, lines_at
from logstats.plan import MINUTE_WIDTH, QUOTE, TIME_WIDTH, Plan

if TYPE_CHECKING:
    from logstats.formats.model import Token
    from logstats.proxies import Proxies

# ` HTTP/1.1`, with the blank before it.
_PROTOCOL_WIDTH: Final = 9
_PROTOCOL: Final = r"^ ([A-Z]{4}/[0-9]\.[0-9])$"
# As `formats.requests` has it.
_METHOD: Final = r"^[A-Za-z][A-Za-z_-]{0,31}$"
_SECONDS_AND_OFFSET: Final = (
    r"^:(?P<second>[0-5][0-9]|60) (?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3])(?P<minutes>[0-5][0-9])\] $"
)
_STATUS_WIDTH: Final = 3
_NUMBERS: Final = (schema.STATUS, schema.BYTES_SENT, schema.DURATION_US)
_UNITS_US: Final = {"seconds": 1_000_000, "milliseconds": 1000, "microseconds": 1}
_DECIMAL: Final = r"^[0-9]{1,15}(\.[0-9]{1,9})?$"
# The exact parser reads at most 18 digits.
_TOO_LARGE: Final = 10**18


@dataclass(slots=True)
class Split:
    """A block as one row a line.

    Attributes:
        pieces: The text between the quote marks, `p0` first; null where there is none.
        codes: For each code column the code of every row.
        values: For each code column its distinct values: `raw`, what was read from
            it, and `ok`, whether a row with it can be trusted.
        numbers: status, bytes_sent and maybe duration_us of every row.
        checks: Further expressions over `pieces` that hold in rows to be trusted.
        ok: Which rows are to be trusted; the lines of the others are `odd_lines`.
    """

    pieces: pl.DataFrame
    codes: dict[str, pl.Series] = field(default_factory=dict)
    values: dict[str, pl.DataFrame] = field(default_factory=dict)
    numbers: dict[str, pl.Series] = field(default_factory=dict)
    checks: list[pl.Series] = field(default_factory=list)
    ok: pl.Series = field(default_factory=pl.Series)
    odd_lines: list[bytes] = field(default_factory=list)

    @property
    def height(self) -> int:
        """The number of lines."""
        return self.pieces.height

    def odd_rows(self) -> list[int]:
        """Return the numbers of the rows that only the exact parser can read."""
        return (~self.ok).arg_true().to_list()

    def find_odd(self, data: bytes) -> None:
        """Find the lines of the odd rows, and trust no row whose line is longer or shorter than its pieces.

        Such a line lacks its last quote mark or has more, which read_csv does not tell. Where a line begins
        follows from the lengths of the pieces before it, far cheaper than looking for every newline.
        """
        texts = pl.sum_horizontal(pl.all().str.len_bytes().fill_null(0)).cast(pl.Int64)
        lengths = self.pieces.select(texts + self.pieces.width - 1).to_series()
        ends = lengths.cum_sum()
        found: list[bytes] = []
        drift = 0
        for row in self.odd_rows():
            start = (ends[row - 1] if row else 0) + drift
            end = data.find(b"\n", start)
            end = len(data) if end < 0 else end
            if start and data[start - 1 : start] != b"\n":
                break
            found.append(data[start:end])
            drift = end + 1 - ends[row]
        else:
            # If all lengths together are the block's, no line was longer or shorter than its pieces.
            if not len(ends) or ends[-1] + drift - len(data) == (not data.endswith(b"\n")):
                self.odd_lines = found
                return
        self.ok &= lengths == pl.Series(line_lengths(data), dtype=pl.Int64) + 1
        self.odd_lines = lines_at(data, self.odd_rows())

    def batch(self) -> ParsedBatch:
        """Return the rows to be trusted as hits."""
        hits = pl.DataFrame({**self.codes, **self.numbers})
        if not self.ok.all():
            hits = hits.filter(self.ok)
        values = {name: frame.drop("raw", "ok", strict=False) for name, frame in self.values.items()}
        return ParsedBatch(Batch(hits, values))


def split_block(data: bytes, plan: Plan, *, keep_query: bool, proxies: Proxies | None = None) -> Split:
    """Return a block of lines cut by the plan of its format.

    Args:
        data: Whole lines.
        plan: Where values stand.
        keep_query: Whether queries are wanted.
        proxies: Whose word counts about who the client is.
    """
    split = Split(_cut(data, plan.pieces))
    _read_time(split)
    _read_head(split, plan)
    _read_request(split, plan, keep_query=keep_query)
    for column in (REFERRER, AGENT):
        _read_quoted(split, plan, column)
    for piece, tokens in plan.between.items():
        _read_between(split, f"p{piece}", tokens, last=piece == plan.pieces - 1)
    if not plan.between[plan.pieces - 1]:
        # Where nothing stands in the last field, it may not be there at all.
        split.checks.append(split.pieces[f"p{plan.pieces - 2}"].is_not_null())
    for column, number in plan.delivery:
        split.codes[column], split.values[column] = encode_words(split.pieces[f"p{number}"], column)
    for piece in plan.ignored:
        split.checks.append(~split.pieces[f"p{piece}"].str.ends_with("\\").fill_null(value=False))
    if schema.BYTES_SENT not in split.numbers:
        split.numbers[schema.BYTES_SENT] = pl.zeros(split.height, pl.Int64, eager=True)
    split.ok = _trusted(split, plan)
    split.find_odd(data)
    if proxies is not None and plan.forwarded is not None:
        forwarded = split.pieces[f"p{plan.forwarded}"]
        split.codes[CLIENT], split.values[CLIENT] = proxies.look_behind(
            split.codes[CLIENT], split.values[CLIENT], forwarded
        )
    return split


def _cut(data: bytes, pieces: int) -> pl.DataFrame:
    """Return the pieces between quote marks, and one column more that must stay empty."""
    # read_csv takes a byte order mark at the start of its input for no text; a block may begin with one.
    if data.startswith(b"\xef\xbb\xbf"):
        data = b"\xef\xbb\xbf" + data
    try:
        return _read_csv(data, pieces, "utf8")
    except pl.exceptions.ComputeError:
        # Bytes that are no UTF-8 become U+FFFD, which no row to be trusted holds.
        return _read_csv(data, pieces, "utf8-lossy")


def _read_csv(data: bytes, pieces: int, encoding: Literal["utf8", "utf8-lossy"]) -> pl.DataFrame:
    return pl.read_csv(
        data,
        separator=QUOTE,
        quote_char=None,
        has_header=False,
        schema={f"p{number}": pl.String() for number in range(pieces + 1)},
        missing_columns="insert",
        extra_columns="ignore",
        truncate_ragged_lines=True,
        encoding=encoding,
        low_memory=True,
    )


def _trusted(split: Split, plan: Plan) -> pl.Series:
    checks = [
        frame["ok"].gather(split.codes[name]) for name, frame in split.values.items() if not frame["ok"].all()
    ]
    checks += split.checks
    checks.append(split.pieces[f"p{plan.pieces}"].is_null())
    ok = pl.DataFrame([check.alias(str(number)) for number, check in enumerate(checks)])
    return ok.select(pl.all_horizontal(pl.all()).fill_null(value=False)).to_series()


def _read_time(split: Split) -> None:
    """Read the minute and the offset of every row; both are few."""
    first = split.pieces["p0"]
    minute_codes, minutes = encode(first.str.slice(-TIME_WIDTH, MINUTE_WIDTH))
    tail_codes, tails = encode(first.str.slice(MINUTE_WIDTH - TIME_WIDTH))
    tail = tails.str.extract_groups(_SECONDS_AND_OFFSET).struct.unnest()
    offset = (tail["hours"].cast(pl.Int64) * 60 + tail["minutes"].cast(pl.Int64)) * (
        pl.select(pl.when(tail["sign"] == "-").then(-1).otherwise(1)).to_series()
    )
    local = minutes.str.to_datetime("%d/%b/%Y:%H:%M", strict=False, time_unit="us")
    split.checks.append(offset.is_not_null().gather(tail_codes))
    offsets = offset.drop_nulls().unique().sort()
    if len(offsets) <= 1:
        codes, times = minute_codes, local - timedelta(minutes=offsets[0] if len(offsets) else 0)
    else:
        place = offset.replace_strict(offsets, pl.int_range(len(offsets), eager=True), default=0)
        codes = (minute_codes * len(offsets) + place.gather(tail_codes)).cast(pl.UInt32)
        every = local.to_frame("local").join(
            offsets.to_frame("offset"), how="cross", maintain_order="left_right"
        )
        times = every.select(pl.col("local") - pl.duration(minutes="offset")).to_series()
    split.codes[MINUTE] = codes
    split.values[MINUTE] = pl.DataFrame({schema.TIME: times.dt.replace_time_zone("UTC")}).with_columns(
        ok=pl.col(schema.TIME).is_not_null()
    )


def _read_head(split: Split, plan: Plan) -> None:
    """Read the words before the time: host and maybe virtual host."""
    split.codes[CLIENT], raw = encode(split.pieces["p0"].str.head(-TIME_WIDTH))
    words = raw.str.splitn(" ", len(plan.head) + 1).struct.unnest()
    columns: dict[str, pl.Series] = {}
    checks = [_plain(raw), words[f"field_{len(plan.head)}"] == "["]
    for place, word in enumerate(plan.head):
        text = words[f"field_{place}"]
        checks.append(text == word.literal if word.literal else text != "")
        if word.port:
            checks.append(text.str.count_matches(":", literal=True) == 1)
            text = text.str.split_exact(":", 1).struct.field("field_0")
        if word.column in (schema.HOST, schema.VHOST):
            columns[word.column] = text
    ok = pl.DataFrame([check.alias(str(number)) for number, check in enumerate(checks)])
    trusted = ok.select(pl.all_horizontal(pl.all()).fill_null(value=False)).to_series()
    split.values[CLIENT] = pl.DataFrame({"raw": raw, schema.HOST: columns[schema.HOST], "ok": trusted})
    if schema.VHOST not in columns:
        _read_nothing(split, VHOST)
        return
    codes, vhosts = encode(columns[schema.VHOST])
    split.codes[VHOST] = codes.gather(split.codes[CLIENT])
    split.values[VHOST] = pl.DataFrame({schema.VHOST: vhosts}).with_columns(ok=pl.lit(value=True))


def _read_nothing(split: Split, column: str) -> None:
    """Give every row null in a column that the format does not have."""
    split.codes[column] = pl.zeros(split.height, pl.UInt32, eager=True)
    nothing = pl.Series(column, [None], dtype=pl.String)
    split.values[column] = pl.DataFrame([nothing, pl.Series("ok", [True])])


def _plain(raw: pl.Series) -> pl.Series:
    """Whether a text is what the client sent: nothing escaped, nothing lost, nothing that could do harm."""
    return ~raw.str.contains(r"[\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\x{FFFD}]").fill_null(value=True)


def _read_request(split: Split, plan: Plan, *, keep_query: bool) -> None:
    request = split.pieces[f"p{plan.request}"]
    codes, protocols = encode(request.str.slice(-_PROTOCOL_WIDTH))
    protocol = protocols.str.extract(_PROTOCOL)
    split.codes[PROTOCOL] = codes
    split.values[PROTOCOL] = pl.DataFrame(
        {"raw": protocols, schema.PROTOCOL: protocol, "ok": protocol.is_not_null()}
    )
    cut = request if keep_query else request.str.split_exact("?", 1).struct.field("field_0")
    split.codes[REQUEST], raw = encode(cut)
    words = raw.str.splitn(" ", 3).struct.unnest()
    method_codes, methods = encode(words["field_0"])
    target = words["field_1"].str.splitn("?", 2).struct.unnest()
    # The third word is the protocol that the end was read as; before a query that was cut off it is a path's.
    rest = words["field_2"]
    uncut = request.str.len_bytes() == raw.str.len_bytes().gather(split.codes[REQUEST])
    split.checks.append(rest.is_null().gather(split.codes[REQUEST]) | uncut)
    whole = rest.is_null() | (rest.str.len_bytes() == _PROTOCOL_WIDTH - 1)
    is_method = methods.str.contains(_METHOD).fill_null(value=False)
    split.values[REQUEST] = pl.DataFrame(
        {
            "raw": raw,
            schema.METHOD: words["field_0"],
            schema.PATH: target["field_0"],
            schema.QUERY: target["field_1"],
            "ok": is_method.gather(method_codes)
            & whole
            & ~target["field_0"].is_in(["", NOTHING]).fill_null(value=True)
            & _plain(raw),
        }
    )


def _read_quoted(split: Split, plan: Plan, column: str) -> None:
    if column not in plan.quoted:
        _read_nothing(split, column)
        return
    split.codes[column], raw = encode(split.pieces[f"p{plan.quoted[column]}"])
    # An empty field says as little as the hyphen that stands for none.
    value = raw.fill_null(NOTHING)
    split.values[column] = pl.DataFrame({"raw": raw, column: value, "ok": _plain(value)})


def _read_between(split: Split, piece: str, tokens: tuple[Token, ...], *, last: bool) -> None:
    """Read the numbers outside of quotes; one blank stands between any two."""
    text = split.pieces[piece]
    if not any(isinstance(token, Field) for token in tokens):
        literal = "".join(token.text for token in tokens if not isinstance(token, Field))
        split.checks.append(_is_literal(text, literal, last=last))
        return
    blanks = sum(not isinstance(token, Field) for token in tokens)
    words = text.str.splitn(" ", blanks + 1).struct.unnest()
    place = 0
    fields: dict[int, Field] = {}
    for token in tokens:
        if isinstance(token, Field):
            fields[place] = token
        else:
            place += 1
    for place in range(blanks + 1):
        word = words[f"field_{place}"]
        if place in fields:
            _read_number(split, word, fields[place])
        else:
            split.checks.append(word == "")


def _is_literal(text: pl.Series, literal: str, *, last: bool) -> pl.Series:
    if literal:
        return text == literal
    # The exact parser lets blanks stand at the end of a line.
    return text.is_null() | (text == " ") if last else text.is_null()


def _read_number(split: Split, word: pl.Series, token: Field) -> None:
    if token.column in schema.DELIVERY:
        split.codes[token.column], split.values[token.column] = encode_words(word, token.column)
        return
    if token.column is None or token.column not in _NUMBERS:
        split.checks.append(word.is_not_null())
        return
    if token.type == "status":
        number = word.cast(pl.UInt16, strict=False)
        split.checks.append(number.is_not_null() & (word.str.len_bytes() == _STATUS_WIDTH))
        split.numbers[schema.STATUS] = number.fill_null(0)
        return
    if token.type in _UNITS_US:
        # a cast takes `1e3`, `.5` and `inf` too
        split.checks.append(word.str.contains(_DECIMAL) | (word == "-"))
        number = (
            (word.cast(pl.Float64, strict=False) * _UNITS_US[token.type]).round().cast(pl.Int64, strict=False)
        )
    else:
        number = word.cast(pl.Int64, strict=False)
    # A sign is for the exact parser; a hyphen alone is "none" (mod_log_config, %b).
    split.checks.append((number.is_between(0, _TOO_LARGE) & ~word.str.starts_with("+")) | (word == "-"))
    split.numbers[token.column] = number.fill_null(0) if token.column == schema.BYTES_SENT else number
