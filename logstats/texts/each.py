"""What the readers of the exact parser say of texts, each distinct one once."""

from __future__ import annotations

from typing import Final

import polars as pl

from logstats.batches import encode
from logstats.formats import Field, Hit, Rejected, readers
from logstats.formats.exact import EMPTY, finish, read_field
from logstats.formats.json_lines import plain_number
from logstats.formats.readers import Reader

Fields = list[tuple[Field, pl.Series]]

# Any text will do for these.
NEVER_FAIL: Final[frozenset[Reader]] = frozenset(
    {
        readers.read_text,
        readers.read_raw,
        readers.read_list,
        readers.read_address_port,
        readers.read_address_and_port,
        readers.read_target,
        readers.read_query,
        readers.read_url,
        readers.read_url_request,
        readers.read_request_line,
        readers.read_quoted_request,
        readers.read_quoted_text,
        readers.read_tls_number,
    }
)
# What stands for null and between texts that are read together; no server writes either.
_NULL: Final = "\x00\x1e"
_BETWEEN: Final = "\x1f"


def read_each(one: Field, texts: pl.Series, *, by_name: bool) -> list[Hit | None]:
    """Return what a field tells in each of these texts, None where it is not of its type."""
    return [_read([one], [text], by_name=by_name) for text in texts.to_list()]


def read_together(
    fields: Fields, height: int, columns: list[str], *, by_name: bool
) -> tuple[pl.Series, pl.DataFrame, pl.Series]:
    """Return what several fields tell together: codes, columns of distinct rows, rows to be trusted."""
    kinds = [one for one, _ in fields]
    frame = pl.DataFrame([texts.fill_null(_NULL).alias(str(n)) for n, (_, texts) in enumerate(fields)])
    if not fields:
        frame = pl.DataFrame({"0": pl.repeat(_NULL, height, dtype=pl.String, eager=True)})
    codes, distinct = encode(frame.select(pl.concat_str(pl.all(), separator=_BETWEEN)).to_series())
    hits: list[Hit | None] = []
    for joined in distinct.to_list():
        texts = joined.split(_BETWEEN)
        told = [None if text == _NULL else text for text in texts]
        hits.append(_read(kinds, told, by_name=by_name) if len(texts) == len(kinds) or not kinds else None)
    rows = [hit if hit is not None else EMPTY for hit in hits]
    values = pl.DataFrame(
        {column: pl.Series([row.get(column) for row in rows], dtype=pl.String) for column in columns}
    )
    ok = pl.Series([hit is not None for hit in hits], dtype=pl.Boolean)
    return codes, values, ok[codes]


def _read(fields: list[Field], texts: list[str | None], *, by_name: bool) -> Hit | None:
    hit = dict(EMPTY)
    for one, written in zip(fields, texts, strict=False):
        if written is None:
            continue
        text = plain_number(written) if by_name else written
        if by_name and (not text or (one.column in hit and hit[one.column or ""] is not None)):
            continue
        if not read_field(hit, one, text):
            return None
    read = finish(hit)
    return None if isinstance(read, Rejected) else read
