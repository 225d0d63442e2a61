"""What was made of a distinct value, remembered from block to block."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

import polars as pl

# The values of a log repeat in block after block; more different ones than this hardly do.
MOST_VALUES: Final = 60_000
_SEED: Final = secrets.randbits(63)
_HASH: Final = "hash"
_PLACE: Final = "place"


class Memo:
    """A function of distinct values that is called once a value, as long as memory allows.

    Args:
        make: From distinct values to a frame with a row for each.
        most: How many values are remembered; beyond it all are forgotten at once.
    """

    def __init__(self, make: Callable[[pl.Series], pl.DataFrame], *, most: int = MOST_VALUES) -> None:
        self._make = make
        self._most = most
        self._known: pl.DataFrame | None = None

    def __call__(self, values: pl.Series) -> pl.DataFrame:
        """Return what is made of each value, in the same order; values may repeat."""
        hashes = values.hash(_SEED).alias(_HASH)
        # Threads may share a memo: each works on the frame it found, and one that loses the race
        # at the end has only done work that will be done again.
        known = self._known
        places = None if known is None else _places(known, hashes)
        new = hashes.arg_unique() if places is None else places.is_null().arg_true()
        if places is not None and len(new):
            new = new.gather(hashes.gather(new).arg_unique())
        if known is not None and known.height + len(new) > self._most:
            known, new = None, hashes.arg_unique()
        if len(new) or known is None:
            made = _own(self._make(values.gather(new))).with_columns(hashes.gather(new))
            known = made if known is None else pl.concat([known, made])
            places = None
            self._known = known
        return known.drop(_HASH)[_places(known, hashes) if places is None else places]


def _places(known: pl.DataFrame, hashes: pl.Series) -> pl.Series:
    """Return the row of each hash in what is known, null for a new one."""
    rows = known.select(_HASH).with_row_index(_PLACE)
    return hashes.to_frame().join(rows, on=_HASH, how="left", maintain_order="left")[_PLACE]


def _own(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with texts of its own: one cut out of a block would keep the block in memory."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(pl.concat_str(pl.col(name), pl.lit("")).alias(name) for name in texts)
