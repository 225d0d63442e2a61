"""A block cut at its quote marks: codes of distinct values, numbers, and which rows to trust."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.batches import (
    AGENT,
    CLIENT,
    REFERRER,
)
from logstats.delivery import encode_words
from logstats.dictionary import Dictionaries
from logstats.plan import QUOTE, Plan
from logstats.split.numbers import read_between
from logstats.split.rows import Split
from logstats.split.texts import read_head, read_quoted, read_request, read_time

if TYPE_CHECKING:
    from logstats.proxies import Proxies


__all__ = ["Split", "split_block"]

_PIECE_BYTES: Final = 64 * 1024
# Pieces with other signs than ASCII that are looked at one by one; reading a block is as dear as 100.
_FEW_PIECES: Final = 32
_SUBSTITUTE: Final = "\x1a"
_MENDING: Final = "logstats.substitute"


def split_block(
    data: bytes,
    plan: Plan,
    *,
    keep_query: bool,
    proxies: Proxies | None = None,
    dictionaries: Dictionaries | None = None,
) -> Split:
    """Return a block of lines cut by the plan of its format.

    Args:
        data: Whole lines.
        plan: Where values stand.
        keep_query: Whether queries are wanted.
        proxies: Whose word counts about who the client is.
        dictionaries: What was read in other blocks; by default nothing.
    """
    known = dictionaries or Dictionaries()
    split = Split(_cut(data, plan.pieces))
    read_time(split)
    read_head(split, plan)
    read_request(split, plan, known, keep_query=keep_query)
    for column in (REFERRER, AGENT):
        read_quoted(split, plan, known, column)
    for piece, tokens in plan.between.items():
        read_between(split, f"p{piece}", tokens, last=piece == plan.pieces - 1)
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
    odd = [] if data.isascii() else [piece for piece in _pieces_of(data) if not data[piece].isascii()]
    if len(odd) <= _FEW_PIECES:
        return _read_csv(_mend(data, odd), pieces)
    # Most pieces of the block hold other signs than ASCII; they are likely to be all right.
    try:
        return _read_csv(data, pieces)
    except pl.exceptions.ComputeError:
        return _read_csv(_mend(data, odd), pieces)


def _pieces_of(data: bytes) -> Iterator[slice]:
    """Yield where whole lines of together about 64 KiB stand."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _PIECE_BYTES) + 1 or len(data)
        yield slice(start, end)
        start = end


def _mend(data: bytes, odd: list[slice]) -> bytes:
    """Return a block with a control character for each byte that is no UTF-8.

    No row that holds a control character is trusted, and all texts keep their lengths.
    """
    mended = [_mend_piece(data[piece]) for piece in odd]
    if all(text == data[piece] for piece, text in zip(odd, mended, strict=True)):
        return data
    parts: list[bytes | memoryview] = []
    done = 0
    for piece, text in zip(odd, mended, strict=True):
        parts += (memoryview(data)[done : piece.start], text)
        done = piece.stop
    return b"".join([*parts, memoryview(data)[done:]])


def _mend_piece(data: bytes) -> bytes:
    return data.decode(errors=_MENDING).encode()


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """Put a control character for each byte that cannot be read; see `codecs.register_error`."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _SUBSTITUTE * (error.end - error.start), error.end


codecs.register_error(_MENDING, _substitute)


def _read_csv(data: bytes, pieces: int) -> pl.DataFrame:
    return pl.read_csv(
        data,
        separator=QUOTE,
        quote_char=None,
        has_header=False,
        schema={f"p{number}": pl.String() for number in range(pieces + 1)},
        missing_columns="insert",
        extra_columns="ignore",
        truncate_ragged_lines=True,
        encoding="utf8",
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
