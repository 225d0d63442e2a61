"""The rows of a block that was cut at its quote marks, and what has been read from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from logstats.batches import Batch, ParsedBatch
from logstats.dictionary import Dictionaries, Era
from logstats.pieces import find_ends, lengths_of

# Columns of values that nobody behind the plan needs.
_OF_PLAN: Final = ("raw", "ok")


@dataclass(slots=True)
class Split:
    """A block as one row a line.

    Attributes:
        pieces: The text between the quote marks, `p0` first; null where there is none.
        times: The end of `p0`: the time of every row, where it has one.
        codes: For each code column the code of every row.
        values: For each code column its distinct values: `raw`, what was read from
            it, and `ok`, whether a row with it can be trusted.
        eras: As `Batch` has them.
        numbers: How status, bytes_sent and maybe duration_us of every row are made of `pieces`; who
            writes lines anew needs none of them.
        checks: Further expressions over `pieces` that hold in rows to be trusted.
        ok: Which rows are to be trusted; the lines of the others are `odd_lines`.
    """

    pieces: pl.DataFrame
    times: pl.Series = field(default_factory=pl.Series)
    codes: dict[str, pl.Series] = field(default_factory=dict)
    values: dict[str, pl.DataFrame] = field(default_factory=dict)
    eras: dict[str, Era] = field(default_factory=dict)
    numbers: dict[str, pl.Expr] = field(default_factory=dict)
    checks: list[pl.Series] = field(default_factory=list)
    ok: pl.Series = field(default_factory=pl.Series)
    odd_lines: list[bytes] = field(default_factory=list)

    @property
    def height(self) -> int:
        """The number of lines."""
        return self.pieces.height

    def encode(
        self,
        name: str,
        texts: pl.Series,
        known: Dictionaries,
        read: Callable[[pl.Series], pl.DataFrame],
    ) -> None:
        """Read the codes of a column with the values of other blocks."""
        encoded = known.encode(name, texts, read)
        self.codes[name], self.values[name] = encoded.codes, encoded.values
        if encoded.era is not None:
            self.eras[name] = encoded.era

    def odd_rows(self) -> list[int]:
        """Return the numbers of the rows that only the exact parser can read."""
        return (~self.ok).arg_true().to_list()

    def find_odd(self, data: bytes) -> None:
        """Find the lines of the odd rows, and trust no row whose pieces do not make its line."""
        found = find_ends(lengths_of(self.pieces), self.ok, data)
        self.ok = found.ok
        self.odd_lines = found.lines_at((~self.ok).arg_true())

    def batch(self) -> ParsedBatch:
        """Return the rows to be trusted as hits."""
        numbers = self.pieces.select_seq(number.alias(name) for name, number in self.numbers.items())
        hits = pl.DataFrame(self.codes).hstack(numbers)
        if not self.ok.all():
            hits = hits.filter(self.ok)
        values = {
            name: pl.DataFrame([column for column in frame.get_columns() if column.name not in _OF_PLAN])
            for name, frame in self.values.items()
        }
        return ParsedBatch(Batch(hits, values, self.eras))
