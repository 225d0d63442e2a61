"""Our own notation for logs whose server has none: `{column:type}` between plain text.

`{time:iso} {host:address_port} "{request:request}"`; `{:word}` is read over, `{#name:type}` is
read over but called by a name, `{{` is a brace. Escapes stand after the type: `{agent:text|plus}`.
"""

from __future__ import annotations

import re
from typing import Final

from logstats.errors import UsageError
from logstats.formats.fields import Ranked, settle
from logstats.formats.model import Escape, Field, Literal, Token
from logstats.formats.types import TYPES

_PIECE: Final = re.compile(
    r"\{\{|\}\}|\{(?P<column>#?[\w.-]*):(?P<type>[a-z_]+)(?:\|(?P<escape>[a-z]+))?(?:\((?P<argument>[^)]*)\))?\}"
)


def compile_own(layout: str) -> tuple[Token, ...]:
    """Return the tokens of a layout in our notation.

    Raises:
        UsageError: There is no such type.
    """
    pieces: list[Literal | Ranked] = []
    position = 0
    for match in _PIECE.finditer(layout):
        if match.start() > position:
            pieces.append(Literal(layout[position : match.start()]))
        pieces.append(Literal(match[0][0]) if match["type"] is None else Ranked(_field(match), 1))
        position = match.end()
    if position < len(layout):
        pieces.append(Literal(layout[position:]))
    return settle(pieces)


def _field(match: re.Match[str]) -> Field:
    if match["type"] not in TYPES:
        raise UsageError(f"format: there is no type {match['type']}; types are {', '.join(sorted(TYPES))}")
    column = match["column"]
    named = column.startswith("#") or not column
    escape = Escape(match["escape"]) if match["escape"] else Escape.NONE
    return Field(
        column.lstrip("#") or "ignored",
        match["type"],
        None if named else column,
        escape,
        match["argument"] or "",
    )
