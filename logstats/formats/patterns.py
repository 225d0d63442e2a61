"""A text format as one regular expression without look-around, for engines that read whole columns.

The engine of polars is linear whatever the pattern, so free text may be lazy there. What it
finds is what the exact parser finds on every line where the text of a field does not hold what
follows it in the layout; a caller checks values, or leaves odd lines to the exact parser.
"""

from __future__ import annotations

import re
from functools import lru_cache

from logstats.formats.layout import field_pattern
from logstats.formats.model import Escape, Field, Format, Kind, Literal
from logstats.formats.types import IN_OWN_QUOTES, TYPES

_LOOKS_ROUND = re.compile(r"\(\?!\[\\w:\]\)")
_IN_QUOTES = r'(?:[^"\\]|\\.)*?'


@lru_cache(maxsize=256)
def rust_pattern(format_: Format) -> str | None:
    r"""Return the pattern of a text format with a group for each column; None for the other kinds.

    Groups are called like their columns; a second field of a column (the clock of a date) has
    `_2` behind it. Blanks at the end of a line are allowed.

    >>> from logstats.formats import compile_layout
    >>> rust_pattern(compile_layout("$status $body_bytes_sent"))
    '^(?P<status>(?:-|[0-9]{3}))\\ (?P<bytes_sent>(?:-?[0-9]{1,18}|-))[ \\t]*$'
    """
    if format_.kind is not Kind.TEXT:
        return None
    pieces: list[str] = []
    seen: dict[str, int] = {}
    quoted = False
    for token in format_.tokens:
        if isinstance(token, Literal):
            pieces.append(re.escape(token.text))
            quoted = token.text.endswith('"')
            continue
        pieces.append(_group(token, _pattern(token, quoted=quoted), seen))
    return f"^{''.join(pieces)}[ \\t]*$"


def _group(field: Field, pattern: str, seen: dict[str, int]) -> str:
    if field.column is None:
        return f"(?:{pattern})"
    seen[field.column] = count = seen.get(field.column, 0) + 1
    return f"(?P<{field.column}{'' if count == 1 else f'_{count}'}>{pattern})"


def _pattern(field: Field, *, quoted: bool) -> str:
    if field.type in IN_OWN_QUOTES:
        return f'(?:-|"{_IN_QUOTES}")'
    pattern = field_pattern(field)
    wide = TYPES[field.type].wide
    if wide is not None and not quoted:
        return _lazy(field.type, wide)
    if pattern is None or wide is not None:
        return _IN_QUOTES if quoted and field.escape is Escape.APACHE else ".*?"
    return _LOOKS_ROUND.sub("", pattern)


def _lazy(kind: str, wide: str) -> str:
    pattern = TYPES[kind].pattern or ""
    return pattern.replace("~*+", "~*?").replace(")*+", ")*?").replace("~+", "~+?").replace("~", wide)
