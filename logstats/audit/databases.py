"""What an SQLite file holds: its live rows, typed; free pages and journals are read as strings."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import polars as pl

from logstats.audit.pieces import Piece, Rows, Text


def database_pieces(data: bytes, name: str) -> Iterator[Piece]:
    """Yield the tables of an SQLite database given as bytes; it is opened in memory only."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(_without_wal(data))
        connection.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
        listed = connection.execute("select name, sql from sqlite_master where type = 'table'").fetchall()
        for table, _ in listed:
            yield from _table(connection, table, name)
    finally:
        connection.close()


def _without_wal(data: bytes) -> bytes:
    """Return a copy that can be opened in memory: bytes 18 and 19 name the mode (SQLite file format 1.3)."""
    return data[:18] + b"\x01\x01" + data[20:]


def _table(connection: sqlite3.Connection, table: str, name: str) -> Iterator[Piece]:
    quoted = table.replace('"', '""')
    cursor = connection.execute(f'select * from "{quoted}"')  # noqa: S608 -- a name cannot be bound
    columns = [entry[0] for entry in cursor.description]
    rows = cursor.fetchall()
    frame = pl.DataFrame({"row": pl.Series(range(1, len(rows) + 1), dtype=pl.Int64)})
    for index, column in enumerate(columns):
        values = [row[index] for row in rows]
        texts = pl.Series([value if isinstance(value, str) else None for value in values], dtype=pl.String)
        blobs = [value for value in values if isinstance(value, bytes)]
        if texts.null_count() < len(texts):
            yield Text(name, texts, "column", f"table {table}, column {column}, row")
        frame = frame.with_columns(_typed(values, column, blobs=bool(blobs)))
    yield Rows(name, table, frame.drop("row") if "row" not in columns else frame, "sqlite")


def _typed(values: list[object], column: str, *, blobs: bool) -> pl.Series:
    """Return a column by what most of it is; SQLite itself types values, not columns."""
    if blobs:
        return pl.Series(column, [v if isinstance(v, bytes) else None for v in values], dtype=pl.Binary)
    if any(isinstance(value, int) for value in values):
        return pl.Series(column, [v if isinstance(v, int) else None for v in values], dtype=pl.Int64)
    if any(isinstance(value, float) for value in values):
        return pl.Series(column, [v if isinstance(v, float) else None for v in values], dtype=pl.Float64)
    return pl.Series(column, [v if isinstance(v, str) else None for v in values], dtype=pl.String)
