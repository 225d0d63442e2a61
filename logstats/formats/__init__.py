"""What a log line looks like: formats as data, and the exact parser of one line."""

from __future__ import annotations

from collections.abc import Iterable

from logstats.errors import UsageError
from logstats.formats.compiled import compile_layout
from logstats.formats.configs import formats_of, read_config
from logstats.formats.detect import Verdict, detect_format, shape
from logstats.formats.line_reader import LineReader
from logstats.formats.lines import parse_line
from logstats.formats.model import Escape, Field, Format, Hit, Kind, Literal, Rejected
from logstats.formats.presets import all_presets, names, preset
from logstats.formats.spans import field_spans
from logstats.formats.undated import is_undated
from logstats.formats.verdicts import explain

__all__ = [
    "Escape",
    "Field",
    "Format",
    "Hit",
    "Kind",
    "LineReader",
    "Literal",
    "Rejected",
    "Verdict",
    "all_presets",
    "compile_layout",
    "detect_format",
    "explain",
    "field_spans",
    "formats_of",
    "is_undated",
    "load",
    "names",
    "parse_line",
    "preset",
    "read_config",
    "read_fields",
    "shape",
]


def load(name_or_layout: str) -> Format:
    """Return the preset of this name, or the format of this layout string.

    Raises:
        UsageError: It is neither.
    """
    text = name_or_layout.strip()
    if text in names():
        return preset(text)
    if not any(mark in text for mark in "%${"):
        raise UsageError(f"there is no format {text}; see `logstats formats list`")
    return compile_layout(name_or_layout)


def read_fields(lines: Iterable[str], layout: str | None = None) -> list[Hit | None]:
    """Return the fields of each line, None for a line that does not fit.

    Args:
        lines: Lines of one log, with or without their line ends.
        layout: A preset's name, a LogFormat or log_format string, or None to find it by the lines.

    Returns:
        One entry a line: the columns time (UTC), host, user, method, path, query, protocol, status,
        bytes_sent, referrer, agent, vhost, duration_us (None where the line does not tell), and
        further ones that the format has.

    >>> line = '192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5'
    >>> [row["status"] for row in read_fields([line])]
    [200]
    """
    every = list(lines)
    if layout is not None:
        forced = load(layout)
        formats: tuple[Format, ...] = (forced, *map(preset, forced.siblings))
    else:
        verdict = detect_format(line.partition("\n")[0] for line in every)
        formats = (verdict.format, *verdict.siblings) if verdict.format else ()
    reader = LineReader(formats)
    hits = (reader.read(line) for line in every)
    return [None if isinstance(hit, Rejected) else hit for hit in hits]
