"""Turn a file into pieces: text, rows, documents, troubles, through any nesting of containers."""

from __future__ import annotations

import io
import json
import lzma
import re
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import polars as pl
import zstandard

from logstats.audit.databases import database_pieces
from logstats.audit.documents import data_uris, html_text, pdf_text
from logstats.audit.opening import (
    CHUNK_BYTES,
    HEAD_BYTES,
    PACKED,
    LimitReached,
    decode,
    read_whole,
    sniff,
    unpacked,
)
from logstats.audit.pieces import Document, Piece, Rows, Text, Trouble
from logstats.audit.rules import Limits
from logstats.columns import as_text

_DAMAGED: Final = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zstandard.ZstdError,
    zipfile.BadZipFile,
    tarfile.TarError,
    pl.exceptions.PolarsError,
    sqlite3.Error,
    RuntimeError,
    NotImplementedError,
    ValueError,
)
_STRING = re.compile(rb"[\x20-\x7e\t]{6,}")
_WIDE_STRING = re.compile(rb"(?:[\x20-\x7e\t]\x00){6,}")
_KINDS: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
}


def file_pieces(path: Path, name: str, limits: Limits) -> Iterator[Piece]:
    """Yield what a file is made of. What cannot be read is a `Trouble`, never silence."""
    try:
        with path.open("rb") as stream:
            yield from stream_pieces(stream, name, path.stat().st_size, limits, depth=0)
    except OSError:
        yield Trouble(name, "cannot be read")


def stream_pieces(stream: IO[bytes], name: str, size: int, limits: Limits, *, depth: int) -> Iterator[Piece]:
    """Yield the pieces of an open file; `name` has the members passed through, joined by `!`."""
    if depth > limits.depth:
        yield Trouble(name, f"nested more than {limits.depth} deep")
        return
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(_Raw(stream), 1 << 20)
    kind = "file"
    try:
        head = _peek(buffered)
        kind = sniff(head)
        yield from _pieces_of(buffered, head, kind, name, size, limits, depth)
    except LimitReached:
        yield Trouble(name, f"unpacks beyond the limits ({kind})")
    except _DAMAGED:
        yield Trouble(name, f"damaged, encrypted or of an unknown variant ({kind})")


class _Raw(io.RawIOBase):
    """A raw stream over any readable object, so that it can be buffered and peeked into."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _peek(stream: io.BufferedReader) -> bytes:
    return stream.peek(HEAD_BYTES)[:HEAD_BYTES]


def _pieces_of(
    stream: io.BufferedReader, head: bytes, kind: str, name: str, size: int, limits: Limits, depth: int
) -> Iterator[Piece]:
    match kind:
        case _ if kind in PACKED:
            inner = unpacked(stream, kind, size, limits)
            yield from stream_pieces(
                inner, _without_suffix(name), size * limits.ratio, limits, depth=depth + 1
            )
        case "tar":
            yield from _tar(stream, name, limits, depth)
        case "zip":
            yield from _zip(read_whole(stream, limits), name, limits, depth)
        case "sqlite":
            data = read_whole(stream, limits)
            yield from database_pieces(data, name)
            yield from strings(io.BytesIO(data), name)
        case "parquet" | "arrow":
            yield from _columnar(read_whole(stream, limits), kind, name)
        case "pdf":
            yield Text(
                name,
                pl.Series(pdf_text(read_whole(stream, limits), limits), dtype=pl.String),
                "text",
                "object",
            )
        case "utf-16" | "utf-16-le" | "utf-16-be":
            text = read_whole(stream, limits).decode(kind, errors="replace")
            yield from _text(io.BytesIO(text.encode()), text[:HEAD_BYTES].encode(), name, limits, depth)
        case "binary":
            yield from strings(stream, name)
        case _:
            yield from _text(stream, head, name, limits, depth)


def _without_suffix(name: str) -> str:
    member = re.sub(r"\.(gz|bz2|xz|zst)$", "", re.split(r"[!/]", name)[-1])
    return f"{name}!{re.sub(r'[.]t(gz|bz2?|xz|zst)$', '.tar', member)}"


def _tar(stream: IO[bytes], name: str, limits: Limits, depth: int) -> Iterator[Piece]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            inner = f"{name}!{member.name}"
            owner = f"{member.uname} {member.gname} {member.linkname}".strip()
            yield Text(inner, pl.Series([member.name, owner]), "name", "name")
            if member.isreg() and (content := archive.extractfile(member)) is not None:
                yield from stream_pieces(content, inner, member.size, limits, depth=depth + 1)


def _zip(data: bytes, name: str, limits: Limits, depth: int) -> Iterator[Piece]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if archive.comment:
            yield Text(name, pl.Series([decode(archive.comment)]), "name", "comment")
        for member in archive.infolist():
            inner = f"{name}!{member.filename}"
            yield Text(inner, pl.Series([member.filename, decode(member.comment)]), "name", "name")
            if member.file_size > max(member.compress_size, 1 << 12) * limits.ratio:
                raise LimitReached
            with archive.open(member) as content:
                yield from stream_pieces(content, inner, member.file_size, limits, depth=depth + 1)


def _columnar(data: bytes, kind: str, name: str) -> Iterator[Piece]:
    frame = pl.read_parquet(io.BytesIO(data)) if kind == "parquet" else pl.read_ipc(io.BytesIO(data))
    yield from table_pieces(frame, name, name, kind)
    if kind == "parquet":
        found = pl.read_parquet_metadata(io.BytesIO(data))
        lines = [f"{key}: {value}" for key, value in found.items() if key != "ARROW:schema"]
        yield Text(name, pl.Series(lines, dtype=pl.String), "text", "metadata")


def table_pieces(frame: pl.DataFrame, name: str, table: str, kind: str) -> Iterator[Piece]:
    """Yield a table as rows, and the text of its columns and their names as text."""
    yield Rows(name, table, frame, kind)
    yield Text(name, pl.Series(frame.columns, dtype=pl.String), "column", "column name")
    for column in frame.columns:
        series = _as_text(frame[column])
        if series is not None:
            yield Text(name, series, "column", f"column {column}, row")


def _as_text(series: pl.Series) -> pl.Series | None:
    dtype = series.dtype
    if dtype == pl.String:
        return series
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return series.cast(pl.String)
    if dtype == pl.Binary:
        return pl.Series([None if value is None else decode(value) for value in series], dtype=pl.String)
    if dtype.is_nested():
        return pl.Series(
            [None if value is None else str(value) for value in series.to_list()], dtype=pl.String
        )
    return None


def strings(stream: IO[bytes], name: str) -> Iterator[Piece]:
    """Yield the readable strings of a binary file, in one byte or two a character."""
    offset, tail = 0, b""
    while data := stream.read(CHUNK_BYTES):
        block = tail + data
        start = offset - len(tail)
        found = [(m.start() + start, m[0].decode()) for m in _STRING.finditer(block)]
        found += [(m.start() + start, m[0].decode("utf-16-le")) for m in _WIDE_STRING.finditer(block)]
        if found:
            places = pl.Series([place for place, _ in found], dtype=pl.Int64)
            yield Text(name, pl.Series([text for _, text in found]), "strings", "byte", places=places)
        offset += len(data)
        tail = block[-256:]


def _text(stream: IO[bytes], head: bytes, name: str, limits: Limits, depth: int) -> Iterator[Piece]:
    kind = _kind_of(name, head)
    if kind == "text":
        yield from _lines(stream, name, kind)
        return
    data = decode(read_whole(stream, limits))
    yield from _lines(io.BytesIO(data.encode(errors="replace")), name, kind)
    if kind == "html":
        yield from _html(data, name, limits, depth)
    elif kind == "json":
        yield from _json(data, name)
    elif kind == "csv":
        yield from _csv(data, name)


def _kind_of(name: str, head: bytes) -> str:
    suffix = re.search(r"\.[a-z]+$", name.lower())
    if suffix and suffix[0] in _KINDS:
        return _KINDS[suffix[0]]
    start = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<svg", b"<?xml")):
        return "html"
    return "json" if start.startswith((b"{", b"[{")) else "text"


def _lines(stream: IO[bytes], name: str, kind: str) -> Iterator[Text]:
    first, tail = 1, b""
    while data := stream.read(CHUNK_BYTES):
        block = tail + data
        end = block.rfind(b"\n") + 1 or len(block)
        tail = block[end:]
        lines = decode(block[:end].removesuffix(b"\n")).split("\n")
        yield Text(name, pl.Series(lines), kind, "line", first)
        first += len(lines)
    if tail:
        yield Text(name, pl.Series(decode(tail).split("\n")), kind, "line", first)


def _html(data: str, name: str, limits: Limits, depth: int) -> Iterator[Piece]:
    yield Text(name, pl.Series(html_text(data), dtype=pl.String), "visible")
    for number, content in enumerate(data_uris(data), start=1):
        inner = f"{name}!data-uri-{number}"
        yield from stream_pieces(io.BytesIO(content), inner, len(content), limits, depth=depth + 1)


def _json(data: str, name: str) -> Iterator[Piece]:
    try:
        yield Document(name, json.loads(data.lstrip("\ufeff")))
    except (ValueError, RecursionError):
        return  # JSON lines, or text that only begins like JSON: scanned as text


def _csv(data: str, name: str) -> Iterator[Piece]:
    lines = [line for line in data.removeprefix("\ufeff").split("\n") if not line.startswith("#")]
    head = lines[0] if lines else ""
    separator = max(",;\t", key=head.count)
    text = as_text("\n".join(lines).encode())
    try:
        frame = pl.read_csv(text, separator=separator, infer_schema=False, truncate_ragged_lines=True)
    except (pl.exceptions.PolarsError, ValueError):
        return  # no table: scanned as text
    yield Rows(name, name, frame, "csv")
