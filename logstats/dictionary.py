"""Distinct values whose codes last from block to block, and what is made of them.

A log says the same in block after block. So a text is read, cleaned and looked up when it comes for
the first time; what was made of it stands from then on in a table under the text's code.

The values of an era only ever grow: a code stays what it is, and whoever makes something of them
looks at the new ones only. Where too many came, a new era begins with none.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

import polars as pl

from logstats.frozen import frozen

# The values of a log repeat in block after block; more different ones than this hardly do.
MOST_VALUES: Final = 100_000
_SEED: Final = secrets.randbits(63)
_HASH: Final = "hash"
_CODE: Final = "code"


class Era:
    """Values of the same era have the same codes."""

    __slots__ = ("__weakref__",)


@frozen
class Encoded:
    """A column as codes.

    Attributes:
        codes: The code of every row (UInt32).
        values: The rows that codes point to; there may be more than the column needs.
        era: None if the values are those of this column alone.
    """

    codes: pl.Series
    values: pl.DataFrame
    era: Era | None


@frozen
class _Known:
    places: pl.DataFrame
    values: pl.DataFrame
    era: Era

    def find(self, hashes: pl.Series) -> pl.Series:
        """Return the code of each hash, null for a new one."""
        found = hashes.to_frame().join(self.places, on=_HASH, how="left", maintain_order="left")
        return found.get_column(_CODE)

    def add(self, codes: pl.Series, hashes: pl.Series, before: _Known) -> pl.Series:
        """Return the codes with those that were not known before."""
        if self.era is not before.era:
            return self.find(hashes)
        rows = codes.is_null().arg_true()
        later = _Known(self.places[before.places.height :], self.values, self.era)
        return codes.scatter(rows, later.find(hashes[rows]))


class Dictionary:
    """Codes of texts and what is read from them, each distinct text once; threads may share it.

    Texts, or structs of them, are told apart by a seeded 64-bit hash, as `batches.encode` does. Null is
    a value like any other.

    Args:
        read: From distinct texts to a table with a row for each.
        most: How many values are remembered; beyond it all are forgotten at once.
    """

    def __init__(self, read: Callable[[pl.Series], pl.DataFrame], *, most: int = MOST_VALUES) -> None:
        self._read = read
        self._most = most
        self._lock = threading.Lock()
        self._known: _Known | None = None

    def encode(self, column: pl.Series) -> Encoded:
        """Return the codes of a column of texts.

        >>> dictionary = Dictionary(lambda texts: texts.alias("text").to_frame())
        >>> dictionary.encode(pl.Series(["a", "b"])).codes.to_list()
        [0, 1]
        >>> dictionary.encode(pl.Series(["c", "a"])).codes.to_list()
        [2, 0]
        """
        hashes = column.hash(_SEED).alias(_HASH)
        known = self._known
        codes = None if known is None else known.find(hashes)
        new = hashes.arg_unique() if codes is None else _first_rows(hashes, codes)
        if known is not None and codes is not None and not len(new):
            return Encoded(codes, known.values, known.era)
        if len(new) > self._most // 2:
            # So many new values in one block are no repetition: the next block would bring as many.
            return self._alone(column, hashes)
        grown = self._grow(column, hashes, new, known)
        codes = grown.find(hashes) if known is None or codes is None else grown.add(codes, hashes, known)
        return Encoded(codes, grown.values, grown.era)

    def _alone(self, column: pl.Series, hashes: pl.Series) -> Encoded:
        firsts = hashes.arg_unique()
        places = _places(hashes[firsts])
        alone = _Known(places, self._read(column[firsts]), Era())
        return Encoded(alone.find(hashes), alone.values, None)

    def _grow(self, column: pl.Series, hashes: pl.Series, new: pl.Series, seen: _Known | None) -> _Known:
        """Return what is known with the values of a column that are new.

        Args:
            column: The texts.
            hashes: Theirs.
            new: The rows that were new.
            seen: What was known when they were.
        """
        with self._lock:
            known = self._known
            if known is not seen and known is not None:
                # Another thread was faster; some may not be new any more.
                new = _first_rows(hashes, known.find(hashes))
            if known is None or known.values.height + len(new) > self._most:
                new = new if known is None else hashes.arg_unique()
                read = self._read(_own(column[new]))
                known = _Known(_places(hashes[new]), read, Era())
            elif len(new):
                every = pl.concat([known.places.get_column(_HASH), hashes[new]], rechunk=True)
                values = pl.concat([known.values, self._read(_own(column[new]))], rechunk=True)
                known = _Known(_places(every), values, known.era)
            self._known = known
            return known


def _first_rows(hashes: pl.Series, codes: pl.Series) -> pl.Series:
    """Return the row in which each hash without a code stands first."""
    if not codes.null_count():
        return pl.Series([], dtype=pl.UInt32)
    new = codes.is_null().arg_true()
    return new[hashes[new].arg_unique()]


def _places(hashes: pl.Series) -> pl.DataFrame:
    return hashes.to_frame().with_row_index(_CODE)


def _own(texts: pl.Series) -> pl.Series:
    """Return texts with memory of their own: one cut out of a block would keep the block."""
    fields = texts.struct.unnest() if isinstance(texts.dtype, pl.Struct) else texts.to_frame("text")
    copied = fields.with_columns(pl.concat_str(pl.col(name), pl.lit("")) for name in fields.columns)
    return copied.to_struct() if isinstance(texts.dtype, pl.Struct) else copied.to_series()


@dataclass(slots=True)
class Dictionaries:
    """Dictionaries by name, made when they are first asked for."""

    _all: dict[str, Dictionary] = field(default_factory=dict)

    def encode(self, name: str, column: pl.Series, read: Callable[[pl.Series], pl.DataFrame]) -> Encoded:
        """Return the codes of a column; `read` must be the same function for the same name."""
        known = self._all.get(name) or self._all.setdefault(name, Dictionary(read))
        return known.encode(column)


class Grown:
    """What is made of values, made of the new ones only; threads may share it.

    Values of several eras may come in turns: those that the exact parser reads have one of their own. What
    was made of an era is forgotten with it.

    Args:
        make: From a table of values to a table with a row for each, in the same order.
    """

    def __init__(self, make: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: WeakKeyDictionary[Era, pl.DataFrame] = WeakKeyDictionary()

    def __call__(self, values: pl.DataFrame, era: Era | None) -> pl.DataFrame:
        """Return a row for each value; more, if another thread has seen more of the era.

        Args:
            values: The values of an era up to now.
            era: None if they will not come again.
        """
        if era is None:
            return self._make(values)
        with self._lock:
            made = self._made.get(era)
            if made is None:
                made = self._make(values)
            elif made.height < values.height:
                made = pl.concat([made, self._make(values[made.height :])], rechunk=True)
            self._made[era] = made
            return made
