"""The exact parser: one line, one format, one hit. The slow reference.

Strict where it matters (a time is a time, a status three digits, bytes digits or a
hyphen), tolerant as real servers are.
"""

from __future__ import annotations

import re
from typing import Final

from logstats import schema
from logstats.formats.escapes import unescape
from logstats.formats.layout import Scanner, may_fit, scanner
from logstats.formats.model import BAD_TIME, COLUMNS, NO_FORMAT, Escape, Field, Format, Hit, Rejected
from logstats.formats.readers import PARTS
from logstats.formats.strftime import assemble
from logstats.formats.types import TYPES

# A hit that tells nothing.
EMPTY: Final[Hit] = dict.fromkeys(COLUMNS)

# What stands behind three quote marks is not of the last field but of another line. No server writes such
# lines; read_csv, which the fast plan cuts by, does not tell some of them from whole ones.
_TORN: Final = '""'
_TORN_OFF: Final = re.compile(r'" ?"".*', re.DOTALL)


def parse_text(format_: Format, line: str) -> Hit | Rejected:
    """Return the columns of a line of a text format."""
    if not may_fit(format_, line):
        return Rejected(NO_FORMAT)
    compiled = scanner(format_)
    match = compiled.match(line)
    if match is None:
        return Rejected(NO_FORMAT)
    return _read(compiled, match)


def _read(compiled: Scanner, match: re.Match[str]) -> Hit | Rejected:
    hit = dict(EMPTY)
    texts = match.groups("")
    if compiled.ends_in_mark and _TORN in texts[-1]:
        texts = (*texts[:-1], _TORN_OFF.sub("", texts[-1]))
    for field, text in zip(compiled.fields, texts, strict=True):
        if field.column is not None and not read_field(hit, field, text):
            return rejected(field)
    return finish(hit)


def read_field(hit: Hit, field: Field, text: str) -> bool:
    """Fill what a field says into the hit; False if the text is none of the field's type."""
    # a time may have a tab between day and clock
    if (field.escape is not Escape.NONE or not text.isprintable()) and field.type != "strftime":
        text = unescape(text, field.escape)
    return TYPES[field.type].read(hit, field, text)


def rejected(field: Field) -> Rejected:
    """Return why a field that broke makes the line no hit."""
    return Rejected(BAD_TIME if field.column == schema.TIME else NO_FORMAT, field.name)


def finish(hit: Hit) -> Hit | Rejected:
    """Put the parts of a time together."""
    parts = hit.pop(PARTS, None)
    if isinstance(parts, dict) and hit[schema.TIME] is None:
        hit[schema.TIME] = assemble(parts)
        # a date without its year is no time, but no mistake either
        if hit[schema.TIME] is None and (parts.keys() >= {"year", "day"} or "epoch" in parts):
            return Rejected(BAD_TIME, schema.TIME)
    return hit
