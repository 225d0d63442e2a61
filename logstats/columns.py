"""Lines as columns of texts, cut by polars at a sign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# How gzip and zstd begin, and zlib: an x and any of four signs, `^` among them.
_UNPACKED: Final = (b"\x1f\x8b", b"(\xb5/\xfd", b"x")


def as_text(data: bytes) -> bytes:
    """Return bytes that polars' `read_csv` takes for the text they are.

    It unpacks what begins like an archive, as a line may that a client has a part in, and drops a byte order
    mark at the start. Behind such a mark it takes both as they stand.
    """
    return _BYTE_ORDER_MARK + data if data.startswith((*_UNPACKED, _BYTE_ORDER_MARK)) else data


def cut_columns(
    data: bytes,
    separator: str,
    names: Sequence[str],
    *,
    wanted: Sequence[int] | None = None,
    lossy: bool = False,
) -> pl.DataFrame:
    """Return the texts of every line between its separators, a column each, null where there is none.

    What stands behind the last column in a longer line is not told. No quoting is heeded.

    Args:
        data: Whole lines.
        separator: One sign.
        names: Of the columns.
        wanted: Which of them are returned; by default all.
        lossy: Put replacement characters for bytes that are no UTF-8.

    Raises:
        ComputeError: There are such bytes, and `lossy` is not set.
    """
    return pl.read_csv(
        as_text(data),
        separator=separator,
        quote_char=None,
        has_header=False,
        columns=wanted,
        schema=dict.fromkeys(names, pl.String()),
        missing_columns="insert",
        extra_columns="ignore",
        truncate_ragged_lines=True,
        encoding="utf8-lossy" if lossy else "utf8",
        low_memory=True,
    )
