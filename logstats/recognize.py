"""Which format each source has, found by itself from its first lines or given by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from logstats import formats
from logstats.errors import UnknownFormat
from logstats.lines import decode_line, split_lines
from logstats.read import Problem, looks_binary

if TYPE_CHECKING:
    from logstats.formats import Format

# Lines that are looked at to find a format.
FIRST_LINES: Final = 200
FIRST_BYTES: Final = 256 * 1024
NO_TEXT: Final = "is no text; a log is read plain or as gz, bz2, xz or zst"
_NO_HITS: Final = (
    "is an error log, of which no statistics are made; `logstats anonymize` takes addresses out of it"
)
# Lines that change how those after them are read; a file and each part of a joined one may begin with a mark.
_HEADER: Final = re.compile(rb"^(?:\xef\xbb\xbf)?#(?:Fields|Date):[^\n]*", re.IGNORECASE | re.MULTILINE)


def recognize(
    source: str, data: bytes, forced: tuple[Format, ...], *, of_hits: bool = False
) -> tuple[Format, ...] | Problem | None:
    """Return the formats of a source, the likeliest first, or why it is no log.

    Args:
        source: Its name, for the message.
        data: Its first lines.
        forced: What the user named; then nothing is looked for.
        of_hits: Whether hits are counted; then a log of messages is none.

    Returns:
        None where there is nothing but blank lines yet.
    """
    if looks_binary(data[:4096]):
        return Problem(source, NO_TEXT)
    found = forced or _detect(source, data)
    if of_hits and isinstance(found, tuple) and found[0].tells_messages:
        return Problem(source, f"{_NO_HITS} ({found[0].name})")
    return found


def _detect(source: str, data: bytes) -> tuple[Format, ...] | Problem | None:
    lines = [decode_line(line) for line in split_lines(data[:FIRST_BYTES])[:FIRST_LINES]]
    if not any(line.strip() for line in lines):
        return None
    verdict = formats.detect_format(lines)
    if verdict.format is None:
        unknown = UnknownFormat(source, len(formats.all_presets()))
        return Problem(source, str(unknown).removeprefix(f"{source}: "))
    return (verdict.format, *verdict.siblings)


def format_named(name: str | None) -> tuple[Format, ...]:
    """Return the format of this name or layout and its siblings; nothing if none is named.

    Raises:
        UsageError: There is none.
    """
    if not name:
        return ()
    named = formats.load(name)
    return (named, *map(formats.preset, named.siblings))


def headers_in(data: bytes, known: tuple[Format, ...]) -> tuple[Format, ...]:
    """Return the formats that hold after a block: headers in it change those of a W3C log."""
    if known[0].kind is not formats.Kind.W3C:
        return known
    reader = formats.LineReader(known)
    for header in _HEADER.findall(data):
        reader.read(decode_line(header))
    if not any(map(formats.is_undated, (known[0], reader.formats[0]))):
        return reader.formats
    # Of which day a time is that has none beside it, only the lines before can tell.
    reader = formats.LineReader(known)
    for line in split_lines(data):
        reader.read(decode_line(line))
    return reader.formats
