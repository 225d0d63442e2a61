"""A batch of hits as a star: one row a hit, one row a distinct value.

A log repeats itself: two million lines hold some thousand agents, paths and
referrers. So a batch keeps one small table of distinct values for each thing a
line tells, and the hits point into them with integer codes. Every stage
after `parse` works on the distinct values, and no text is handled twice.

The type of a batch says how far it has come, so that forgetting to redact is
a type error.
"""

from __future__ import annotations

import secrets
from dataclasses import field
from typing import Final, NewType

import polars as pl

from logstats.dictionary import Dictionaries, Era, Grown
from logstats.frozen import frozen

# The columns of `Batch.hits` that are codes: row i of `values[column]` is code i.
MINUTE: Final = "minute"
CLIENT: Final = "client"
REQUEST: Final = "request"
PROTOCOL: Final = "protocol"
REFERRER: Final = "referrer"
AGENT: Final = "agent"
VHOST: Final = "vhost"
# Whether a client's host is an IPv4 address in its usual form, where a plan has seen that.
IS_IPV4: Final = "is_ipv4"
# What is kept of a client's address where places are wanted: cut, and cut with its length.
CUT: Final = "cut"
CIDR: Final = "cidr"

# What a client did not send, as servers write it; null is what the format does not tell.
NOTHING: Final = "-"


@frozen
class Batch:
    """Hits and the distinct values they point to.

    Attributes:
        hits: One row a hit: UInt32 codes, `status` (UInt16), `bytes_sent` (Int64)
            and, where the format has it, `duration_us` (Int64). Where the format
            has columns of `schema.DELIVERY`, their codes stand here too.
        values: For every code column the table of its distinct values. A value
            may stand in several rows of it, and there may be more than the hits need.
        eras: Of which era the values are, for columns whose codes last from block to block.
    """

    hits: pl.DataFrame
    values: dict[str, pl.DataFrame]
    eras: dict[str, Era] = field(default_factory=dict)

    def replace(self, **values: pl.DataFrame) -> Batch:
        """Return the same hits with other tables of values, in the same order."""
        return Batch(self.hits, {**self.values, **values}, self.eras)

    def grow(self, code: str, made: Grown) -> pl.DataFrame:
        """Return what is made of the values of a column."""
        return made(self.values[code], self.eras.get(code))


# minute(time) client(host) request(method path query) protocol referrer agent vhost
ParsedBatch = NewType("ParsedBatch", Batch)
# host, query and user are gone; client(token, network): what is kept of the address
RedactedBatch = NewType("RedactedBatch", Batch)
# agent(token browser system device bot); the agent string is gone
EnrichedBatch = NewType("EnrichedBatch", Batch)


def remember(parsed: ParsedBatch, known: Dictionaries) -> ParsedBatch:
    """Return the same hits with codes that last, where nobody has given them yet."""
    for code in (REQUEST, REFERRER, AGENT):
        if code in parsed.eras or code not in parsed.hits.columns:
            continue
        values = parsed.values[code]
        encoded = known.encode(f"values of {code}", values.to_struct(), _unpack)
        if encoded.era is not None:
            codes = encoded.codes[parsed.hits.get_column(code)].alias(code)
            eras = {**parsed.eras, code: encoded.era}
            hits = parsed.hits.with_columns(codes)
            parsed = ParsedBatch(Batch(hits, {**parsed.values, code: encoded.values}, eras))
    return parsed


def _unpack(values: pl.Series) -> pl.DataFrame:
    return values.struct.unnest()


def encode(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the code of every row and the distinct values in the order of their codes.

    Values are told apart by a seeded 64-bit hash, which is three times as fast as a
    Categorical. In a block of 100,000 values two of them collide once in 10^9 blocks, and
    nobody can aim at it: the seed is new in every process. Null is a value like any other.

    >>> codes, values = encode(pl.Series(["a", None, "a"]))
    >>> codes.to_list(), values.to_list()
    ([0, 1, 0], ['a', None])
    """
    hashes = column.hash(_SEED).alias("hash")
    firsts = hashes.arg_unique()
    known = hashes[firsts].to_frame().with_row_index("code")
    codes = hashes.to_frame().join(known, on="hash", how="left", maintain_order="left")["code"]
    return codes, column[firsts].alias("")


def encode_runs(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the code of every row, and a value for each run of equal ones, as `encode` tells them apart.

    Where equal values stand together, as times do in a log, runs are few and far cheaper to find.

    >>> codes, values = encode_runs(pl.Series(["a", "a", None, "a"]))
    >>> codes.to_list(), values.to_list()
    ([0, 0, 1, 2], ['a', None, 'a'])
    """
    hashes = column.hash(_SEED)
    begins = (hashes != hashes.shift(1)).fill_null(value=True)
    return hashes.rle_id(), column[begins.arg_true()]


_SEED: Final = secrets.randbits(63)
