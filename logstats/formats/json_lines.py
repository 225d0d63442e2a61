"""Lines that are JSON objects: values found by their names, in any order, nested ones too.

A name of a nested value is its path with dots (`request.headers.User-Agent`); of a list
the first entry counts. Names are compared without regard to case and to `_ - @ :` and
blanks, because every site spells them its own way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Final

from logstats import schema
from logstats.formats.exact import EMPTY, finish, read_field, rejected
from logstats.formats.model import NO_FORMAT, Format, Hit, Rejected

# Deeper than any access log; a hostile line could nest without end.
_DEEPEST: Final = 8
_TELLING: Final = (schema.HOST, schema.METHOD, schema.PATH, schema.STATUS)
_FOLD: Final = str.maketrans("", "", "_-@: ")


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """Return a name as it is compared.

    >>> fold("@Remote_Addr"), fold("request.headers.User-Agent")
    ('remoteaddr', 'request.headers.useragent')
    """
    return name.lower().translate(_FOLD)


def parse_json(format_: Format, line: str) -> Hit | Rejected:
    """Return the columns of a line that is one JSON object."""
    values = read_object(line)
    if values is None or not all(fold(name) in values for name in format_.requires):
        return Rejected(NO_FORMAT)
    return read_values(format_, values)


def read_values(format_: Format, values: dict[str, str]) -> Hit | Rejected:
    """Return the columns of values by folded name; of several names for a column the first that tells it."""
    hit = dict(EMPTY)
    found = 0
    for field in format_.fields:
        text = values.get(fold(field.name))
        if text is None or (field.column in hit and hit[field.column or ""] is not None and text != ""):
            continue
        if text and not read_field(hit, field, text):
            return rejected(field)
        found += 1
    # any JSON may have a time; a hit has a client, a request or an answer
    if not found or all(hit[column] is None for column in _TELLING):
        return Rejected(NO_FORMAT)
    return finish(hit)


def read_object(line: str) -> dict[str, str] | None:
    """Return the scalars of a JSON object as text, by folded name; None if the line is no JSON object."""
    start = line.lstrip(" \t\ufeff")
    if not start.startswith("{"):
        return None
    try:
        found = json.loads(start, parse_float=str, parse_int=str, strict=False)
    except (ValueError, RecursionError):
        return None
    return dict(_scalars(found, "", 0))


def _scalars(value: object, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and depth < _DEEPEST:
        for key, inner in value.items():
            yield from _scalars(inner, f"{name}.{fold(key)}" if name else fold(key), depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST:
        if value:
            yield from _scalars(value[0], name, depth + 1)
    elif isinstance(value, str):
        yield name, plain_number(value)
    elif value is not None and not isinstance(value, dict | list):
        yield name, str(value).lower()


def plain_number(text: str) -> str:
    """Return a number in powers of ten as digits; any other text as it is.

    >>> plain_number("2.364e-06"), plain_number("curl/8")
    ('0.000002364', 'curl/8')
    """
    if "e" not in text and "E" not in text:
        return text
    mantissa, _, exponent = text.lower().partition("e")
    digits = exponent.lstrip("+-")
    if len(digits) > 2 or not digits.isdecimal() or not mantissa.lstrip("-").replace(".", "", 1).isdecimal():
        return text
    return format(Decimal(text), "f")


_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]:,]|[^\s{}\[\]:,"]++', re.DOTALL)


def scalar_spans(line: str) -> Iterator[tuple[str, int, int]]:
    """Return the name of each scalar in a JSON text and where its text stands, without quotes.

    Names are paths with dots, as written; entries of a list have the name of the list.
    """
    stack: list[str] = []
    names: list[str] = []
    key: str | None = None
    expecting_key = False
    for token in _TOKEN.finditer(line):
        text = token[0]
        if text in "{[":
            names.append(key if key is not None else "")
            stack.append(text)
            key, expecting_key = None, text == "{"
        elif text in "}]":
            if stack:
                stack.pop()
                names.pop()
            key, expecting_key = None, False
        elif text == ",":
            key, expecting_key = None, bool(stack) and stack[-1] == "{"
        elif text == ":":
            expecting_key = False
        elif expecting_key:
            key = text.strip('"')
        else:
            quoted = text[0] == '"'
            path = ".".join(name for name in (*names, key or "") if name)
            yield path, token.start() + quoted, token.end() - quoted
